import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { startDynamoDB } from '../../infra/local/dynamodb-process.ts';
import { keepStreamsShort } from '../../infra/local/stream-records.ts';
import { createTables, type Tables } from './create-tables.ts';

/** A DynamoDB of a test's own, on a file of its own. It ends with the test's process, however that ends. */
export interface TestDatabase {
  readonly endpoint: string;
  readonly client: DynamoDBClient;
  /** What a test itself does with the tables: unlike the service's own clients it has no time-out, so that no busy machine fails a preparation. */
  readonly documents: DynamoDBDocumentClient;
  readonly tables: Tables;
  stop(): Promise<void>;
}

process.env.AWS_REGION ??= 'eu-central-1';
process.env.AWS_ACCESS_KEY_ID ??= 'test';
process.env.AWS_SECRET_ACCESS_KEY ??= 'test';

/** Starts an embedded DynamoDB on a free port, with fresh tables. */
export async function startDatabase(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'florin-test-'));
  const file = join(folder, 'dynamodb.sqlite');
  const { endpoint, stop } = await startDynamoDB(file, join(folder, 'dynamodb.pid'));
  const client = new DynamoDBClient({ endpoint });
  // It builds a filtered copy of every answer for a logger that discards it, which takes longer than reading the table.
  client.middlewareStack.remove('loggerMiddleware');
  const tables = await createTables(client);
  const upkeep = keepStreamsShort(file, [tables.ledger]);
  return {
    endpoint,
    client,
    documents: DynamoDBDocumentClient.from(client, {
      marshallOptions: { removeUndefinedValues: true, convertClassInstanceToMap: true },
      unmarshallOptions: { wrapNumbers: BigInt },
    }),
    tables,
    async stop() {
      client.destroy();
      upkeep.stop();
      await stop();
      await rm(folder, { recursive: true });
    },
  };
}
