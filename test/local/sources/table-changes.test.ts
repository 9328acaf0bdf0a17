import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TableDefinition } from '../../../infra/local/deployment.ts';
import { type DynamoDBCall, dynamodbClient } from '../../../infra/local/dynamodb-client.ts';
import { type DynamoDBProcess, startDynamoDB } from '../../../infra/local/dynamodb-process.ts';
import { fileChanges, polledChanges, type TableChanges } from '../../../infra/local/sources/table-changes.ts';
import { ensureTable } from '../../../infra/local/tables.ts';

let folder: string;
let database: DynamoDBProcess;
let call: DynamoDBCall;
let changes: TableChanges;
const never = new AbortController().signal;

const table: TableDefinition = {
  logicalId: 'Things',
  name: 'Things',
  keySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  attributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  globalSecondaryIndexes: [],
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'florin-test-'));
  database = await startDynamoDB(join(folder, 'dynamodb.sqlite'), join(folder, 'pid'));
  call = dynamodbClient(database.endpoint).call;
  await ensureTable(call, table);
});

afterEach(async () => {
  changes.stop();
  await database.stop();
  rmSync(folder, { recursive: true });
});

const put = (id: string) => call('PutItem', { TableName: 'Things', Item: { id: { S: id } } });

describe.each([
  ['under traffic', 3_600_000],
  ['while all is quiet', 0],
])('fileChanges, %s,', (_, quietMs) => {
  beforeEach(() => {
    changes = fileChanges(join(folder, 'dynamodb.sqlite'), quietMs);
  });

  it('tells everyone who waits of each commit of the emulator', async () => {
    for (const id of ['a', 'b', 'c']) {
      const number = changes.now();
      const waiting = Promise.all([changes.after(number, 0, never), changes.after(number, 0, never)]);
      await put(id);
      await waiting;
      expect(changes.now()).not.toBe(number);
    }
  });

  it('does not let anybody wait for what was committed before', async () => {
    const number = changes.now();
    await put('a');
    await changes.after(number, 0, never);
    expect(changes.now()).not.toBe(number);
  });

  it('ends the wait of whoever is to stop, before it and during it', async () => {
    const stopping = new AbortController();
    const waiting = changes.after(changes.now(), 0, stopping.signal);
    stopping.abort();
    await waiting;
    await changes.after(changes.now(), 0, stopping.signal);
  });
});

describe('polledChanges', () => {
  it('ends a wait by itself, and at once for whoever is to stop', async () => {
    changes = polledChanges();
    await changes.after(changes.now(), 0, never);
    const stopping = new AbortController();
    const waiting = changes.after(changes.now(), 3_600_000, stopping.signal);
    stopping.abort();
    await waiting;
  });
});
