import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { keepStreamsShort } from '../../infra/local/stream-records.ts';
import { createTables, type Tables } from './create-tables.ts';

/** A DynamoDB of a test's own, on a file of its own. */
export interface TestDatabase {
  readonly endpoint: string;
  readonly client: DynamoDBClient;
  readonly tables: Tables;
  stop(): Promise<void>;
}

const require = createRequire(import.meta.url);
/** Tries while it starts; each waits a little longer, some ten seconds in all. */
const startAttempts = 15;

process.env.AWS_REGION ??= 'eu-central-1';
process.env.AWS_ACCESS_KEY_ID ??= 'test';
process.env.AWS_SECRET_ACCESS_KEY ??= 'test';

/** Starts an embedded DynamoDB on a free port, with fresh tables. */
export async function startDatabase(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'florin-test-'));
  const file = join(folder, 'dynamodb.sqlite');
  const port = await freePort();
  const child = spawn(binary(), ['serve', '--port', String(port), '--db-path', file], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const endpoint = `http://127.0.0.1:${port}`;
  await untilItAnswers(endpoint);
  const client = new DynamoDBClient({ endpoint });
  const tables = await createTables(client);
  const upkeep = keepStreamsShort(file, [tables.ledger]);
  return {
    endpoint,
    client,
    tables,
    async stop() {
      client.destroy();
      upkeep.stop();
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}

async function untilItAnswers(endpoint: string): Promise<void> {
  const client = new DynamoDBClient({ endpoint, maxAttempts: startAttempts });
  await client.send(new ListTablesCommand({}));
  client.destroy();
}

function binary(): string {
  return require.resolve(`@dynoxide/${process.platform}-${process.arch}/dynoxide`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (!address || typeof address === 'string') throw new Error('no port');
  server.close();
  await once(server, 'close');
  return address.port;
}
