import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Ledger, TransactionOutcome } from '../../lib/dynamodb/index.ts';
import type { AccountPatch } from '../../lib/ledger/index.ts';
import { readTable } from '../support/books.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { account, asset, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';

const gold = asset('GOLD');

let books: LedgerFixture;
let proxy: FaultProxy;
let faulty: Ledger;
beforeAll(async () => {
  books = await startLedger();
  proxy = await startFaultProxy({ target: books.database.endpoint });
  faulty = books.open({ endpoint: proxy.url });
  await books.ledger.assets.create({ tenant, code: gold, keyApplied: { mark: 'gold', requestHash: '' } });
});
afterAll(async () => {
  expect((await books.audit()).findings).toEqual([]);
  faulty.client.destroy();
  await proxy.stop();
  await books.stop();
});

let marks = 0;
function patched(id: string, patch: AccountPatch, mark = `mark-${marks++}`, ledger = books.ledger, requestHash = '') {
  return ledger.accounts.update({
    tenant,
    id: account(id),
    patch,
    keyApplied: { mark: `update ${mark}`, requestHash },
  });
}

function created(id: string, mark: string, ledger = books.ledger, requestHash = '') {
  return ledger.accounts.create({
    tenant,
    id: account(id),
    unbounded: false,
    floors: new Map([[usd, -5n]]),
    owner: 'subject',
    metadata: { a: '1' },
    keyApplied: { mark, requestHash },
  });
}

/** Strikes the calls of one operation; resolves to what the act came to, with the rule taken away again. */
async function withFault<T>(rule: FaultProxy['rules'][number], act: () => Promise<T>): Promise<T> {
  proxy.rules.push(rule);
  proxy.log.length = 0;
  try {
    return await act();
  } finally {
    proxy.rules.length = 0;
    await proxy.settled();
  }
}

/** The change records of an account, in order. */
async function changesOf(id: string): Promise<[unknown, unknown][]> {
  const rows = await readTable(books.database.client, books.database.tables.ledger);
  const changes = rows.filter(({ SK, subject }) => SK === 'CHANGE' && subject === `account/${id}`);
  return changes
    .map(({ type, number }): [unknown, unknown] => [type, number])
    .sort(([, a], [, b]) => Number(a) - Number(b));
}

/** Resolves once the proxy holds a call of an operation back. */
async function arrived(operation: string): Promise<void> {
  for (const giveUpAt = performance.now() + 5_000; performance.now() < giveUpAt; ) {
    if (proxy.log.some((call) => call.operation === operation && call.faults.length > 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  throw new Error(`no ${operation} came to be held back`);
}

function isPosted(outcome: TransactionOutcome): boolean {
  return outcome.kind === 'settled' && outcome.transaction.status === 'posted';
}

describe('create', () => {
  it('creates an account once under its key', async () => {
    const first = await created('once', 'create-once');
    expect(first).toMatchObject({ id: 'once', status: 'active', owner: 'subject', metadata: { a: '1' }, version: 1 });
    expect(await created('once', 'create-once')).toEqual(first);
    expect(await books.ledger.accounts.get(tenant, account('once'))).toEqual(first);
  });

  it('refuses the id under another key, and the key for another request', async () => {
    await created('taken', 'create-taken');
    await expect(created('taken', 'other')).rejects.toMatchObject({ code: 'already_exists' });
    await expect(created('taken', 'create-taken', books.ledger, 'other')).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
  });

  it('refuses a floor in an asset that is not registered', async () => {
    const unknown = {
      tenant,
      id: account('no'),
      unbounded: false,
      metadata: {},
      keyApplied: { mark: 'no', requestHash: '' },
    };
    await expect(
      books.ledger.accounts.create({ ...unknown, floors: new Map([[asset('XAU'), -5n]]) }),
    ).rejects.toMatchObject({ code: 'asset_not_found', evidence: { asset: 'XAU' } });
    await expect(books.ledger.accounts.get(tenant, account('no'))).rejects.toMatchObject({ code: 'not_found' });
  });

  it('recognises its own account when the answer was lost', async () => {
    const rule = { operation: 'TransactWriteItems', fault: { kind: 'dropAnswer' }, count: 1 } as const;
    const lost = await withFault(rule, () => created('lost', 'create-lost', faulty));
    expect(lost).toEqual(await books.ledger.accounts.get(tenant, account('lost')));
    expect(await changesOf('lost')).toEqual([['account.created', 1n]]);
  });

  it('is tried again after a conflict, and says what is known of it where that does not help', async () => {
    const conflict = { operation: 'TransactWriteItems', fault: { kind: 'conflict' } } as const;
    const met = await withFault({ ...conflict, count: 2 }, () => created('met', 'create-met', faulty));
    expect(met).toMatchObject({ id: 'met', version: 1 });
    const kept = withFault(conflict, () => created('kept', 'create-kept', faulty));
    await expect(kept).rejects.toMatchObject({ code: 'unavailable' });
    expect(await changesOf('kept')).toEqual([]);
  });

  it('writes a change record with the account, and one more with each change of it', async () => {
    await created('told', 'create-told');
    await created('told', 'create-told');
    for (const key of ['a', 'b', 'b']) await patched('told', { metadata: { key } }, key);
    expect(await changesOf('told')).toEqual([
      ['account.created', 1n],
      ['account.updated', 2n],
      ['account.updated', 3n],
    ]);
  });

  it('lets one of many at one instant have the name', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => created('race', `race-${index}`)),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'already_exists' });
    }
  });
});

