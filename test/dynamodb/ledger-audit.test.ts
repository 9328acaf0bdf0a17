import { DeleteItemCommand, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditRun } from '../../lib/dynamodb/audit/ledger-audit.ts';
import { LedgerAudit, type LedgerAuditOptions } from '../../lib/dynamodb/audit/ledger-audit.ts';
import { systemClock } from '../../lib/dynamodb/table/patience.ts';
import { reverseTransaction, type TransactionId } from '../../lib/ledger/index.ts';
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
  const page = await books.ledger.entries.page({
    tenant,
    account: account(id),
    asset: usd,
    order: 'asc',
    limit: 1_000,
  });
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

  it('names a transaction without its entries', async () => {
    const { client, tables } = books.database;
    const { Item } = await client.send(
      new GetItemCommand({ TableName: tables.ledger, Key: marshall(recordOf(payment)), ConsistentRead: true }),
    );
    const id = `tx_${'a'.repeat(52)}`;
    const planted = { ...Item, ...marshall(recordOf(id)) };
    const results = unmarshall(Item ?? {}, { wrapNumbers: BigInt }).results as { sequence: bigint }[];
    planted.results = marshall({ results: results.map((result) => ({ ...result, sequence: 99n })) }).results as never;
    await client.send(new PutItemCommand({ TableName: tables.ledger, Item: planted }));
    try {
      expect(named(await openAudit().run(runMs))).toEqual([`incomplete_transaction: ${id}`]);
    } finally {
      await client.send(new DeleteItemCommand({ TableName: tables.ledger, Key: marshall(recordOf(id)) }));
    }
  });

  it('keeps a finding until a pass sees that it is repaired, and no longer', async () => {
    const audit = openAudit();
    await audit.run(runMs);
    let foundAt = 0;
    await whileDamaged(balanceOf('alice'), minus('posted', 1n), async () => {
      const first = await audit.run(runMs);
      foundAt = first.findings[0]?.foundAt ?? 0;
      const second = await audit.run(runMs);
      expect(named(second)).toEqual(named(first));
      expect(second.findings[0]?.foundAt).toBe(foundAt);
    });
    expect(foundAt).toBeGreaterThan(0);
    expect((await audit.run(runMs)).findings).toEqual([]);
  });

  it('verifies a long history from where it left off', async () => {
    await books.createAccount('long', { funds: 10_000n });
    for (let i = 0; i < 8; i++) {
      await books.ledger.postAll(
        Array.from({ length: 100 }, () => transfer('long', 'world', 1)),
        20_000,
      );
    }
    const whole = (await books.audit()).entries;
    // Time passes with each look at the clock, so that a run has it for a step and not for two.
    let elapsed = 0;
    const clock = { ...systemClock, elapsed: () => ++elapsed };
    const audit = openAudit({ clock, entriesPerLook: 500, rowsPerRun: 0 });
    const done: number[] = [];
    for (let run = 0; run < 10; run++) {
      const { entries, completed, findings } = await audit.run(10);
      expect(findings).toEqual([]);
      if (entries > 0) done.push(entries);
      if (completed.includes('recent')) break;
    }
    expect(done.length).toBeGreaterThan(1);
    // No entry is verified twice.
    expect(done.reduce((sum, entries) => sum + entries, 0)).toBe(whole);
  });

  it('reads all of the table again, a share a run, and finds damage in the middle of it', async () => {
    const audit = openAudit({ rowsPerRun: 250 });
    await whileDamaged(await entryOf('long', 700), flipped('previousHash'), async () => {
      let runs = 0;
      let last: AuditRun | undefined;
      for (; !last?.completed.includes('rolling') && runs < 100; runs++) last = await audit.run(runMs);
      expect(runs).toBeGreaterThan(5);
      expect(named(last as AuditRun)).toEqual([
        'broken_chain: long USD/2 entry 700',
        // The hash before it is a part of what was hashed.
        'changed_entry: long USD/2 entry 700',
      ]);
    });
  });

  it('keeps one of two runs at once', async () => {
    const audits = [openAudit(), openAudit()];
    const runs = await Promise.all(audits.map((audit) => audit.run(runMs)));
    expect(runs.filter(({ isKept }) => isKept).length).toBeGreaterThanOrEqual(1);
    for (const { findings } of runs) expect(findings).toEqual([]);
    expect((await openAudit().run(runMs)).findings).toEqual([]);
  });

  it('takes an overdraft that was allowed for no damage, and a balance below its floor for some', async () => {
    await books.createAccount('spender', { funds: 10n });
    const [funding] = (await books.ledger.entries.page({ tenant, account: account('spender'), order: 'asc', limit: 1 }))
      .entries;
    await settled(transfer('spender', 'world', 10));
    const reversal = reverseTransaction({
      tenant,
      key: 'chargeback',
      reverses: funding?.transactionId as TransactionId,
      mayOverdraw: true,
    });
    expect(await books.ledger.post(reversal, 5_000)).toMatchObject({
      kind: 'settled',
      transaction: { status: 'posted' },
    });
    const audit = openAudit();
    expect((await audit.run(runMs)).findings).toEqual([]);
    expect((await audit.run(runMs)).findings).toEqual([]);
    await settled(transfer('world', 'spender', 100));
    expect((await audit.run(runMs)).findings).toEqual([]);
    await whileDamaged(
      balanceOf('spender'),
      (row) => ({ ...row, held: 1_000n }),
      async () => {
        expect(named(await audit.run(runMs))).toEqual(['below_floor: spender USD/2']);
      },
    );
  });

  it('changes nothing of the ledger', async () => {
    const ledgerRows = async () => {
      const rows = await readTable(books.database.client, books.database.tables.ledger);
      return rows.filter(({ PK }) => !String(PK).startsWith('AUDIT'));
    };
    const before = await ledgerRows();
    await openAudit().run(runMs);
    expect(await ledgerRows()).toEqual(before);
  });
});

