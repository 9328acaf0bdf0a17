import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AttributeValue, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditTable } from '../../lib/dynamodb/audit/table-audit.ts';
import { Ledger } from '../../lib/dynamodb/index.ts';
import type { PostTransaction } from '../../lib/ledger/index.ts';
import { audit, readTable } from '../support/books.ts';
import { startDatabase, type TestDatabase } from '../support/dynoxide.ts';
import { account, asset, tenant, transfer, usd } from '../support/ledger-fixture.ts';

/**
 * Rows as a released version wrote them, read straight from its table, and what it answered to the commands below. They are never changed: a
 * failure here means that this version does not live with what is stored.
 */
const folder = join(import.meta.dirname, 'golden-rows');
const released = '0.1.0';
const rows = readFileSync(join(folder, `${released}.jsonl`), 'utf8')
  .trim()
  .split('\n')
  .map(asItem);
const answers: readonly { readonly id: string; readonly status: string }[] = JSON.parse(
  readFileSync(join(folder, `${released}-answers.json`), 'utf8'),
);

const gold = asset('GOLD_COINS');
const posting = (source: string, destination: string, code: typeof usd, amount: bigint) => ({
  source: account(source),
  destination: account(destination),
  asset: code,
  amount,
});

/** What clients asked of the released version, in the order of the answers. */
const commands: readonly PostTransaction[] = [
  transfer('alice', 'bob', 40, { key: 'golden-plain' }),
  transfer('alice', 'bob', 0, {
    key: 'golden-several',
    operation: 'createTransaction',
    type: 'payment',
    description: 'Rent',
    metadata: { month: '11' },
    postings: [
      posting('alice', 'carol', usd, 100n),
      posting('carol', 'bob', usd, 30n),
      posting('world', 'alice', gold, 7n),
    ],
  }),
  transfer('credit', 'alice', 300, { key: 'golden-credit' }),
  transfer('bob', 'alice', 1_000_000, { key: 'golden-declined' }),
  transfer('carol', 'alice', 1, { key: 'golden-frozen' }),
];

type Item = Record<string, AttributeValue>;

/** A ledger on a table that holds just these rows. */
interface Stored {
  readonly database: TestDatabase;
  readonly ledger: Ledger;
  stop(): Promise<void>;
}

async function ledgerOn(items: readonly Item[]): Promise<Stored> {
  const database = await startDatabase();
  for (const Item of items) await database.client.send(new PutItemCommand({ TableName: database.tables.ledger, Item }));
  const ledger = new Ledger({ table: database.tables.ledger, endpoint: database.endpoint });
  return {
    database,
    ledger,
    async stop() {
      ledger.client.destroy();
      await database.stop();
    },
  };
}

/** A row of the file: an item in DynamoDB's own JSON, bytes as base64. */
function asItem(line: string): Item {
  return JSON.parse(line, (key, value) => (key === 'B' ? Buffer.from(value, 'base64') : value));
}

/** As the file has it: amounts as texts, what is undefined left out. */
function asWritten(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part)));
}

/** Entries of then all lie on shard 0, of which nothing was said yet, and nothing is answered now. */
function withShards(answer: unknown): unknown {
  return JSON.parse(JSON.stringify(answer), (name, part) =>
    name === 'entries' ? part.map((entry: object) => ({ ...entry, shard: 0 })) : part,
  );
}

async function expectSoundBooks({ database: { client, tables } }: Stored): Promise<void> {
  expect((await audit(await readTable(client, tables.ledger))).findings).toEqual([]);
  expect((await auditTable({ client, table: tables.ledger, segments: 2 })).findings).toEqual([]);
}

