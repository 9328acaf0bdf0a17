import { setTimeout as sleep } from 'node:timers/promises';
import type { TableDefinition } from './deployment.ts';
import { type DynamoDBCall, DynamoDBError } from './dynamodb-client.ts';
import { StartFailure } from './start-failure.ts';

interface TableDescription {
  readonly TableStatus: string;
  readonly KeySchema: TableDefinition['keySchema'];
  readonly GlobalSecondaryIndexes?: readonly { readonly IndexName: string }[];
}

const activeTimeoutMs = 30_000;

/**
 * Creates the table with its indexes, stream and time to live if it is not there, and keeps it if it is.
 * Repeating it after a crash in between finishes the work.
 * @returns whether it was created now.
 * @throws {StartFailure} when a table of that name has other keys or lacks an index.
 */
export async function ensureTable(call: DynamoDBCall, table: TableDefinition): Promise<boolean> {
  const existing = await describe(call, table.name);
  if (existing) {
    assertSameKeys(existing, table);
  } else {
    await call('CreateTable', {
      TableName: table.name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: table.keySchema,
      AttributeDefinitions: table.attributeDefinitions,
      ...(table.globalSecondaryIndexes.length > 0 && { GlobalSecondaryIndexes: table.globalSecondaryIndexes }),
      ...(table.streamViewType && {
        StreamSpecification: { StreamEnabled: true, StreamViewType: table.streamViewType },
      }),
    });
  }
  await waitUntilActive(call, table.name);
  await ensureTimeToLive(call, table);
  return !existing;
}

async function describe(call: DynamoDBCall, name: string): Promise<TableDescription | undefined> {
  try {
    const answer = (await call('DescribeTable', { TableName: name })) as { Table: TableDescription };
    return answer.Table;
  } catch (error) {
    if (error instanceof DynamoDBError && error.type === 'ResourceNotFoundException') {
      return undefined;
    }
    throw error;
  }
}

function assertSameKeys(existing: TableDescription, wanted: TableDefinition): void {
  const keys = (schema: TableDefinition['keySchema']): string =>
    schema
      .map(({ AttributeName, KeyType }) => `${KeyType} ${AttributeName}`)
      .sort()
      .join();
  const present = new Set(existing.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName));
  const missing = wanted.globalSecondaryIndexes.filter(({ IndexName }) => !present.has(IndexName));
  if (keys(existing.KeySchema) !== keys(wanted.keySchema) || missing.length > 0) {
    throw new StartFailure(
      `The table ${wanted.name} was made by another version: its keys or indexes differ from what this one needs. ` +
        'Keep the data folder for that version and choose another with FLORIN_DATA, or start afresh with npm run reset.',
    );
  }
}

async function waitUntilActive(call: DynamoDBCall, name: string): Promise<void> {
  const giveUpAt = Date.now() + activeTimeoutMs;
  while ((await describe(call, name))?.TableStatus !== 'ACTIVE') {
    if (Date.now() > giveUpAt) {
      throw new StartFailure(`The table ${name} did not become active in ${activeTimeoutMs / 1_000} s.`);
    }
    await sleep(50);
  }
}

async function ensureTimeToLive(call: DynamoDBCall, table: TableDefinition): Promise<void> {
  if (!table.ttlAttribute) {
    return;
  }
  const answer = (await call('DescribeTimeToLive', { TableName: table.name })) as {
    TimeToLiveDescription?: { TimeToLiveStatus?: string };
  };
  if (!answer.TimeToLiveDescription?.TimeToLiveStatus?.startsWith('ENABL')) {
    await call('UpdateTimeToLive', {
      TableName: table.name,
      TimeToLiveSpecification: { AttributeName: table.ttlAttribute, Enabled: true },
    });
  }
}
