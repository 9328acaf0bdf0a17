import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  TagResourceCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { damageKinds } from '../../lib/ledger/audit-finding.ts';
import { readOptions, UsageError } from '../../scripts/rehearsal/options.ts';
import { deleteOwnTable, describeTable, rehearsalTags, startRun } from '../../scripts/rehearsal/rehearsal-table.ts';
import { readDocument } from '../docs/documents.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { type RestoringDynamoDB, startRestoringDynamoDB } from './restoring-dynamodb.ts';

const script = fileURLToPath(new URL('../../scripts/restore-rehearsal.ts', import.meta.url));

let books: LedgerFixture;
let client: DynamoDBClient;
let table: string;
beforeAll(async () => {
  books = await startLedger();
  client = books.database.client;
  table = books.database.tables.ledger;
  for (const id of ['alice', 'bob']) await books.createAccount(id, { funds: 1_000n });
  await books.ledger.postAll(
    Array.from({ length: 40 }, (_, i) => transfer('alice', 'bob', 1 + i)),
    20_000,
  );
});
afterAll(() => books.stop());

interface Run {
  readonly code: number;
  readonly output: string;
}

/** Runs the script as an operator does, on the test's DynamoDB. */
function run(...args: string[]): Promise<Run> {
  return runOn(books.database.endpoint, ...args);
}

function runOn(endpoint: string, ...args: string[]): Promise<Run> {
  const env = { ...process.env, AWS_ENDPOINT_URL_DYNAMODB: endpoint };
  return new Promise((resolve) => {
    execFile(process.execPath, [script, ...args], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
    });
  });
}

async function tables(): Promise<string[]> {
  return (await client.send(new ListTablesCommand({}))).TableNames ?? [];
}

describe('restore-rehearsal', () => {
  it('audits a copy, says that the books are sound, and deletes the copy', async () => {
    const before = await tables();
    const { code, output } = await run('--table', table, '--copy');
    expect(output).toContain('3 accounts, 3 balances, 84 entries, 42 transactions posted, 0 declined');
    expect(output).toContain('The books are sound');
    expect(code).toBe(0);
    expect(await tables()).toEqual(before);
  });

  it('takes the table’s name from the outputs of a deployment', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'florin-test-'));
    const outputs = join(folder, 'outputs.json');
    await writeFile(outputs, JSON.stringify({ Data: { LedgerTable: table } }));
    expect(await readOptions(['--table', 'Data.LedgerTable', '--outputs', outputs])).toMatchObject({ table });
    await expect(readOptions(['--table', 'Data.Other', '--outputs', outputs])).rejects.toThrow('Data.LedgerTable');
    await rm(folder, { recursive: true });
  });

  it('reports damage by its kind, and leaves the source as it was', async () => {
    const { balance } = await damagedBalance();
    const { code, output } = await run('--table', table, '--copy');
    await client.send(new PutItemCommand({ TableName: table, Item: balance }));
    expect(output).toMatch(/DAMAGE: 2 findings/);
    expect(output).toMatch(/wrong_balance .*alice USD\/2: posted is 1, the entries come to 180/);
    expect(code).toBe(1);
    expect((await books.audit()).findings).toEqual([]);
  });

  it('says where it cannot restore, and what can be done instead', async () => {
    const before = await tables();
    const { code, output } = await run('--table', table);
    expect(output).toContain('Cannot restore: ');
    expect(output).toContain('--copy');
    expect(code).toBe(2);
    expect(await tables()).toEqual(before);
  });

  it.each([
    ['no table', [], '--table is missing'],
    ['a time for a copy', ['--table', 'T', '--copy', '--at', '2026-01-01T00:00:00Z'], 'exclude each other'],
    ['no time', ['--table', 'T', '--at', 'noon'], 'is no time'],
    ['no waiting', ['--table', 'T', '--timeout-minutes', '0'], 'above 0'],
    ['an unknown option', ['--table', 'T', '--force'], '--force'],
  ])('refuses a command line with %s', async (_, args, message) => {
    await expect(readOptions(args)).rejects.toThrow(UsageError);
    await expect(readOptions(args)).rejects.toThrow(message);
  });
});