describe('list', () => {
  it('pages through every account of the tenant once, in order', async () => {
    const own = Array.from({ length: 7 }, (_, index) => `page:${index}`);
    await Promise.all(own.map((id) => books.createAccount(id)));
    for (const limit of [1, 2, 3, 100]) {
      const seen: string[] = [];
      let after: ReturnType<typeof account> | undefined;
      do {
        const { accounts, next } = await books.ledger.accounts.list(tenant, limit, after);
        expect(accounts.length).toBeLessThanOrEqual(limit);
        seen.push(...accounts.map(({ id }) => id));
        after = next;
      } while (after);
      expect(seen).toEqual([...new Set(seen)].sort());
      expect(seen).toEqual(expect.arrayContaining(own));
    }
  });

  it('shows nothing of another tenant, and no page behind the last', async () => {
    expect(await books.ledger.accounts.list('other' as typeof tenant, 5)).toEqual({ accounts: [] });
    const { accounts, next } = await books.ledger.accounts.list(tenant, 100, account('zzzz'));
    expect({ accounts, next }).toEqual({ accounts: [], next: undefined });
  });
});

describe('update', () => {
  it('writes status and floor into every balance in the same write', async () => {
    await books.createAccount('copied', { funds: 10n });
    await books.ledger.post(
      transfer('world', 'copied', 1, {
        postings: [{ source: account('world'), destination: account('copied'), asset: gold, amount: 1n }],
      }),
      5_000,
    );
    await patched('copied', { status: 'frozen', floors: new Map([[usd, -7n]]) });
    const { account: stored, balances } = await books.ledger.balances.list(tenant, account('copied'));
    expect(stored).toMatchObject({ status: 'frozen', floors: new Map([[usd, -7n]]) });
    expect(balances.map(({ asset: code, status, floor }) => [code, status, floor])).toEqual([
      [gold, 'frozen', 0n],
      [usd, 'frozen', -7n],
    ]);
  });

  it('applies a key once, and refuses it for another request', async () => {
    await books.createAccount('keyed');
    const first = await patched('keyed', { metadata: { a: '1' } }, 'keyed');
    await patched('keyed', { metadata: { a: '2' } });
    const again = await patched('keyed', { metadata: { a: '1' } }, 'keyed');
    expect(first.metadata).toEqual({ a: '1' });
    expect(again).toMatchObject({ metadata: { a: '2' }, version: 3 });
    await expect(patched('keyed', { metadata: {} }, 'keyed', books.ledger, 'other')).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
  });

  it('applies one key at one instant once, by whichever instance', async () => {
    await books.createAccount('same');
    const instances = [books.ledger, books.open(), books.open()];
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => patched('same', { metadata: { a: '1' } }, 'same', instances[index % 3])),
    );
    for (const answer of answers) expect(answer).toMatchObject({ metadata: { a: '1' }, version: 2 });
  });

  it('loses no change among many at one instant', async () => {
    await books.createAccount('busy');
    const instances = [books.ledger, books.open(), books.open()];
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        patched('busy', { metadata: { [`n${index}`]: '' } }, `busy-${index}`, instances[index % 3]),
      ),
    );
    const applied = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [`n${index}`] : []));
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'contention' });
    }
    const { metadata, version } = await books.ledger.accounts.get(tenant, account('busy'));
    expect(applied.length).toBeGreaterThan(0);
    expect(Object.keys(metadata).sort()).toEqual(applied.sort());
    expect(version).toBe(1 + applied.length);
  });

  it('closes an empty account for good, and no other', async () => {
    await books.createAccount('leaving', { funds: 5n });
    await expect(patched('leaving', { status: 'closed' })).rejects.toMatchObject({ code: 'balance_conflict' });
    await books.ledger.post(transfer('leaving', 'world', 5), 5_000);
    expect((await patched('leaving', { status: 'closed' })).status).toBe('closed');
    await expect(patched('leaving', { status: 'active' })).rejects.toMatchObject({ code: 'account_closed' });
    expect(await books.ledger.post(transfer('world', 'leaving', 5), 5_000)).toMatchObject({
      transaction: { status: 'rejected', reason: 'account_closed' },
    });
  });

  describe('that meets a posting between its read and its write', () => {
    const late = () => ({ operation: 'TransactWriteItems', fault: { kind: 'latency', ms: 150 }, count: 1 }) as const;

    it('does not close what is no longer empty', async () => {
      await books.createAccount('refilled', { funds: 5n });
      await books.ledger.post(transfer('refilled', 'world', 5), 5_000);
      await withFault(late(), async () => {
        const closing = patched('refilled', { status: 'closed' }, 'refilled', faulty);
        const refused = expect(closing).rejects.toMatchObject({ code: 'balance_conflict' });
        await arrived('TransactWriteItems');
        expect(isPosted(await books.ledger.post(transfer('world', 'refilled', 5), 5_000))).toBe(true);
        await refused;
      });
      expect((await books.ledger.accounts.get(tenant, account('refilled'))).status).toBe('active');
    });

    it('does not close an account whose first balance was opened meanwhile', async () => {
      await books.createAccount('opened');
      await withFault(late(), async () => {
        const closing = patched('opened', { status: 'closed' }, 'opened', faulty);
        const refused = expect(closing).rejects.toMatchObject({ code: 'balance_conflict' });
        await arrived('TransactWriteItems');
        expect(isPosted(await books.ledger.post(transfer('world', 'opened', 5), 5_000))).toBe(true);
        await refused;
      });
    });

    it('does not raise a floor above what is left', async () => {
      await books.createAccount('creditor', { floor: -50n, funds: 5n });
      await withFault(late(), async () => {
        const raising = patched('creditor', { floors: new Map([[usd, null]]) }, 'creditor', faulty);
        const refused = expect(raising).rejects.toMatchObject({ code: 'balance_conflict' });
        await arrived('TransactWriteItems');
        expect(isPosted(await books.ledger.post(transfer('creditor', 'world', 35), 5_000))).toBe(true);
        await refused;
      });
      const { posted, floor } = await books.ledger.balances.get(tenant, account('creditor'), usd);
      expect({ posted, floor }).toEqual({ posted: -30n, floor: -50n });
    });

    it('freezes a balance that is just being opened', async () => {
      await books.createAccount('opening');
      await withFault(late(), async () => {
        const opening = faulty.post(transfer('world', 'opening', 5), 5_000);
        await arrived('TransactWriteItems');
        await patched('opening', { status: 'frozen' });
        expect(isPosted(await opening)).toBe(true);
      });
      expect(await books.ledger.balances.get(tenant, account('opening'), usd)).toMatchObject({
        posted: 5n,
        status: 'frozen',
      });
    });

    it('lets no debit through that was decided before the freeze', async () => {
      await books.createAccount('leaking', { funds: 5n });
      await withFault(late(), async () => {
        const debit = faulty.post(transfer('leaking', 'world', 5), 5_000);
        await arrived('TransactWriteItems');
        await patched('leaking', { status: 'frozen' });
        expect(await debit).toMatchObject({ transaction: { status: 'rejected', reason: 'account_frozen' } });
      });
      expect((await books.ledger.balances.get(tenant, account('leaking'), usd)).posted).toBe(5n);
    });
  });

  it('freezes a busy account: once it has answered, no debit is posted', async () => {
    await books.createAccount('hot', { funds: 1_000_000n });
    const instances = [books.ledger, books.open()];
    const outcomes: { askedAt: number; isPosted: boolean }[] = [];
    let isOver = false;
    const spenders = Array.from({ length: 8 }, async (_, index) => {
      while (!isOver) {
        const askedAt = performance.now();
        const outcome = await (instances[index % 2] as Ledger).post(transfer('hot', 'world', 1), 5_000);
        outcomes.push({ askedAt, isPosted: isPosted(outcome) });
      }
    });
    while (!outcomes.some((outcome) => outcome.isPosted)) await new Promise((resolve) => setTimeout(resolve, 5));
    await patched('hot', { status: 'frozen' });
    const frozenAt = performance.now();
    const { sequence } = await books.ledger.balances.get(tenant, account('hot'), usd);
    await new Promise((resolve) => setTimeout(resolve, 150));
    isOver = true;
    await Promise.all(spenders);
    const afterwards = outcomes.filter(({ askedAt }) => askedAt > frozenAt);
    expect(afterwards.length).toBeGreaterThan(0);
    expect(afterwards.filter((outcome) => outcome.isPosted)).toEqual([]);
    // Not even what was asked before and still on its way: the books have not moved since.
    expect((await books.ledger.balances.get(tenant, account('hot'), usd)).sequence).toBe(sequence);
  });

  const lost = [
    ['a connection that breaks after the write', { kind: 'dropAnswer' }],
    ['a 500 after the write', { kind: 'serverError', when: 'after' }],
    ['a 500 before the write', { kind: 'serverError', when: 'before' }],
    ['a connection that breaks before the write', { kind: 'cut' }],
    ['a conflict', { kind: 'conflict' }],
    ['throttling', { kind: 'throttle' }],
  ] as const;
  it.each(lost)('is applied once in spite of %s', async (name, fault) => {
    const id = name.replaceAll(' ', '-');
    await books.createAccount(id);
    const answer = await withFault({ operation: 'TransactWriteItems', fault, count: 1 }, () =>
      patched(id, { status: 'frozen' }, id, faulty),
    );
    expect(answer).toMatchObject({ status: 'frozen', version: 2 });
    expect(await patched(id, { status: 'frozen' }, id)).toMatchObject({ version: 2 });
  });

  it.each([
    ['every answer is lost', { operation: 'TransactWriteItems', fault: { kind: 'dropAnswer' } }],
    ['the first answer is lost', { operation: 'TransactWriteItems', fault: { kind: 'dropAnswer' }, count: 1 }],
  ] as const)(
    'says outcome_unknown when %s and cannot be looked up, and the same key finds out',
    async (name, lostAnswer) => {
      const id = name.replaceAll(' ', '-');
      await books.createAccount(id);
      await expect(
        withFault(lostAnswer, () =>
          withFault({ operation: 'Query', fault: { kind: 'throttle' }, skip: 1 }, () =>
            patched(id, { metadata: { a: '1' } }, id, faulty),
          ),
        ),
      ).rejects.toMatchObject({ code: 'outcome_unknown' });
      expect(await patched(id, { metadata: { a: '1' } }, id)).toMatchObject({ version: 2 });
    },
  );

  it('says unavailable when nothing was sent', async () => {
    await books.createAccount('away');
    const refused = withFault({ operation: 'Query', fault: { kind: 'throttle' } }, () =>
      patched('away', { metadata: { a: '1' } }, 'away', faulty),
    );
    await expect(refused).rejects.toMatchObject({ code: 'unavailable' });
    expect((await books.ledger.accounts.get(tenant, account('away'))).version).toBe(1);
  });
});