// In this order: the books are looked at as they were released, then replayed to, then gone on with.
describe(`rows written by ${released}`, () => {
  let stored: Stored;
  let ledger: Ledger;
  beforeAll(async () => {
    stored = await ledgerOn(rows);
    ledger = stored.ledger;
  });
  afterAll(() => stored.stop());

  it('are of every kind', () => {
    const kinds = rows.map(({ SK }) => /^(ACCOUNT|ASSET|B|E|RECORD)/.exec(SK?.S ?? '')?.[1]);
    expect(new Set(kinds)).toEqual(new Set(['ACCOUNT', 'ASSET', 'B', 'E', 'RECORD']));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['posted', 'rejected']));
  });

  it('are sound', () => expectSoundBooks(stored));

  it('read as what they were', async () => {
    expect((await ledger.assets.list(tenant)).map(({ code }) => code)).toEqual([gold, usd]);
    const { accounts } = await ledger.accounts.list(tenant, 20);
    expect(accounts.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'alice active',
      'bob active',
      'carol frozen',
      'closed closed',
      'credit active',
      'world active',
    ]);
    expect(accounts[2]).toMatchObject({ owner: 'sub-1', metadata: { tier: 'gold', note: 'held' }, version: 3 });
    expect(accounts[4]?.floors).toEqual(new Map([[usd, -500n]]));
    expect(await ledger.balances.get(tenant, account('alice'), usd)).toMatchObject({ posted: 1_160n, sequence: 4 });
    const { entries } = await ledger.entries.page({ tenant, account: account('alice'), order: 'asc', limit: 20 });
    expect(entries.map(({ amount, balanceAfter }) => [amount, balanceAfter])).toEqual(
      expect.arrayContaining([
        [1_000n, 1_000n],
        [-40n, 960n],
        [-100n, 860n],
        [300n, 1_160n],
        [7n, 7n],
      ]),
    );
  });

  it('answer a repeated key as they did, word for word', async () => {
    for (const [index, command] of commands.entries()) {
      const outcome = await ledger.post(command, 5_000);
      expect(outcome).toMatchObject({ kind: 'settled', replayed: true });
      expect(asWritten('transaction' in outcome && outcome.transaction)).toEqual(withShards(answers[index]));
      expect(asWritten(await ledger.transactions.get(tenant, command.id))).toEqual(withShards(answers[index]));
    }
  });

  it('know a key that is used for something else', async () => {
    const outcome = await ledger.post(transfer('alice', 'bob', 41, { key: 'golden-plain' }), 5_000);
    expect(outcome).toMatchObject({ kind: 'key_reused' });
  });

  it('know a change of an account that was made', async () => {
    const repeated = await ledger.accounts.update({
      tenant,
      id: account('carol'),
      patch: { status: 'frozen', metadata: { note: 'held' } },
      keyApplied: { mark: 'freeze', requestHash: 'c'.repeat(64) },
    });
    expect(repeated).toMatchObject({ status: 'frozen', version: 3 });
  });

  it('are gone on with', async () => {
    for (const command of [
      transfer('alice', 'bob', 500),
      transfer('bob', 'credit', 100),
      transfer('world', 'carol', 5),
    ]) {
      expect(await ledger.post(command, 5_000)).toMatchObject({ transaction: { status: 'posted' } });
    }
    expect(await ledger.post(transfer('carol', 'bob', 1), 5_000)).toMatchObject({
      transaction: { status: 'rejected', reason: 'account_frozen' },
    });
    expect(await ledger.post(transfer('alice', 'closed', 1), 5_000)).toMatchObject({
      transaction: { status: 'rejected', reason: 'account_closed' },
    });
    await expectSoundBooks(stored);
  });
});

/** What is only known to a version that does not exist yet: a release on trial beside this one, or one that was taken back. */
describe('rows that a later version has added to', () => {
  const addition = { M: { by: { S: 'a later version' } } };
  const ofAnotherKind: Item[] = [
    { PK: { S: `T#${tenant}#A#alice` }, SK: { S: 'LATER#1' }, what: addition },
    { PK: { S: `T#${tenant}` }, SK: { S: 'LATER#1' }, what: addition },
  ];
  let stored: Stored;
  beforeAll(async () => {
    stored = await ledgerOn([...rows.map((row) => ({ ...row, later: addition })), ...ofAnotherKind]);
  });
  afterAll(() => stored.stop());

  it('are read, replayed and gone on with as if nothing were there', async () => {
    const { ledger } = stored;
    const [plain] = commands;
    expect(plain && (await ledger.post(plain, 5_000))).toMatchObject({ kind: 'settled', replayed: true });
    expect(await ledger.post(transfer('alice', 'credit', 7), 5_000)).toMatchObject({
      transaction: { status: 'posted' },
    });
    const patched = await ledger.accounts.update({
      tenant,
      id: account('alice'),
      patch: { status: 'frozen', floors: new Map([[usd, -5n]]), metadata: { a: 'b' } },
      keyApplied: { mark: 'later', requestHash: 'e'.repeat(64) },
    });
    expect(patched).toMatchObject({ status: 'frozen', metadata: { a: 'b' } });
    const { entries } = await ledger.entries.page({ tenant, account: account('alice'), order: 'desc', limit: 20 });
    expect(entries[0]).toMatchObject({ amount: -7n });
    await expectSoundBooks(stored);
  });

  it('keep what was added, also where they were changed', async () => {
    const { client, tables } = stored.database;
    const now = new Map((await readTable(client, tables.ledger)).map((row) => [`${row.PK} ${row.SK}`, row]));
    for (const { PK, SK } of rows) {
      expect(now.get(`${PK?.S} ${SK?.S}`)).toMatchObject({ later: { by: 'a later version' } });
    }
    for (const { PK, SK } of ofAnotherKind) expect(now.has(`${PK?.S} ${SK?.S}`)).toBe(true);
  });
});