describe('a restoration', () => {
  let dynamodb: RestoringDynamoDB;
  beforeAll(async () => {
    dynamodb = await startRestoringDynamoDB(books.database.endpoint, client);
  });
  afterEach(() => {
    dynamodb.looksUntilActive = 2;
    dynamodb.afterRestore = async () => {};
  });
  afterAll(() => dynamodb.stop());

  it('is waited for, audited, reported with its instant, and deleted', async () => {
    const before = await tables();
    const { code, output } = await runOn(dynamodb.url, '--table', table);
    expect(output).toContain(`${table} restored to 2026-11-21T10:00:00.000Z`);
    expect(output).toContain('The books are sound');
    expect(code).toBe(0);
    expect(await tables()).toEqual(before);
  });

  it('that cuts through a transaction is told from a sound one', async () => {
    const before = await tables();
    const page = await books.ledger.entries.page({
      tenant,
      account: account('bob'),
      order: 'desc',
      limit: 1,
      asset: usd,
    });
    const newest = page.entries[0];
    if (!newest) throw new Error('bob has no entries');
    const SK = `E#${usd}#${newest.createdAt}#${String(newest.sequence).padStart(12, '0')}`;
    const Key = { PK: { S: `T#${tenant}#A#bob` }, SK: { S: SK } };
    dynamodb.afterRestore = async (restored) => {
      await client.send(new DeleteItemCommand({ TableName: restored, Key }));
    };
    const { code, output } = await runOn(dynamodb.url, '--table', table);
    expect(output).toContain(`incomplete_transaction  default  ${newest.transactionId}`);
    expect(output).toContain('wrong_balance  default  bob USD/2');
    expect(output).toContain('docs/backup-and-restore.md#when-the-audit-finds-damage');
    expect(code).toBe(1);
    expect(await tables()).toEqual(before);
  });

  it('that is not there in time ends the rehearsal, which says what it may have left behind', async () => {
    dynamodb.looksUntilActive = 1_000;
    const before = await tables();
    const { code, output } = await runOn(dynamodb.url, '--table', table, '--timeout-minutes', '0.02');
    expect(output).toMatch(/-rehearsal-[0-9a-f]{12} may have been left behind/);
    expect(output).toMatch(/is CREATING after 1 s/);
    expect(output).toContain('does not carry the tag');
    expect(code).toBe(2);
    const left = (await tables()).filter((name) => !before.includes(name));
    expect(left).toHaveLength(1);
    await client.send(new DeleteTableCommand({ TableName: left[0] }));
  });

  it('is kept when that is asked for, and carries the tag of its run', async () => {
    const before = await tables();
    const { code, output } = await runOn(dynamodb.url, '--table', table, '--keep');
    expect(code).toBe(0);
    const left = (await tables()).filter((name) => !before.includes(name));
    expect(left).toHaveLength(1);
    const kept = left[0] as string;
    expect(output).toContain(`${kept} was kept`);
    await deleteOwnTable(client, { id: kept.slice(-12), table: kept }, table);
    expect(await tables()).toEqual(before);
  });
});

describe('docs/backup-and-restore.md', () => {
  it('says of each kind of damage what it means', () => {
    const page = readDocument('docs/backup-and-restore.md');
    for (const kind of Object.keys(damageKinds)) expect(page).toContain(`\`${kind}\``);
  });
});

async function damagedBalance() {
  const Key = { PK: { S: `T#${tenant}#A#${account('alice')}` }, SK: { S: `B#${usd}` } };
  const { Item: balance } = await client.send(new GetItemCommand({ TableName: table, Key }));
  if (!balance) throw new Error('alice has no balance');
  await client.send(new PutItemCommand({ TableName: table, Item: { ...balance, posted: { N: '1' } } }));
  return { balance };
}

describe('deleteOwnTable', () => {
  it('never deletes the source, whatever the run says', async () => {
    await expect(deleteOwnTable(client, { id: 'x', table }, table)).rejects.toThrow('left alone');
    expect(await tables()).toContain(table);
  });

  it('leaves a table alone that has the run’s name and not its tag', async () => {
    const own = startRun('Other');
    await createTable(own.table);
    await expect(deleteOwnTable(client, own, table)).rejects.toThrow('does not carry the tag');
    await tag(own.table, [{ Key: 'florin:restore-rehearsal', Value: 'another run' }]);
    await expect(deleteOwnTable(client, own, table)).rejects.toThrow('does not carry the tag');
    expect(await tables()).toContain(own.table);
    await tag(own.table, rehearsalTags(own));
    await deleteOwnTable(client, own, table);
    expect(await tables()).not.toContain(own.table);
  });

  it('is content when there is nothing to delete', async () => {
    await deleteOwnTable(client, startRun('Other'), table);
  });

  it('leaves a table alone that is tagged and has another name', async () => {
    const own = startRun('Other');
    await createTable('Other-table');
    await tag('Other-table', rehearsalTags(own));
    await expect(deleteOwnTable(client, { ...own, table: 'Other-table' }, table)).rejects.toThrow('not named');
    expect(await tables()).toContain('Other-table');
  });
});

async function createTable(name: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'PK', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'PK', KeyType: 'HASH' }],
    }),
  );
}

async function tag(name: string, tags: { Key: string; Value: string }[]): Promise<void> {
  const description = await describeTable(client, name);
  await client.send(new TagResourceCommand({ ResourceArn: description?.TableArn, Tags: tags }));
}

describe('startRun', () => {
  it('names a table within DynamoDB’s limit, each time another', () => {
    const long = startRun('x'.repeat(255));
    expect(long.table).toHaveLength(255);
    expect(long.table).toMatch(/-rehearsal-[0-9a-f]{12}$/);
    expect(startRun('Ledger').table).not.toBe(startRun('Ledger').table);
  });
});