describe('LedgerAudit, while the ledger is written to,', () => {
  it('raises no false alarm', async () => {
    const instances = [books.open(), books.open()];
    await books.ledger.accounts.create({
      tenant,
      id: account('spread'),
      unbounded: true,
      shards: 4,
      floors: new Map(),
      metadata: {},
      keyApplied: { mark: 'spread', requestHash: '' },
    });
    for (let i = 0; i < 6; i++) await books.createAccount(`user${i}`, { funds: 1_000n });
    let isOver = false;
    let posted = 0;
    const load = instances.flatMap((instance, which) =>
      Array.from({ length: 3 }, async (_, lane) => {
        for (let n = 0; !isOver; n++) {
          const source = n % 3 === 0 ? 'spread' : `user${(n + which) % 6}`;
          const outcome = await instance
            .post(transfer(source, `user${(n + lane + 3) % 6}`, 1), 5_000)
            .catch(() => undefined);
          if (outcome?.kind === 'settled' && outcome.transaction.status === 'posted') posted++;
        }
      }),
    );
    const changes = (async () => {
      for (let n = 0; !isOver; n++) {
        const status = n % 2 === 0 ? 'frozen' : 'active';
        const keyApplied = { mark: `freeze ${n}`, requestHash: '' };
        await books.ledger.accounts.update({ tenant, id: account('user5'), patch: { status }, keyApplied });
        // New accounts, and first postings of them, come too.
        await books.createAccount(`late${n}`, { funds: 1n });
      }
    })();
    const audit = openAudit();
    const runs: AuditRun[] = [];
    const completions = (walk: 'recent' | 'rolling') => runs.filter(({ completed }) => completed.includes(walk)).length;
    while (completions('recent') < 4 || completions('rolling') < 1) runs.push(await audit.run(runMs));
    isOver = true;
    await Promise.all([...load, changes]);
    for (const instance of instances) instance.client.destroy();
    expect(runs.flatMap(({ findings }) => findings)).toEqual([]);
    expect(posted).toBeGreaterThan(50);
    expect((await audit.run(runMs)).findings).toEqual([]);
  });
});
