import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  ListTagsOfResourceCommand,
  type TableDescription,
  TagResourceCommand,
} from '@aws-sdk/client-dynamodb';

/** The tag that a rehearsal puts on a table it made; its value names the run. */
const rehearsalTag = 'florin:restore-rehearsal';

/** Longest name DynamoDB takes for a table. */
const maxTableNameLength = 255;

/** One rehearsal, and the table it makes: both are named at random, so that no other table can be taken for it. */
export interface RehearsalRun {
  readonly id: string;
  readonly table: string;
}

/** The marks of the table that a run makes. */
export function rehearsalTags(run: RehearsalRun) {
  return [{ Key: rehearsalTag, Value: run.id }];
}

export function startRun(source: string): RehearsalRun {
  const id = randomBytes(6).toString('hex');
  const ending = `-rehearsal-${id}`;
  return { id, table: source.slice(0, maxTableNameLength - ending.length) + ending };
}

/** A table's description; undefined where there is none. */
export async function describeTable(client: DynamoDBClient, table: string): Promise<TableDescription | undefined> {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
    return Table;
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

/** The pause before the second look at a table, which doubles, and the longest, in milliseconds. */
const firstPauseMs = 250;
const longestPauseMs = 15_000;

export interface Wait {
  readonly timeoutMs: number;
  readonly onWait: (waitedMs: number, status: string) => void;
}

/** Waits until a table is active. @throws Error when it is not in time, or has gone */
export async function untilActive(client: DynamoDBClient, table: string, wait: Wait): Promise<TableDescription> {
  const begunAt = Date.now();
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, 2 * pauseMs)) {
    const description = await describeTable(client, table);
    if (description?.TableStatus === 'ACTIVE') return description;
    const waitedMs = Date.now() - begunAt;
    if (waitedMs >= wait.timeoutMs) {
      throw new Error(`${table} is ${description?.TableStatus ?? 'missing'} after ${Math.round(waitedMs / 1_000)} s`);
    }
    wait.onWait(waitedMs, description?.TableStatus ?? 'not there yet');
    await sleep(Math.min(pauseMs, wait.timeoutMs - waitedMs));
  }
}

/** Marks a restored table as this run's: a restoration takes no tags along and none of its own. */
export async function markAsOurs(client: DynamoDBClient, run: RehearsalRun, table: TableDescription): Promise<void> {
  await client.send(new TagResourceCommand({ ResourceArn: table.TableArn, Tags: rehearsalTags(run) }));
}

/**
 * Deletes the table this run has made: only if it has the run's name, carries the run's tag, and is not the source.
 *
 * @throws Error naming what is missing, when it is not surely the run's own
 */
export async function deleteOwnTable(client: DynamoDBClient, run: RehearsalRun, source: string): Promise<void> {
  if (run.table === source || !run.table.endsWith(`-rehearsal-${run.id}`)) {
    throw new Error(`${run.table} is not named as a table of this rehearsal; it was left alone`);
  }
  const table = await describeTable(client, run.table);
  if (!table) return;
  const { Tags = [] } = await client.send(new ListTagsOfResourceCommand({ ResourceArn: table.TableArn }));
  if (!Tags.some(({ Key, Value }) => Key === rehearsalTag && Value === run.id)) {
    throw new Error(`${run.table} does not carry the tag ${rehearsalTag}=${run.id}; it was left alone`);
  }
  await client.send(new DeleteTableCommand({ TableName: run.table }));
}
