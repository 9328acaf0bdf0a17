import { DeleteItemCommand, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditRun } from '../../lib/dynamodb/ledger-audit.ts';
import { LedgerAudit, type LedgerAuditOptions } from '../../lib/dynamodb/ledger-audit.ts';
import { readTable } from '../support/books.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';

type Row = Record<string, unknown>;

/** Long enough for any pass of these small books. */
const runMs = 20_000;

let books: LedgerFixture;
let payment: string;
beforeAll(async () => {
  books = await startLedger();
  for (const id of ['alice', 'bob', 'carol']) await books.createAccount(id, { funds: 1_000n });
  await books.createAccount('unused');
  payment = await settled(transfer('alice', 'bob', 40, { description: 'Rent', metadata: { month: '11' } }));
  for (let i = 0; i < 12; i++) await settled(transfer('bob', 'carol', 1 + i));
  await settled(transfer('bob', 'alice', 1_000_000));
});
afterAll(() => books.stop());
// Each test begins with an audit that knows nothing.
beforeEach(forgetAudits);
afterEach(async () => {
  expect((await books.audit()).findings).toEqual([]);
});

async function settled(command: ReturnType<typeof transfer>): Promise<string> {
  const outcome = await books.ledger.post(command, 5_000);
  if (outcome.kind !== 'settled') throw new Error(JSON.stringify(outcome));
  return command.id;
}

async function forgetAudits(): Promise<void> {
  const { client, tables } = books.database;
  for (const { PK, SK } of await readTable(client, tables.ledger)) {
    if (!String(PK).startsWith('AUDIT')) continue;
    await client.send(new DeleteItemCommand({ TableName: tables.ledger, Key: marshall({ PK, SK }) }));
  }
}

function openAudit(options: Partial<LedgerAuditOptions> = {}): LedgerAudit {
  return new LedgerAudit({ table: books.database.tables.ledger, endpoint: books.database.endpoint, ...options });
}

/** Kinds of damage known after a run, each with what it is about. */
function named({ findings }: AuditRun): string[] {
  return [...new Set(findings.map(({ kind, subject }) => `${kind}: ${subject}`))].sort();
}

const partition = (id: string) => `T#default#A#${id}`;
const balanceOf = (id: string, code: string = usd) => ({ PK: partition(id), SK: `B#${code}` });
const recordOf = (id: string) => ({ PK: `T#default#X#${id.slice(3)}`, SK: 'RECORD' });

async function entryOf(id: string, sequence: number) {
  const page = await books.ledger.entries.page({ tenant, account: account(id), asset: usd, order: 'asc', limit: 100 });
  const entry = page.entries[sequence - 1];
  if (!entry) throw new Error(`no entry ${sequence} of ${id}`);
  const time = String(entry.createdAt).padStart(13, '0');
  return { PK: partition(id), SK: `E#${usd}#${time}#${String(sequence).padStart(12, '0')}` };
}

/** Runs `look` while the row is what `damage` makes of it (nothing: it is gone), then puts it back. */
async function whileDamaged(key: Row, damage: (row: Row) => Row | undefined, look: () => Promise<void>) {
  const { client, tables } = books.database;
  const TableName = tables.ledger;
  const Key = marshall(key);
  const { Item } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
  if (!Item) throw new Error(`nothing at ${key.PK} ${key.SK}`);
  const damaged = damage(unmarshall(Item, { wrapNumbers: BigInt }));
  if (damaged) await client.send(new PutItemCommand({ TableName, Item: marshall(damaged) }));
  else await client.send(new DeleteItemCommand({ TableName, Key }));
  try {
    await look();
  } finally {
    await client.send(new PutItemCommand({ TableName, Item }));
  }
}

const gone = () => undefined;
const minus = (name: string, by: bigint) => (row: Row) => ({ ...row, [name]: (row[name] as bigint) - by });
const flipped = (name: string) => (row: Row) => ({
  ...row,
  [name]: (row[name] as Uint8Array).map((byte) => byte ^ 1),
});

/** What each kind of damage is, and what the audit calls it; whether or not the damaged part was verified before. */
const damages: readonly [string, () => Promise<Row>, (row: Row) => Row | undefined, readonly string[]][] = [
  ['a balance off by one', async () => balanceOf('alice'), minus('posted', 1n), ['wrong_balance: alice USD/2']],
  ['an entry that is missing', () => entryOf('bob', 5), gone, ['missing_entry: bob USD/2 entry 6']],
  ['the last entry missing', () => entryOf('carol', 13), gone, ['wrong_balance: carol USD/2']],
  ['an entry with another amount', () => entryOf('bob', 5), minus('amount', 1n), ['changed_entry: bob USD/2 entry 5']],
  ['a chain that is broken', () => entryOf('bob', 5), flipped('previousHash'), ['broken_chain: bob USD/2 entry 5']],
  [
    'a transaction that is gone',
    async () => recordOf(payment),
    gone,
    [expect.stringMatching(/^missing_transaction: tx_/) as never],
  ],
  [
    'an account that is gone',
    async () => ({ PK: partition('carol'), SK: 'ACCOUNT' }),
    gone,
    ['missing_account: carol'],
  ],
  ['a balance that is gone', async () => balanceOf('bob'), gone, ['missing_balance: bob USD/2']],
  [
    'an unreadable entry',
    () => entryOf('bob', 5),
    ({ amount: _, ...row }) => row,
    [expect.stringMatching(/^unreadable_row: /) as never],
  ],
  [
    'another status than the account has',
    async () => balanceOf('bob'),
    (row) => ({ ...row, status: 'frozen' }),
    ['wrong_copy: bob USD/2'],
  ],
];

describe('LedgerAudit', () => {
  it('finds nothing in sound books, and verifies each entry once, then once more as old', async () => {
    const audit = openAudit();
    const first = await audit.run(runMs);
    expect(first).toMatchObject({ findings: [], moreFindings: 0, completed: ['recent', 'rolling'], isKept: true });
    const { entries } = await books.audit();
    expect(first.entries).toBe(2 * entries);
    expect(await audit.run(runMs)).toMatchObject({ entries, findings: [], completed: ['recent', 'rolling'] });
  });

  it.each(damages)('names %s', async (_, key, damage, expected) => {
    await whileDamaged(await key(), damage, async () => {
      expect(named(await openAudit().run(runMs))).toEqual(expect.arrayContaining([...expected]));
    });
  });

  it.each(damages)('names %s that was verified before it came', async (_, key, damage, expected) => {
    await openAudit().run(runMs);
    await whileDamaged(await key(), damage, async () => {
      expect(named(await openAudit().run(runMs))).toEqual(expect.arrayContaining([...expected]));
    });
  });
});
