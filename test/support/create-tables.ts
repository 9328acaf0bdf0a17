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
import { idempotencyTable, ledgerTable } from '../../lib/config/ledger-table.ts';

/** The names of a fresh pair of tables. */
export interface Tables {
  readonly ledger: string;
  readonly idempotency: string;
}

const CREATION_TIMEOUT_SECONDS = 20;

/**
 * Creates both tables, as the CDK application defines them (indexes, stream, TTL), under names of their own,
 * on whatever DynamoDB the client talks to; resolves once both are ready. Each call makes a new pair.
 */
export async function createTables(client: DynamoDBClient): Promise<Tables> {
  const suffix = randomUUID().slice(0, 8);
  const tables = { ledger: `Ledger-${suffix}`, idempotency: `Idempotency-${suffix}` };
  await Promise.all([
    create(client, ledgerTableInput(tables.ledger)),
    create(client, idempotencyTableInput(tables.idempotency)),
  ]);
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: tables.idempotency,
      TimeToLiveSpecification: { AttributeName: idempotencyTable.expiryAttribute, Enabled: true },
    }),
  );
  return tables;
}

async function create(client: DynamoDBClient, input: CreateTableCommandInput): Promise<void> {
  await client.send(new CreateTableCommand(input));
  await waitUntilTableExists(
    { client, maxWaitTime: CREATION_TIMEOUT_SECONDS, minDelay: 0.05, maxDelay: 0.5 },
    { TableName: input.TableName },
  );
}

function ledgerTableInput(name: string): CreateTableCommandInput {
  const indexes = Object.values(ledgerTable.indexes);
  const keyAttributes = [
    ledgerTable.partitionKey,
    ledgerTable.sortKey,
    ...indexes.flatMap((index) => [index.partitionKey, index.sortKey]),
  ];
  return {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: keyAttributes.map(stringAttribute),
    KeySchema: keySchema(ledgerTable.partitionKey, ledgerTable.sortKey),
    GlobalSecondaryIndexes: indexes.map((index) => ({
      IndexName: index.name,
      KeySchema: keySchema(index.partitionKey, index.sortKey),
      Projection: { ProjectionType: index.projection },
    })),
    StreamSpecification: { StreamEnabled: true, StreamViewType: ledgerTable.stream },
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
