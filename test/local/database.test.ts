import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TableDefinition } from '../../infra/local/deployment.ts';
import { type DynamoDBCall, dynamodbClient } from '../../infra/local/dynamodb-client.ts';
import { type DynamoDBProcess, endOrphan, startDynamoDB } from '../../infra/local/dynamodb-process.ts';
import { freePort } from '../../infra/local/free-port.ts';
import { keepStreamsShort } from '../../infra/local/stream-records.ts';
import { ensureTable } from '../../infra/local/tables.ts';
import { until } from '../support/until.ts';

let folder: string;
let databaseFile: string;
let pidFile: string;
let started: DynamoDBProcess | undefined;

const table: TableDefinition = {
  logicalId: 'Things',
  name: 'Things',
  keySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  attributeDefinitions: [
    { AttributeName: 'id', AttributeType: 'S' },
    { AttributeName: 'owner', AttributeType: 'S' },
  ],
  globalSecondaryIndexes: [
    {
      IndexName: 'byOwner',
      KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  streamViewType: 'NEW_AND_OLD_IMAGES',
  ttlAttribute: 'expiresAt',
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'florin-test-'));
  databaseFile = join(folder, 'dynamodb.sqlite');
  pidFile = join(folder, 'dynamodb.pid');
});

afterEach(async () => {
  await started?.stop();
  started = undefined;
  rmSync(folder, { recursive: true });
});

async function start(): Promise<{ database: DynamoDBProcess; call: DynamoDBCall }> {
  started = await startDynamoDB(databaseFile, pidFile);
  return { database: started, call: dynamodbClient(started.endpoint).call };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  await until(`${pid} is gone`, () => !isAlive(pid));
}

