import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AttributeValue,
  BatchWriteItemCommand,
  CreateTableCommand,
  type DynamoDBClient,
  paginateScan,
  type TableDescription,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { type RehearsalRun, rehearsalTags } from './rehearsal-table.ts';

/** Items one BatchWriteItem takes. */
const batchSize = 25;

/** Rounds in which what DynamoDB has not taken of a batch is sent again, pausing longer each time. */
const maxRounds = 10;
const firstPauseMs = 50;

/** Creates an empty table with the source's key, and without its indexes: nothing reads the copy by them. */
export async function createCopy(client: DynamoDBClient, source: TableDescription, run: RehearsalRun): Promise<void> {
  const keys = new Set(source.KeySchema?.map(({ AttributeName }) => AttributeName));
  await client.send(
    new CreateTableCommand({
      TableName: run.table,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: source.KeySchema,
      AttributeDefinitions: source.AttributeDefinitions?.filter(({ AttributeName }) => keys.has(AttributeName)),
      Tags: rehearsalTags(run),
    }),
  );
}

/**
 * Copies every row as it is. A copy shows one instant only if nothing writes meanwhile.
 *
 * @throws Error when DynamoDB keeps refusing rows
 */
export async function copyRows(
  client: DynamoDBClient,
  source: string,
  target: string,
  onProgress: (rows: number) => void,
): Promise<number> {
  let copied = 0;
  for await (const page of paginateScan({ client }, { TableName: source, ConsistentRead: true })) {
    const rows = page.Items ?? [];
    for (let start = 0; start < rows.length; start += batchSize) {
      await putAll(client, target, rows.slice(start, start + batchSize));
    }
    copied += rows.length;
    onProgress(copied);
  }
  return copied;
}

async function putAll(client: DynamoDBClient, table: string, rows: readonly Record<string, AttributeValue>[]) {
  let left: WriteRequest[] = rows.map((Item) => ({ PutRequest: { Item } }));
  for (let round = 0; left.length > 0; round++) {
    if (round === maxRounds) throw new Error(`DynamoDB did not take ${left.length} rows for ${table}`);
    if (round > 0) await sleep(firstPauseMs * 2 ** round);
    const { UnprocessedItems = {} } = await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: left } }));
    left = UnprocessedItems[table] ?? [];
  }
}
