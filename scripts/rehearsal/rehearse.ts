import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { auditTable, type TableAudit } from '../../lib/dynamodb/audit/table-audit.ts';
import { copyRows, createCopy } from './copy-table.ts';
import type { RehearsalOptions } from './options.ts';
import {
  deleteOwnTable,
  describeTable,
  markAsOurs,
  type RehearsalRun,
  startRun,
  untilActive,
  type Wait,
} from './rehearsal-table.ts';
import { recoveryOf, startRestore } from './restore-table.ts';

/** How long an empty table may take to be made, in milliseconds. */
const creationTimeoutMs = 60_000;

/** Least time between two lines about progress, in milliseconds. */
const progressEveryMs = 15_000;

/** What a rehearsal came to. Times in milliseconds. */
export interface Rehearsal {
  readonly way: 'restored' | 'copied';
  readonly source: string;
  readonly table: string;
  /** The instant restored, where DynamoDB names it; absent for a copy. */
  readonly restoredTo?: Date;
  readonly restoreMs: number;
  readonly auditMs: number;
  readonly audit: TableAudit;
  readonly kept: boolean;
}

/**
 * Rehearses a restoration from end to end: a new table, every row of it audited, the table deleted again, also when
 * something failed on the way. It reads the source, and writes nothing to it.
 *
 * @throws CannotRestore when there is nothing to restore from; Error with the name of what was left behind, if anything was
 */
export async function rehearse(
  client: DynamoDBClient,
  options: RehearsalOptions,
  say: (line: string) => void,
): Promise<Rehearsal> {
  const run = startRun(options.table);
  let rehearsal: Rehearsal;
  try {
    rehearsal = await restoreAndAudit(client, options, run, say);
  } catch (error) {
    if (options.keep) throw error;
    await deleteOwnTable(client, run, options.table).catch((cause: unknown) => {
      throw new AggregateError([error, cause], `${run.table} may have been left behind: delete it by hand`);
    });
    throw error;
  }
  if (options.keep) say(`${run.table} was kept, as asked. It costs its storage until it is deleted.`);
  else await deleteOwnTable(client, run, options.table);
  return rehearsal;
}

async function restoreAndAudit(
  client: DynamoDBClient,
  options: RehearsalOptions,
  run: RehearsalRun,
  say: (line: string) => void,
): Promise<Rehearsal> {
  const begunAt = Date.now();
  const restoredTo = await (options.copy ? makeCopy : restore)(client, options, run, say);
  const restoreMs = Date.now() - begunAt;
  say(`${run.table} is there after ${seconds(restoreMs)}. Auditing every row of it.`);
  const progress = throttled(say);
  const onProgress = (rows: number) => progress(`${rows} rows read`);
  const audit = await auditTable({ client, table: run.table, onProgress });
  return {
    way: options.copy ? 'copied' : 'restored',
    source: options.table,
    table: run.table,
    ...(restoredTo && { restoredTo }),
    restoreMs,
    auditMs: Date.now() - begunAt - restoreMs,
    audit,
    kept: options.keep,
  };
}

async function restore(
  client: DynamoDBClient,
  { table, at, timeoutMs }: RehearsalOptions,
  run: RehearsalRun,
  say: (line: string) => void,
): Promise<Date | undefined> {
  const recovery = await recoveryOf(client, table);
  say(
    `${table} can be restored from ${iso(recovery.EarliestRestorableDateTime)} to ${iso(recovery.LatestRestorableDateTime)}.`,
  );
  await startRestore(client, table, run, at);
  say(`Restoring ${at ? iso(at) : 'the latest restorable instant'} to ${run.table}. This takes minutes to hours.`);
  const active = await untilActive(client, run.table, waiting(timeoutMs, say));
  await markAsOurs(client, run, active);
  return active.RestoreSummary?.RestoreDateTime ?? at ?? recovery.LatestRestorableDateTime;
}

async function makeCopy(
  client: DynamoDBClient,
  { table }: RehearsalOptions,
  run: RehearsalRun,
  say: (line: string) => void,
): Promise<undefined> {
  const source = await describeTable(client, table);
  if (!source) throw new Error(`there is no table ${table}`);
  say(`Copying ${table} to ${run.table}. Nothing may write to it meanwhile: a copy is no instant.`);
  await createCopy(client, source, run);
  await untilActive(client, run.table, waiting(creationTimeoutMs, say));
  const progress = throttled(say);
  await copyRows(client, table, run.table, (rows) => progress(`${rows} rows copied`));
}

function waiting(timeoutMs: number, say: (line: string) => void): Wait {
  const progress = throttled(say);
  return {
    timeoutMs,
    onWait: (waitedMs, status) => progress(`${status} for ${seconds(waitedMs)}`),
  };
}

/** Lets a line through only so often. */
function throttled(say: (line: string) => void): (line: string) => void {
  let saidAt = Date.now();
  return (line) => {
    if (Date.now() - saidAt < progressEveryMs) return;
    saidAt = Date.now();
    say(line);
  };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function iso(time: Date | undefined): string {
  return time?.toISOString() ?? 'a time it does not name';
}
