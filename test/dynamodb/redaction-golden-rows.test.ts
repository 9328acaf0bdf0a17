import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AttributeValue, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ledger, type LedgerOptions } from '../../lib/dynamodb/index.ts';
import {
  type Command,
  createHold,
  holdIdOf,
  postBatch,
  recordIdOf,
  reverseTransaction,
  type TransactionId,
  transactionIdOf,
  voidHold,
} from '../../lib/ledger/index.ts';
import { audit, readTable } from '../support/books.ts';
import { startDatabase } from '../support/dynoxide.ts';
import { account, type LedgerFixture, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { appendJournal, contents, damage, ledgerRows, openRedactions, type Redactions } from './redaction-fixture.ts';

const timeMs = 5_000;

type Item = Record<string, AttributeValue>;

/** Rows that were written once and are never changed, in DynamoDB's own JSON, bytes as base64. */
function golden(name: string): Item[] {
  const text = readFileSync(join(import.meta.dirname, 'golden-rows', `${name}.jsonl`), 'utf8');
  const lines = text.trim().split('\n');
  return lines.map((line) => JSON.parse(line, (key, value) => (key === 'B' ? Buffer.from(value, 'base64') : value)));
}

/** A ledger that holds just these rows. */
async function startWith(rows: readonly Item[]): Promise<LedgerFixture> {
  const database = await startDatabase();
  const { client, endpoint, tables } = database;
  for (const Item of rows) await client.send(new PutItemCommand({ TableName: tables.ledger, Item }));
  const open = (options: Partial<LedgerOptions> = {}) => new Ledger({ table: tables.ledger, endpoint, ...options });
  const ledger = open();
  return {
    database,
    ledger,
    open,
    createAccount: (id) => Promise.reject(new Error(`${id}: all accounts are in the rows`)),
    audit: async () => audit(await readTable(client, tables.ledger)),
    async stop() {
      ledger.client.destroy();
      await database.stop();
    },
  };
}

describe('rows redacted by an earlier version', () => {
  const said = { description: 'Rent of Jane Doe', metadata: { name: 'Jane Doe' } };
  const posting = { source: account('alice'), destination: account('bob'), asset: usd, amount: 1n };
  const member = { type: 'transfer', postings: [posting], ...said };
  const hold = (key: string, amount = 10n) =>
    createHold({ tenant, key, account: account('alice'), asset: usd, amount, ...said });
  const payment = transfer('alice', 'bob', 40, { key: 'golden-transfer', ...said });
  const reverses = payment.id;

  /** What clients asked for, and what they might ask for under the same keys. */
  const commands: readonly (readonly [Command, Command])[] = [
    [payment, transfer('alice', 'bob', 41, { key: 'golden-transfer', ...said })],
    [
      reverseTransaction({ tenant, key: 'golden-reversal', reverses, amount: 15n, ...said }),
      reverseTransaction({ tenant, key: 'golden-reversal', reverses, amount: 16n, ...said }),
    ],
    [
      postBatch({ tenant, key: 'golden-batch', transactions: [member, member] }),
      postBatch({ tenant, key: 'golden-batch', transactions: [member, { ...member, type: 'gift' }] }),
    ],
    [hold('golden-open'), hold('golden-open', 11n)],
    [hold('golden-voided'), hold('golden-voided', 11n)],
    [
      voidHold({ tenant, key: 'golden-void', holdId: holdIdOf(recordIdOf(tenant, 'golden-voided')) }),
      voidHold({ tenant, key: 'golden-void', holdId: holdIdOf(recordIdOf(tenant, 'golden-open')) }),
    ],
    [
      transfer('alice', 'bob', 10n ** 12n, { key: 'golden-declined', ...said }),
      transfer('alice', 'bob', 10n ** 13n, { key: 'golden-declined', ...said }),
    ],
  ];

  let books: LedgerFixture;
  beforeAll(async () => {
    books = await startWith(golden('redacted'));
  });
  afterAll(() => books.stop());

  it('are sound', async () => {
    expect(await damage(books)).toEqual([]);
  });

  it('have nothing of what was removed', async () => {
    expect(await contents(books)).not.toMatch(/Jane|Rent/);
  });

  it('are still answered under their keys, each for its own request only', async () => {
    for (const [command, other] of commands) {
      expect(await books.open().execute(command, timeMs)).toMatchObject({ kind: 'settled', replayed: true });
      expect(await books.open().execute(other, timeMs)).toMatchObject({ kind: 'key_reused' });
    }
  });

  it('read as what they are', async () => {
    const redacted = { at: expect.any(Number) };
    for (const key of ['golden-transfer', 'golden-reversal', 'golden-declined']) {
      expect(await books.ledger.transactions.get(tenant, transactionIdOf(recordIdOf(tenant, key)))).toMatchObject({
        redacted,
      });
    }
    for (const [key, status] of Object.entries({ 'golden-open': 'open', 'golden-voided': 'voided' })) {
      expect(await books.ledger.holds.get(tenant, holdIdOf(recordIdOf(tenant, key)))).toMatchObject({
        status,
        redacted,
      });
    }
    expect(await books.ledger.accounts.get(tenant, account('carol'))).toMatchObject({ metadata: {}, redacted });
  });

  it('can be gone on with', async () => {
    const holdId = holdIdOf(recordIdOf(tenant, 'golden-open'));
    for (const command of [
      reverseTransaction({ tenant, key: 'reversed since', reverses }),
      voidHold({ tenant, key: 'voided since', holdId }),
    ]) {
      expect(await books.ledger.execute(command, timeMs)).toMatchObject({ kind: 'settled', replayed: false });
    }
    await appendJournal(books);
    expect(await damage(books)).toEqual([]);
  });
});

describe('rows of a version that knew no redaction', () => {
  let books: LedgerFixture;
  let redactions: Redactions;
  beforeAll(async () => {
    books = await startWith(golden('0.1.0'));
    redactions = openRedactions(books);
  });
  afterAll(async () => {
    redactions.stop();
    await books.stop();
  });

  it('can be redacted, all of them', async () => {
    expect(await contents(books)).toMatch(/Rent|sub-1/);
    const rows = await ledgerRows(books);
    for (const { PK } of rows.filter(({ SK }) => SK === 'RECORD')) {
      const id = `tx_${String(PK).split('#').at(-1)}` as TransactionId;
      expect(await redactions.store.transaction(redactions.ask(), id)).toMatchObject({ requestHash: undefined });
    }
    for (const { accountId } of rows.filter(({ SK }) => SK === 'ACCOUNT')) {
      await redactions.store.account({ ...redactions.ask(), owner: true }, account(String(accountId)));
    }
    expect(await contents(books)).not.toMatch(/Rent|sub-1/);
    const records = (await ledgerRows(books)).filter(({ SK }) => SK === 'RECORD');
    for (const record of records) expect(record).not.toHaveProperty('salt');
    await appendJournal(books);
    expect(await damage(books)).toEqual([]);
  });
});
