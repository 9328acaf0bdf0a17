import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LedgerAudit } from '../../lib/dynamodb/audit/ledger-audit.ts';
import type { AssetSums } from '../../lib/dynamodb/readers/trial-balance.ts';
import { Reports } from '../../lib/dynamodb/reports.ts';
import { systemClock } from '../../lib/dynamodb/table/patience.ts';
import { type AccountId, type Entry, maxSettlingMs } from '../../lib/ledger/index.ts';
import { readTable } from '../support/books.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { parameters } from '../support/property.ts';

/** The books are made so long ago, in steps of so long, in milliseconds. */
const agoMs = 600_000;
const stepMs = 1_000;
const steps = 60;

const users = ['alice', 'bob', 'carol'];
/** An account over four shards, which everybody pays. */
const spread = 'spread';

let books: LedgerFixture;
let proxy: FaultProxy;
let reports: Reports;
let begin: number;
beforeAll(async () => {
  books = await startLedger();
  begin = Date.now() - agoMs;
  let now = begin;
  const past = books.open({ clock: { ...systemClock, now: () => now } });
  await books.ledger.accounts.create({
    tenant,
    id: account(spread),
    unbounded: true,
    shards: 4,
    floors: new Map(),
    metadata: {},
    keyApplied: { mark: spread, requestHash: '' },
  });
  for (const id of [...users, 'idle']) await books.createAccount(id);
  for (const id of users) await past.post(transfer('world', id, 10_000), 5_000);
  for (let n = 0; n < steps; n++) {
    now = begin + n * stepMs;
    const from = users[n % users.length] as string;
    await past.post(transfer(from, n % 2 === 0 ? spread : (users[(n + 1) % users.length] as string), 1 + n), 5_000);
  }
  proxy = await startFaultProxy({ target: books.database.endpoint, measureCapacity: true });
  reports = new Reports({ table: books.database.tables.ledger, endpoint: proxy.url });
  await reports.statements.page({ tenant, account: account('alice'), asset: usd, to: begin, limit: 1 });
});
beforeEach(async () => {
  await proxy.settled();
  proxy.log.length = 0;
});
afterAll(async () => {
  expect((await books.audit()).findings).toEqual([]);
  await proxy.stop();
  await books.stop();
});

/** Calls since the last look, and the units that DynamoDB counted for them all. */
async function cost(): Promise<{ calls: Record<string, number>; units: number }> {
  await proxy.settled();
  const calls: Record<string, number> = {};
  let units = 0;
  for (const { operation, consumedUnits = 0 } of proxy.log.splice(0)) {
    calls[operation] = (calls[operation] ?? 0) + 1;
    units += consumedUnits;
  }
  return { calls, units };
}

const always = () => true;

/** A whole statement, page by page. */
async function statement(id: AccountId, from: number | undefined, to: number, limit: number) {
  const entries: Entry[] = [];
  let after: Parameters<Reports['statements']['page']>[0]['after'];
  for (;;) {
    const page = await reports.statements.page({ tenant, account: id, asset: usd, from, to, limit, after });
    entries.push(...page.entries);
    if (!page.next) return { ...page, entries };
    after = page.next;
  }
}

describe('a statement', () => {
  it('goes from its opening to its closing balance by its entries, whatever the period and the pages', async () => {
    const instant = fc.integer({ min: -2 * stepMs, max: (steps + 2) * stepMs }).map((offset) => begin + offset);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...users, spread, 'world', 'idle'),
        fc.option(instant, { nil: undefined }),
        instant,
        fc.integer({ min: 1, max: 40 }),
        async (id, from, to, limit) => {
          fc.pre(from === undefined || from <= to);
          const { opening, closing, entries } = await statement(account(id), from, to, limit);
          expect(entries.reduce((sum, { amount }) => sum + amount, opening)).toBe(closing);
          for (const { createdAt } of entries) {
            expect(createdAt).toBeLessThanOrEqual(to);
            expect(createdAt).toBeGreaterThanOrEqual(from ?? 0);
          }
          const names = entries.map(({ shard, sequence }) => `${shard} ${sequence}`);
          expect(new Set(names).size).toBe(names.length);
          // What ends one period begins the next.
          const next = await statement(account(id), to + 1, to + 1, 1);
          expect(next.opening).toBe(closing);
        },
      ),
      parameters(40),
    );
  });

  it('costs three Queries, however long the history', async () => {
    const page = (limit: number) =>
      reports.statements.page({
        tenant,
        account: account('alice'),
        asset: usd,
        from: begin + 5,
        to: Date.now(),
        limit,
      });
    await page(5);
    expect(await cost()).toMatchObject({ calls: { Query: 3 } });
    await page(1);
    expect(await cost()).toEqual({ calls: { Query: 3 }, units: 3 });
  });
});