describe('startDynamoDB', () => {
  it('keeps what was written from one process to the next', async () => {
    const first = await start();
    await ensureTable(first.call, table);
    await first.call('PutItem', { TableName: 'Things', Item: { id: { S: 'a' } } });
    await first.database.stop();
    expect(isAlive(first.database.pid)).toBe(false);
    const { call } = await start();
    expect(await call('GetItem', { TableName: 'Things', Key: { id: { S: 'a' } } })).toMatchObject({
      Item: { id: { S: 'a' } },
    });
  });

  it('takes another port where somebody has taken the one that was free, and never speaks to that one', async () => {
    const { database } = await start();
    const taken = Number(new URL(database.endpoint).port);
    const drawn = [taken, taken, await freePort()];
    const last = drawn.at(-1);
    const other = join(folder, 'other.sqlite');
    const second = await startDynamoDB(other, join(folder, 'other.pid'), async () => drawn.shift() as number);
    try {
      expect(second.endpoint).toBe(`http://127.0.0.1:${last}`);
    } finally {
      await second.stop();
    }
    const always = startDynamoDB(other, join(folder, 'other.pid'), async () => taken);
    await expect(always).rejects.toThrow(`port ${taken} is already in use`);
  });

  it('dies with the process that started it, even if that one is killed', async () => {
    const script = `
      import { startDynamoDB } from ${JSON.stringify(join(import.meta.dirname, '../../infra/local/dynamodb-process.ts'))};
      const { pid } = await startDynamoDB(${JSON.stringify(databaseFile)}, ${JSON.stringify(pidFile)});
      console.log(pid);
      setInterval(() => undefined, 1_000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(parent.stdout, 'data');
    const pid = Number(String(line));
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await untilGone(pid);
  });

  it('tells when it ends without having been asked to, and not when it was', async () => {
    const { database } = await start();
    process.kill(database.pid, 'SIGKILL');
    await expect(database.lost).resolves.toEqual(expect.any(String));
    const next = await start();
    await next.database.stop();
    await expect(Promise.race([next.database.lost, sleep(100, 'quiet')])).resolves.toBe('quiet');
  });

  it('names a damaged file at once', async () => {
    writeFileSync(databaseFile, 'this is no database '.repeat(1_000));
    await expect(startDynamoDB(databaseFile, pidFile)).rejects.toThrow(
      /data file .*dynamodb\.sqlite is damaged.*\n.*npm run reset/,
    );
  });
});

describe('endOrphan', () => {
  it('ends an emulator that an earlier runtime left on the file', async () => {
    const binary = createRequire(import.meta.url).resolve(`@dynoxide/${process.platform}-${process.arch}/dynoxide`);
    const orphan = spawn(binary, ['serve', '--port', '0', '--db-path', databaseFile], { stdio: 'ignore' });
    await once(orphan, 'spawn');
    writeFileSync(pidFile, String(orphan.pid));
    const { call } = await start();
    expect(orphan.signalCode ?? orphan.exitCode).not.toBeNull();
    await expect(call('ListTables', {})).resolves.toMatchObject({ TableNames: [] });
  });

  it('leaves a process alone that merely has the same pid', async () => {
    const stranger = spawn('sleep', ['30']);
    await once(stranger, 'spawn');
    writeFileSync(pidFile, String(stranger.pid));
    await endOrphan(pidFile, databaseFile);
    expect(stranger.exitCode).toBeNull();
    expect(stranger.signalCode).toBeNull();
    stranger.kill();
  });
});

describe('ensureTable', () => {
  it('creates the table with index, stream and time to live once, and keeps it', async () => {
    const { call } = await start();
    expect(await ensureTable(call, table)).toBe(true);
    await call('PutItem', { TableName: 'Things', Item: { id: { S: 'a' } } });
    expect(await ensureTable(call, table)).toBe(false);
    expect(await call('Scan', { TableName: 'Things' })).toMatchObject({ Count: 1 });
    expect(await call('DescribeTable', { TableName: 'Things' })).toMatchObject({
      Table: {
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
        GlobalSecondaryIndexes: [{ IndexName: 'byOwner' }],
      },
    });
    expect(await call('DescribeTimeToLive', { TableName: 'Things' })).toMatchObject({
      TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: 'expiresAt' },
    });
  });

  it('finishes what was broken off before time to live was on', async () => {
    const { call } = await start();
    const { ttlAttribute: _, ...unfinished } = table;
    await ensureTable(call, unfinished);
    await ensureTable(call, table);
    expect(await call('DescribeTimeToLive', { TableName: 'Things' })).toMatchObject({
      TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED' },
    });
  });

  it('refuses a table of another shape', async () => {
    const { call } = await start();
    await ensureTable(call, {
      ...table,
      globalSecondaryIndexes: [],
      attributeDefinitions: table.attributeDefinitions.slice(0, 1),
    });
    await expect(ensureTable(call, table)).rejects.toThrow(/keys or indexes differ/);
  });
});

describe('keepStreamsShort', () => {
  it('deletes the oldest records in steps and always keeps the newest', async () => {
    const { call } = await start();
    await ensureTable(call, table);
    await ensureTable(call, { ...table, name: 'Others' });
    await call('PutItem', { TableName: 'Others', Item: { id: { S: 'only' } } });
    const items = Array.from({ length: 25 }, (_, index) => ({ PutRequest: { Item: { id: { S: `i${index}` } } } }));
    for (let count = 0; count < 60; count += 1) {
      const round = items.map(({ PutRequest: { Item } }) => ({
        PutRequest: { Item: { ...Item, round: { N: String(count) } } },
      }));
      await call('BatchWriteItem', { RequestItems: { Things: round } });
    }
    const upkeep = keepStreamsShort(databaseFile, ['Things', 'Others'], { kept: 100 });
    const database = new DatabaseSync(databaseFile, { readOnly: true });
    const count = (name: string) =>
      database.prepare('SELECT count(*) AS records FROM _stream_records WHERE table_name = ?').get(name)?.records;
    expect(count('Things')).toBe(1_500);
    expect(upkeep.trimOnce()).toBe(1_000);
    expect(upkeep.trimOnce()).toBe(400);
    expect(upkeep.trimOnce()).toBe(0);
    expect([count('Things'), count('Others')]).toEqual([100, 1]);
    database.close();
    upkeep.stop();
  });

  it('skips a round while the file is busy', async () => {
    const { call } = await start();
    await ensureTable(call, table);
    for (const round of ['1', '2', '3']) {
      await call('PutItem', { TableName: 'Things', Item: { id: { S: 'a' }, round: { S: round } } });
    }
    const upkeep = keepStreamsShort(databaseFile, ['Things'], { kept: 1 });
    const other = new DatabaseSync(databaseFile);
    other.exec('BEGIN IMMEDIATE');
    expect(upkeep.trimOnce()).toBe(0);
    other.exec('COMMIT');
    other.close();
    expect(upkeep.trimOnce()).toBe(2);
    upkeep.stop();
  });
});
