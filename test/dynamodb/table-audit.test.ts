import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditTable } from '../../lib/dynamodb/audit/table-audit.ts';
import { openAppender } from '../../lib/dynamodb/journal/journal-appender.ts';
import { damageKinds } from '../../lib/ledger/audit-finding.ts';
import {
  captureHold,
  createHold,
  type HoldId,
  reverseTransaction,
  type TransactionId,
} from '../../lib/ledger/index.ts';
import { readTable } from '../support/books.ts';
import { account, asset, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';

type Row = Record<string, unknown>;

/** Books with everything in them: two assets, a transaction over both, declines, a freeze and a credit limit. */
let books: LedgerFixture;
let payment: string;
let declined: string;
let hold: HoldId;
let breakfast: string;
let refunded: string;
const refunds: string[] = [];
const gold = asset('GOLD_COINS');
beforeAll(async () => {
  books = await startLedger();
  const { ledger } = books;
  await ledger.assets.create({ tenant, code: gold, keyApplied: { mark: 'gold', requestHash: '' } });
  for (const id of ['alice', 'bob', 'carol']) await books.createAccount(id, { funds: 1_000n });
  await books.createAccount('credit', { floor: -500n });
  await books.createAccount('unused');
  await settled(transfer('credit', 'bob', 300));
  const posting = (source: string, destination: string, code: typeof usd, amount: bigint) => ({
    source: account(source),
    destination: account(destination),
    asset: code,
    amount,
  });
  payment = await settled(
    transfer('alice', 'bob', 0, {
      description: 'Rent',
      metadata: { month: '11' },
      postings: [
        posting('alice', 'bob', usd, 40n),
        posting('alice', 'carol', usd, 2n),
        posting('world', 'alice', gold, 7n),
      ],
    }),
  );
  declined = await settled(transfer('bob', 'alice', 1_000_000));
  for (let i = 0; i < 10; i++) await settled(transfer('bob', 'carol', 1 + i));
  const reserved = createHold({ tenant, key: 'room', account: account('credit'), asset: usd, amount: 50n });
  expect(await ledger.execute(reserved, 5_000)).toMatchObject({ kind: 'settled' });
  hold = reserved.holdId;
  const part = { tenant, key: 'breakfast', holdId: hold, destination: account('carol'), amount: 20n };
  breakfast = captureHold(part).id;
  expect(await ledger.execute(captureHold(part), 5_000)).toMatchObject({ kind: 'settled' });
  refunded = await settled(transfer('carol', 'bob', 50));
  for (const amount of [20n, 10n]) {
    const part = reverseTransaction({ tenant, key: `refund ${amount}`, reverses: refunded as TransactionId, amount });
    expect(await ledger.post(part, 5_000)).toMatchObject({ transaction: { status: 'posted' } });
    refunds.push(part.id);
  }
  await ledger.accounts.update({
    tenant,
    id: account('carol'),
    patch: { status: 'frozen' },
    keyApplied: { mark: 'freeze', requestHash: '' },
  });
  const appender = openAppender({ table: books.database.tables.ledger, endpoint: books.database.endpoint });
  expect(await appender.append(tenant, [recordOf(payment).PK], 5_000)).toMatchObject({ blocks: 1 });
});
afterAll(() => books.stop());

async function settled(command: ReturnType<typeof transfer>): Promise<string> {
  const outcome = await books.ledger.post(command, 5_000);
  if (outcome.kind !== 'settled') throw new Error(JSON.stringify(outcome));
  return command.id;
}

function audit(segments = 3) {
  const { client, tables } = books.database;
  return auditTable({ client, table: tables.ledger, segments });
}

/** Kinds of damage found, each with what it is about. */
async function found(): Promise<string[]> {
  const { findings } = await audit();
  return findings.map(({ kind, subject }) => `${kind}: ${subject}`).sort();
}

const partition = (id: string) => `T#default#A#${id}`;
const balanceOf = (id: string, code: string = usd) => ({ PK: partition(id), SK: `B#${code}` });
const holdRow = () => ({ PK: `T#default#H#${hold}`, SK: 'HOLD' });
const recordOf = (id: string) => ({ PK: `T#default#X#${id.slice(3)}`, SK: 'RECORD' });

async function entryOf(id: string, sequence: number, code: typeof usd = usd) {
  const page = await books.ledger.entries.page({ tenant, account: account(id), asset: code, order: 'asc', limit: 100 });
  const entry = page.entries[sequence - 1];
  if (!entry) throw new Error(`no entry ${sequence} of ${id}`);
  const time = String(entry.createdAt).padStart(13, '0');
  return { PK: partition(id), SK: `E#${code}#${time}#${String(sequence).padStart(12, '0')}` };
}

/** Runs `look` while the row is what `damage` makes of it (nothing: it is gone), then puts it back. */
async function whileDamaged(
  key: { PK: string; SK: string },
  damage: (row: Row) => Row | undefined,
  look: () => Promise<void>,
) {
  const { client, tables } = books.database;
  const TableName = tables.ledger;
  const Key = marshall(key);
  const { Item } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
  if (!Item) throw new Error(`nothing at ${key.PK} ${key.SK}`);
  const damaged = damage(unmarshall(Item, { wrapNumbers: BigInt }));
  await client.send(new DeleteItemCommand({ TableName, Key }));
  const planted = damaged && marshall(damaged, { removeUndefinedValues: true });
  if (planted) await client.send(new PutItemCommand({ TableName, Item: planted }));
  try {
    await look();
  } finally {
    if (planted)
      await client.send(new DeleteItemCommand({ TableName, Key: marshall({ PK: damaged.PK, SK: damaged.SK }) }));
    await client.send(new PutItemCommand({ TableName, Item }));
  }
}

const gone = () => undefined;
const minus = (name: string, by: bigint) => (row: Row) => ({ ...row, [name]: (row[name] as bigint) - by });
const set = (name: string, value: unknown) => (row: Row) => ({ ...row, [name]: value });

/** What an account says of itself alone: no other row repeats it. */
const accountsOwn = ['accountsOf', 'metadata', 'createdAt', 'version', 'keysApplied', 'owner', 'changes'];

/** Another value of the same type. */
function otherThan(value: unknown): unknown {
  if (typeof value === 'bigint') return value + 1n;
  if (typeof value === 'string') return value === 'active' ? 'closed' : `${value}x`;
  if (typeof value === 'boolean') return !value;
  if (value instanceof Uint8Array) return value.map((byte) => byte ^ 1);
  if (value instanceof Set) return new Set([...value, 'EUR/2']);
  if (Array.isArray(value)) return value.slice(1);
  return { ...(value as Row), more: 'x' };
}

describe('auditTable', () => {
  it.each([1, 2, 7])('finds nothing in sound books, in %i segments', async (segments) => {
    expect(await audit(segments)).toEqual({
      findings: [],
      moreFindings: 0,
      bucketsNotNamed: 0,
      rows: {
        asset: 2,
        account: 6,
        balance: 7,
        entry: 42,
        record: 21,
        hold: 1,
        change: 7,
        block: 1,
        unreadable: 0,
        place: 0,
        unknown: 0,
      },
      posted: 19,
      rejected: 1,
      newestAt: expect.any(Number),
    });
  });

  it('counts rows of kinds it does not know, and takes them for no damage', async () => {
    const { client, tables } = books.database;
    const later = { PK: 'T#default#Z', SK: 'LATER' };
    await client.send(new PutItemCommand({ TableName: tables.ledger, Item: marshall(later) }));
    try {
      const { findings, rows } = await audit();
      expect(findings).toEqual([]);
      expect(rows.unknown).toBe(1);
    } finally {
      await client.send(new DeleteItemCommand({ TableName: tables.ledger, Key: marshall(later) }));
    }
  });

  it('names a block that was changed, and a change record that lies elsewhere', async () => {
    const block = { PK: 'T#default#J', SK: 'BLOCK#000000000001' };
    await whileDamaged(block, set('createdAt', 5n), async () => {
      expect(await found()).toEqual([`unreadable_row: ${block.PK} ${block.SK}`]);
    });
    const rows = await readTable(books.database.client, books.database.tables.ledger);
    const { PK, SK } = rows.find((row) => row.SK === 'CHANGE') as { PK: string; SK: string };
    await whileDamaged({ PK, SK }, set('number', 9n), async () => {
      expect(await found()).toEqual([`unreadable_row: ${PK} ${SK}`]);
    });
  });

  it('names a balance that is off by one, and that its asset no longer sums to zero', async () => {
    await whileDamaged(balanceOf('alice'), minus('posted', 1n), async () => {
      expect(await found()).toEqual(['unbalanced_asset: USD/2', 'wrong_balance: alice USD/2']);
    });
  });

  it('names a balance that an older write overwrote', async () => {
    const older = (row: Row) => ({ ...row, sequence: 1n, posted: 1_000n });
    await whileDamaged(balanceOf('bob'), older, async () => {
      expect(await found()).toContain('wrong_balance: bob USD/2');
    });
  });

  it('names a balance below its floor', async () => {
    await whileDamaged(balanceOf('credit'), set('held', 201n), async () => {
      expect(await found()).toEqual(['below_floor: credit USD/2', 'wrong_held: credit USD/2']);
    });
  });

  it('names a balance that keeps back other than its holds reserve', async () => {
    await whileDamaged(balanceOf('credit'), minus('held', 1n), async () => {
      expect(await found()).toEqual(['wrong_held: credit USD/2']);
    });
    await whileDamaged(balanceOf('bob'), set('held', 1n), async () => {
      expect(await found()).toEqual(['wrong_held: bob USD/2']);
    });
  });

  it('names a hold that is missing, by what its balance keeps back and what was captured of it', async () => {
    await whileDamaged(holdRow(), gone, async () => {
      expect(await found()).toEqual(['wrong_held: credit USD/2', `wrong_hold: ${hold}`, `wrong_hold: ${hold}`]);
    });
  });

  it('names a hold that does not add up', async () => {
    await whileDamaged(holdRow(), set('status', 'captured'), async () => {
      expect(await found()).toEqual([`wrong_hold: ${hold}`]);
    });
    await whileDamaged(holdRow(), minus('captured', 1n), async () => {
      expect(await found()).toEqual([`wrong_hold: ${hold}`, `wrong_hold: ${hold}`]);
    });
    await whileDamaged(holdRow(), minus('remaining', 1n), async () => {
      expect(await found()).toEqual(['wrong_held: credit USD/2', `wrong_hold: ${hold}`]);
    });
    await whileDamaged(holdRow(), set('remaining', '30'), async () => {
      expect(await found()).toEqual([
        `unreadable_row: T#default#H#${hold} HOLD`,
        'wrong_held: credit USD/2',
        `wrong_hold: ${hold}`,
        `wrong_hold: ${hold}`,
      ]);
    });
  });

  it('names a hold whose capture says that it captured nothing', async () => {
    const other = ({ holdId: _, ...row }: Row) => row;
    await whileDamaged(recordOf(breakfast), other, async () => {
      expect(await found()).toEqual([`wrong_hold: ${hold}`]);
    });
  });

  it('names an entry that is missing, by its history and by its transaction', async () => {
    await whileDamaged(await entryOf('alice', 2), gone, async () => {
      expect(await found()).toEqual([`incomplete_transaction: ${payment}`, 'missing_entry: alice USD/2 entry 3']);
    });
  });

  it('names the last entry of a history when it is missing', async () => {
    await whileDamaged(await entryOf('alice', 3), gone, async () => {
      expect(await found()).toEqual([`incomplete_transaction: ${payment}`, 'wrong_balance: alice USD/2']);
    });
  });

  it('names an entry whose amount was changed', async () => {
    await whileDamaged(await entryOf('alice', 2), minus('amount', 1n), async () => {
      expect(await found()).toEqual([
        'changed_entry: alice USD/2 entry 2',
        'unlike_transaction: alice USD/2 entry 2',
        'wrong_balance_after: alice USD/2 entry 2',
      ]);
    });
  });

  it('names an entry whose counterparty was changed, which its hash does not cover', async () => {
    await whileDamaged(await entryOf('alice', 2), set('counterparty', 'mallory'), async () => {
      expect(await found()).toEqual(['unlike_transaction: alice USD/2 entry 2']);
    });
  });

  it('names a chain that is broken', async () => {
    await whileDamaged(await entryOf('bob', 3), set('previousHash', new Uint8Array(32)), async () => {
      expect(await found()).toEqual(['broken_chain: bob USD/2 entry 3', 'changed_entry: bob USD/2 entry 3']);
    });
  });

  it('names an entry that names another transaction before it', async () => {
    await whileDamaged(await entryOf('bob', 3), set('previousTransaction', payment), async () => {
      expect(await found()).toEqual(['wrong_predecessor: bob USD/2 entry 3']);
    });
  });

  it('names an entry that occurs a second time', async () => {
    const key = await entryOf('bob', 3);
    const { client, tables } = books.database;
    const { Item } = await client.send(new GetItemCommand({ TableName: tables.ledger, Key: marshall(key) }));
    const twin = { ...Item, SK: { S: `E#${usd}#9999999999999#000000000003` } };
    await client.send(new PutItemCommand({ TableName: tables.ledger, Item: twin }));
    try {
      const kinds = await found();
      expect(kinds).toContain('repeated_entry: bob USD/2 entry 3');
      expect(kinds).toContain('changed_entry: bob USD/2 entry 3');
    } finally {
      const Key = { PK: { S: key.PK }, SK: twin.SK };
      await client.send(new DeleteItemCommand({ TableName: tables.ledger, Key }));
    }
  });

  it('names a transaction that does not know what was reversed of it', async () => {
    for (const [name, value] of [
      ['reversedAmount', 29n],
      ['reversals', 1n],
    ] as const) {
      await whileDamaged(recordOf(refunded), set(name, value), async () => {
        expect(await found()).toEqual([`wrong_reversals: ${refunded}`]);
      });
    }
    await whileDamaged(recordOf(refunded), set('reversedAmount', 51n), async () => {
      expect(await found()).toEqual([`wrong_reversals: ${refunded}`, `wrong_reversals: ${refunded}`]);
    });
  });

  it('names a reversal that no other record names', async () => {
    await whileDamaged(recordOf(refunds[1] as string), set('previousReversal', undefined), async () => {
      expect(await found()).toEqual([`wrong_reversals: ${refunds[0]}`]);
    });
  });

  it('names entries whose transaction is missing', async () => {
    await whileDamaged(recordOf(payment), gone, async () => {
      expect(await found()).toEqual([`missing_transaction: ${payment}`]);
    });
  });

  it('names a transaction that says it was declined, and has entries', async () => {
    const rejected = ({ results: _, salt: __, ...row }: Row) => ({
      ...row,
      status: 'rejected',
      reason: 'insufficient_funds',
      evidence: { account: 'alice' },
    });
    await whileDamaged(recordOf(payment), rejected, async () => {
      expect(await found()).toEqual([`missing_transaction: ${payment}`]);
    });
  });

  it('names the entries of a transaction whose description was changed', async () => {
    await whileDamaged(recordOf(payment), set('description', 'Gift'), async () => {
      const kinds = await found();
      expect(kinds).toHaveLength(6);
      expect(kinds).toContain('unlike_transaction: alice GOLD_COINS entry 1');
    });
  });

  it('names an entry that its transaction did not make', async () => {
    const first = await books.ledger.transactions.get(tenant, declined as never);
    expect(first?.status).toBe('rejected');
    await whileDamaged(await entryOf('alice', 3), set('transaction', declined), async () => {
      const kinds = await found();
      expect(kinds).toContain(`missing_transaction: ${declined}`);
      expect(kinds).toContain(`incomplete_transaction: ${payment}`);
    });
    const other = (
      await books.ledger.entries.page({ tenant, account: account('alice'), asset: usd, order: 'asc', limit: 1 })
    ).entries[0]?.transactionId;
    await whileDamaged(await entryOf('alice', 3), set('transaction', other), async () => {
      expect(await found()).toContain('surplus_entry: alice USD/2 entry 3');
    });
  });

  it('names a transaction torn in the middle: one account has it, the other does not', async () => {
    // As a restore would show it that saw the record and one side, and the other side before the write.
    const last = await entryOf('carol', 12);
    const before = (row: Row) => ({ ...row, posted: (row.posted as bigint) - 10n, sequence: 11n });
    await whileDamaged(last, gone, () =>
      whileDamaged(balanceOf('carol'), before, async () => {
        const kinds = await found();
        expect(kinds).toContain('unbalanced_asset: USD/2');
        expect(kinds.filter((kind) => kind.startsWith('incomplete_transaction'))).toHaveLength(1);
      }),
    );
  });

  it('names entries without a balance', async () => {
    await whileDamaged(balanceOf('alice', gold), gone, async () => {
      expect(await found()).toEqual([
        'missing_balance: alice GOLD_COINS',
        'unbalanced_asset: GOLD_COINS',
        'wrong_balance_set: alice',
      ]);
    });
  });

  it('names an account that is missing, or names other balances than it has', async () => {
    await whileDamaged({ PK: partition('alice'), SK: 'ACCOUNT' }, gone, async () => {
      expect(await found()).toEqual(['missing_account: alice']);
    });
    await whileDamaged(
      { PK: partition('alice'), SK: 'ACCOUNT' },
      set('balances', new Set(['USD/2', 'EUR/2'])),
      async () => {
        expect(await found()).toEqual(['wrong_balance_set: alice']);
      },
    );
  });

  it('names a balance whose status or floor is not its account’s', async () => {
    await whileDamaged(balanceOf('carol'), set('status', 'active'), async () => {
      expect(await found()).toEqual(['wrong_copy: carol USD/2']);
    });
    await whileDamaged(balanceOf('credit'), set('floor', -400n), async () => {
      expect(await found()).toEqual(['wrong_copy: credit USD/2']);
    });
  });

  it('names an asset that is not registered', async () => {
    await whileDamaged({ PK: 'T#default', SK: `ASSET#${gold}` }, gone, async () => {
      expect(await found()).toEqual(['unknown_asset: GOLD_COINS']);
    });
  });

  it('names a row that cannot be read, and goes on behind it', async () => {
    const key = await entryOf('bob', 5);
    await whileDamaged(key, set('balanceAfter', 'much'), async () => {
      const kinds = await found();
      expect(kinds).toContain(`unreadable_row: ${key.PK} ${key.SK}`);
      expect(kinds.filter((kind) => !/^(unreadable_row|incomplete_transaction)/.test(kind))).toEqual([]);
    });
    await whileDamaged(balanceOf('alice'), set('posted', 'much'), async () => {
      expect(await found()).toEqual(['unbalanced_asset: USD/2', 'unreadable_row: T#default#A#alice B#USD/2']);
    });
  });

  it('finds whichever row is missing, but for those that nothing else speaks of', async () => {
    const unnoticed: string[] = [];
    const rows = await readTable(books.database.client, books.database.tables.ledger);
    for (const row of rows) {
      const key = { PK: String(row.PK), SK: String(row.SK) };
      await whileDamaged(key, gone, async () => {
        if ((await found()).length === 0) unnoticed.push(`${key.PK} ${key.SK}`);
      });
    }
    const { PK, SK } = recordOf(declined);
    // That a block or a change is missing, the journal says that is walked from block to block.
    const walked = rows
      .filter((row) => row.SK === 'CHANGE' || row.PK === 'T#default#J')
      .map((row) => `${row.PK} ${row.SK}`);
    expect(unnoticed.sort()).toEqual([`${partition('unused')} ACCOUNT`, `${PK} ${SK}`, ...walked].sort());
  });

  it.each([
    // Nothing reserves anything yet that could be held against `held`.
    ['balance', () => balanceOf('bob'), ['version', 'held']],
    ['entry', () => entryOf('alice', 2), []],
    ['record', () => recordOf(payment), ['nonce', 'requestHash', 'cause', 'block']],
    ['account', () => ({ PK: partition('alice'), SK: 'ACCOUNT' }), accountsOwn],
  ])('finds whichever attribute of a %s was changed, but for those that belong to it alone', async (_, keyOf, own) => {
    const key = await keyOf();
    const rows = await readTable(books.database.client, books.database.tables.ledger);
    const row = rows.find(({ PK, SK }) => PK === key.PK && SK === key.SK) as Row;
    const unnoticed: string[] = [];
    for (const name of Object.keys(row).filter((each) => !['PK', 'SK'].includes(each))) {
      await whileDamaged(key, set(name, otherThan(row[name])), async () => {
        if ((await found()).length === 0) unnoticed.push(name);
      });
    }
    expect(own).toEqual(expect.arrayContaining(unnoticed));
  });

  it('stays within bounds in a wrecked table, and says how much it has not named', async () => {
    const { client, tables } = books.database;
    const wrecked = Array.from({ length: 1_200 }, (_, index) => ({
      PK: 'T#wrecked#A#alice',
      SK: `E#USD/2#0000000000001#${String(index + 1).padStart(12, '0')}`,
      amount: 1,
      balanceAfter: index + 1,
      transaction: `tx_${index}`,
      type: 'transfer',
      counterparty: 'bob',
      detailsDigest: new Uint8Array(32),
      previousHash: new Uint8Array(32),
      hash: new Uint8Array(32),
    }));
    const inBatches = async (request: (row: Row) => WriteRequest) => {
      for (let start = 0; start < wrecked.length; start += 25) {
        const RequestItems = { [tables.ledger]: wrecked.slice(start, start + 25).map(request) };
        await client.send(new BatchWriteItemCommand({ RequestItems }));
      }
    };
    await inBatches((row) => ({ PutRequest: { Item: marshall(row) } }));
    const { findings, moreFindings, bucketsNotNamed } = await audit();
    await inBatches(({ PK, SK }) => ({ DeleteRequest: { Key: marshall({ PK, SK }) } }));
    expect(findings).toHaveLength(1_000);
    expect(moreFindings).toBeGreaterThan(1_200);
    expect(bucketsNotNamed).toBeGreaterThan(500);
  });

  it('finds nothing again once everything is put back', async () => {
    expect(await found()).toEqual([]);
  });
});

describe('damageKinds', () => {
  it('has a sentence for each kind', () => {
    for (const meaning of Object.values(damageKinds)) expect(meaning).toMatch(/^[A-Z].*\.$/);
  });
});
