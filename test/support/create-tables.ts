import { randomUUID } from 'node:crypto';
import {
  type AttributeDefinition,
  CreateTableCommand,
  type CreateTableCommandInput,
  type DynamoDBClient,
  type KeySchemaElement,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { idempotencyTable, ledgerTable, platformTable, type SparseIndex } from '../../lib/config/ledger-table.ts';

/** The names of a fresh set of tables. */
export interface Tables {
  readonly ledger: string;
  readonly platform: string;
  readonly idempotency: string;
}

const CREATION_TIMEOUT_SECONDS = 20;

/**
 * Creates all tables, as the CDK application defines them (indexes, stream, TTL), under names of their own,
 * on whatever DynamoDB the client talks to; resolves once they are ready. Each call makes a new set.
 */
export async function createTables(client: DynamoDBClient): Promise<Tables> {
  const suffix = randomUUID().slice(0, 8);
  const tables = {
    ledger: `Ledger-${suffix}`,
    platform: `Platform-${suffix}`,
    idempotency: `Idempotency-${suffix}`,
  };
  await Promise.all([
    create(client, ledgerTableInput(tables.ledger)),
    create(client, indexedTableInput(tables.platform, platformTable)),
    create(client, idempotencyTableInput(tables.idempotency)),
  ]);
  await Promise.all([
    expire(client, tables.platform, platformTable.expiryAttribute),
    expire(client, tables.idempotency, idempotencyTable.expiryAttribute),
  ]);
  return tables;
}

async function expire(client: DynamoDBClient, table: string, attribute: string): Promise<void> {
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: table,
      TimeToLiveSpecification: { AttributeName: attribute, Enabled: true },
    }),
  );
}

async function create(client: DynamoDBClient, input: CreateTableCommandInput): Promise<void> {
  await client.send(new CreateTableCommand(input));
  await waitUntilTableExists(
    { client, maxWaitTime: CREATION_TIMEOUT_SECONDS, minDelay: 0.05, maxDelay: 0.5 },
    { TableName: input.TableName },
  );
}

function ledgerTableInput(name: string): CreateTableCommandInput {
  return {
    ...indexedTableInput(name, ledgerTable),
    StreamSpecification: { StreamEnabled: true, StreamViewType: ledgerTable.stream },
  };
}

interface IndexedTable {
  readonly partitionKey: string;
  readonly sortKey: string;
  readonly indexes: Readonly<Record<string, SparseIndex>>;
}

function indexedTableInput(name: string, table: IndexedTable): CreateTableCommandInput {
  const indexes = Object.values(table.indexes);
  const keyAttributes = [
    table.partitionKey,
    table.sortKey,
    ...indexes.flatMap((index) => [index.partitionKey, index.sortKey]),
  ];
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: keyAttributes.map(stringAttribute),
    KeySchema: keySchema(table.partitionKey, table.sortKey),
    GlobalSecondaryIndexes: indexes.map((index) => ({
      IndexName: index.name,
      KeySchema: keySchema(index.partitionKey, index.sortKey),
      Projection: { ProjectionType: index.projection },
    })),
  };
}

function idempotencyTableInput(name: string): CreateTableCommandInput {
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [stringAttribute(idempotencyTable.partitionKey)],
    KeySchema: keySchema(idempotencyTable.partitionKey),
  };
}

function stringAttribute(name: string): AttributeDefinition {
  return { AttributeName: name, AttributeType: 'S' };
}

function keySchema(partitionKey: string, sortKey?: string): KeySchemaElement[] {
  const partition: KeySchemaElement = { AttributeName: partitionKey, KeyType: 'HASH' };
  return sortKey === undefined ? [partition] : [partition, { AttributeName: sortKey, KeyType: 'RANGE' }];
}