describe('an export', () => {
  it('has each entry once, account by account, and goes on where time was over', async () => {
    const seen: string[] = [];
    let at: Parameters<Reports['entries']['page']>[0]['at'];
    let pages = 0;
    do {
      const page = await reports.entries.page({ tenant, to: Date.now(), limit: 7, at }, () => pages % 2 === 0);
      seen.push(...page.entries.map(({ account: id, shard, sequence }) => `${id} ${shard} ${sequence}`));
      at = page.next;
      pages++;
    } while (at);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toHaveLength((await books.audit()).entries);
    const order = seen.map((name) => name.split(' ')[0]);
    expect(order).toEqual(order.toSorted());
  });
});

describe('a trial balance', () => {
  it('costs one Query for each balance and one for a hundred accounts', async () => {
    const { sums, next } = await reports.trialBalance.page({ tenant, at: Date.now() }, always);
    expect(next).toBeUndefined();
    const sum = sums.get(usd);
    expect(sum?.credit).toBe(sum?.debit);
    const { calls } = await cost();
    // Alice, Bob and Carol; `world`; four shards of `spread`; the accounts. Unbounded accounts are read for their shards.
    expect(calls.Query).toBe(users.length + 1 + 4 + 1);
  });

  it('comes to the same in pages', async () => {
    for (let i = 0; i < 120; i++) await books.createAccount(`extra${i}`);
    const whole = await reports.trialBalance.page({ tenant, at: Date.now() }, always);
    let from: { account: AccountId; sums: AssetSums } | undefined;
    let pages = 0;
    for (;;) {
      const page = await reports.trialBalance.page({ tenant, at: Date.now(), from }, () => false);
      pages++;
      if (!page.next) {
        expect(page.sums).toEqual(whole.sums);
        break;
      }
      from = { account: page.next, sums: page.sums };
    }
    expect(pages).toBe(2);
  });
});

describe('a cut', () => {
  it('is older than the longest commit and both clocks can be off', () => {
    const before = Date.now();
    expect(reports.cuts.at()).toBeGreaterThanOrEqual(before - maxSettlingMs);
    expect(reports.cuts.at()).toBeLessThanOrEqual(Date.now() - maxSettlingMs);
    expect(reports.cuts.at(begin)).toBe(begin);
  });

  it('is refused where the clock that made it is ahead of DynamoDB', async () => {
    proxy.rules.push({ operation: 'Query', fault: { kind: 'clockSkew', ms: -10_000 } });
    const page = reports.statements.page({ tenant, account: account('alice'), asset: usd, to: begin, limit: 1 });
    await expect(page).rejects.toMatchObject({ code: 'unavailable' });
    proxy.rules.length = 0;
  });
});

describe('the self-audit', () => {
  it('reads next to nothing of balances that did not move', async () => {
    const audit = new LedgerAudit({ table: books.database.tables.ledger, endpoint: proxy.url, rowsPerRun: 0 });
    await audit.run(20_000);
    await cost();
    const { entries } = await audit.run(20_000);
    expect(entries).toBe(0);
    const { calls } = await cost();
    const rows = await readTable(books.database.client, books.database.tables.ledger);
    const accounts = rows.filter(({ SK }) => SK === 'ACCOUNT').length;
    // An instance keeps to a shard, which it chooses by chance: the first lies with its account, and others are read for themselves.
    const isSpread = rows.some(({ PK }) => String(PK).includes(`#${spread}#S#`)) ? 1 : 0;
    expect(calls).toEqual({
      // The state.
      GetItem: 1,
      PutItem: 1,
      // The index, 48 accounts at a time, what was verified of each, and each with its balances.
      Scan: Math.ceil(accounts / 48),
      BatchGetItem: Math.ceil(accounts / 48) + isSpread,
      Query: accounts,
    });
  });

  it('reads every row again for two units at most', async () => {
    const options = { table: books.database.tables.ledger, endpoint: proxy.url };
    const unitsOf = async (rowsPerRun: number) => {
      const audit = new LedgerAudit({ ...options, rowsPerRun });
      await audit.run(20_000);
      await cost();
      const run = await audit.run(20_000);
      return { run, ...(await cost()) };
    };
    const idle = await unitsOf(0);
    const all = await unitsOf(10_000);
    expect(all.run.completed).toEqual(['recent', 'rolling']);
    expect(all.run.entries).toBe((await books.audit()).entries);
    const rows = (await readTable(books.database.client, books.database.tables.ledger)).length;
    expect(all.units - idle.units).toBeLessThanOrEqual(2 * rows);
    expect(all.units - idle.units).toBeGreaterThan(0);
  });
});
