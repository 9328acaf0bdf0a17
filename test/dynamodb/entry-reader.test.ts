import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type EntryPageRequest, type PageEnd, systemClock } from '../../lib/dynamodb/index.ts';
import type { Entry } from '../../lib/ledger/index.ts';
import { account, asset, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { parameters } from '../support/property.ts';

const gold = asset('GOLD');
/** A code that another one begins with: its entries must not be taken for the other's. */
const usdWhole = asset('USD');
const assets = [usd, gold, usdWhole];
const alice = account('alice');
const start = Date.now();

let books: LedgerFixture;
/** Alice's entries, as posted, in the order of the account: by time, then asset, then sequence. */
let history: Entry[];

beforeAll(async () => {
  books = await startLedger();
  for (const code of [gold, usdWhole]) {
    await books.ledger.assets.create({ tenant, code, keyApplied: { mark: code, requestHash: '' } });
  }
  await books.createAccount('alice');
  await books.createAccount('bob');
  await books.createAccount('idle');
  // Three transactions a millisecond, over all assets: many entries share an instant, within an asset and across.
  let now = start;
  const ledger = books.open({ clock: { ...systemClock, now: () => now } });
  for (let index = 0; index < 30; index++) {
    now = start + Math.floor(index / 6) * 2;
    const code = assets[index % 3] as typeof usd;
    const postings = [
      { source: account('world'), destination: alice, asset: code, amount: BigInt(index + 2) },
      { source: alice, destination: account('bob'), asset: code, amount: 1n },
    ];
    const outcome = await ledger.post(transfer('alice', 'bob', 1, { postings, description: `#${index}` }), 5_000);
    expect(outcome).toMatchObject({ kind: 'settled', transaction: { status: 'posted', createdAt: now } });
  }
  ledger.client.destroy();
  const pages = await Promise.all(assets.map((code) => readAll({ asset: code, order: 'asc' }, 100)));
  history = pages
    .flat()
    .sort((a, b) => a.createdAt - b.createdAt || compareText(a.asset, b.asset) || a.sequence - b.sequence);
});
afterAll(() => books.stop());

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

async function readAll(request: Partial<EntryPageRequest>, limit: number): Promise<Entry[]> {
  const seen: Entry[] = [];
  let after: PageEnd | undefined;
  do {
    const page = await books.ledger.entries.page({ tenant, account: alice, order: 'desc', limit, after, ...request });
    expect(page.entries.length).toBeLessThanOrEqual(limit);
    if (page.next) expect(page.entries).toHaveLength(limit);
    seen.push(...page.entries);
    after = page.next;
  } while (after);
  return seen;
}

describe('page', () => {
  it('has 20 entries of each asset on the account, each once', () => {
    expect(history).toHaveLength(60);
    expect(new Set(history.map(({ hash }) => hash)).size).toBe(60);
    expect(new Set(history.map(({ createdAt }) => createdAt)).size).toBe(5);
  });

  it('shows a transfer on both sides, each naming the other', async () => {
    const request = { tenant, asset: usd, order: 'desc', limit: 1 } as const;
    const [credit] = (await books.ledger.entries.page({ ...request, account: account('bob') })).entries;
    const [debit] = (await books.ledger.entries.page({ ...request, account: alice })).entries;
    expect(debit).toMatchObject({ account: 'alice', counterparty: 'bob', amount: -1n, description: '#27' });
    expect(credit).toMatchObject({ account: 'bob', counterparty: 'alice', amount: 1n, description: '#27' });
    expect(credit?.transactionId).toBe(debit?.transactionId);
    expect(credit?.createdAt).toBe(debit?.createdAt);
  });

  it('goes through an asset newest first, and oldest first', async () => {
    const own = history.filter((entry) => entry.asset === usd);
    expect(await readAll({ asset: usd, order: 'asc' }, 7)).toEqual(own);
    expect(await readAll({ asset: usd, order: 'desc' }, 7)).toEqual(own.toReversed());
  });

  it('merges all assets by time', async () => {
    expect(await readAll({ order: 'asc' }, 100)).toEqual(history);
    expect(await readAll({ order: 'desc' }, 100)).toEqual(history.toReversed());
  });

  it('yields each entry in range once, whatever the asset, order, range and size of page', async () => {
    const instant = fc.option(fc.integer({ min: -2, max: 12 }), { nil: undefined });
    const request = fc.record({
      asset: fc.option(fc.constantFrom(...assets), { nil: undefined }),
      order: fc.constantFrom('asc' as const, 'desc' as const),
      from: instant,
      to: instant,
      limit: fc.integer({ min: 1, max: 25 }),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ asset: code, order, from, to, limit }) => {
        const range = {
          from: from === undefined ? undefined : start + from,
          to: to === undefined ? undefined : start + to,
        };
        const expected = history.filter(
          (entry) =>
            (code === undefined || entry.asset === code) &&
            entry.createdAt >= (range.from ?? 0) &&
            entry.createdAt <= (range.to ?? Number.POSITIVE_INFINITY),
        );
        const seen = await readAll({ asset: code, order, ...range }, limit);
        expect(seen.map(({ hash }) => hash)).toEqual(
          (order === 'asc' ? expected : expected.toReversed()).map(({ hash }) => hash),
        );
      }),
      parameters(40),
    );
  });

  it('says that there is no more exactly at the end', async () => {
    const request = { tenant, account: alice, asset: gold, order: 'asc' } as const;
    expect(await books.ledger.entries.page({ ...request, limit: 20 })).not.toHaveProperty('next');
    expect(await books.ledger.entries.page({ ...request, limit: 19 })).toHaveProperty('next');
  });

  it('goes on behind its position while new entries arrive', async () => {
    await books.createAccount('busy', { funds: 5n });
    const request = { tenant, account: account('busy'), limit: 1 } as const;
    const newest = await books.ledger.entries.page({ ...request, order: 'desc' });
    expect(newest).not.toHaveProperty('next');
    await books.ledger.post(transfer('busy', 'world', 1), 5_000);
    const first = await books.ledger.entries.page({ ...request, order: 'desc' });
    await books.ledger.post(transfer('busy', 'world', 1), 5_000);
    const second = await books.ledger.entries.page({ ...request, order: 'desc', after: first.next });
    expect([...first.entries, ...second.entries].map(({ sequence }) => sequence)).toEqual([2, 1]);
  });

  it('is empty for an account without entries, and not found without the account', async () => {
    const request = { tenant, order: 'desc', limit: 5 } as const;
    for (const code of [undefined, usd]) {
      expect(await books.ledger.entries.page({ ...request, account: account('idle'), asset: code })).toEqual({
        entries: [],
      });
      await expect(
        books.ledger.entries.page({ ...request, account: account('nobody'), asset: code }),
      ).rejects.toMatchObject({ code: 'not_found', evidence: { account: 'nobody' } });
      await expect(
        books.ledger.entries.page({ ...request, tenant: 'other' as typeof tenant, account: alice, asset: code }),
      ).rejects.toMatchObject({ code: 'not_found' });
    }
  });
});
