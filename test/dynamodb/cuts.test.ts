import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../lib/dynamodb/index.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';

/** How long a commit may take in this test, and how far the instances' clocks are off, in milliseconds. */
const commitMs = 800;
const skewMs = 300;

/** A cut this old is settled: nothing decided before it can still land. */
const settledAfterMs = commitMs + 2 * skewMs;

const ids = ['world', ...Array.from({ length: 8 }, (_, i) => `user${i}`)];

let books: LedgerFixture;
beforeAll(async () => {
  books = await startLedger();
  for (const id of ids.slice(1)) await books.createAccount(id, { funds: 1_000n });
});
afterAll(() => books.stop());

/** The sum of all balances as they were at an instant. */
async function sumAt(instant: number): Promise<bigint> {
  const balances = await Promise.all(ids.map((id) => books.ledger.balances.at(tenant, account(id), usd, instant)));
  return balances.reduce((sum, { posted }) => sum + posted, 0n);
}

describe('a cut at an instant', () => {
  it('nets to zero while transfers go on, from instances whose clocks differ', async () => {
    const startedAt = Date.now();
    let isOver = false;
    let posts = 0;
    const instances = [-skewMs, 0, skewMs].map((offset) =>
      books.open({ clock: { ...systemClock, now: () => Date.now() + offset } }),
    );
    const load = instances.map(async (instance, which) => {
      for (let n = 0; !isOver; n++) {
        const source = ids[1 + ((n * 3 + which) % 8)] as string;
        const destination = ids[1 + ((n * 5 + which + 1) % 8)] as string;
        if (source === destination) continue;
        const { kind } = await instance.post(transfer(source, destination, 1 + (n % 7)), commitMs);
        if (kind === 'settled') posts++;
      }
    });
    let cuts = 0;
    for (
      let settled = 0;
      settled < 2_000 || cuts <= 10 || posts <= 50;
      settled = Date.now() - settledAfterMs - startedAt
    ) {
      if (settled <= 0) {
        // Nothing has settled yet: one read of the database is as good a wait as any.
        await sumAt(startedAt);
        continue;
      }
      expect(await sumAt(startedAt + Math.floor(Math.random() * settled))).toBe(0n);
      cuts++;
    }
    isOver = true;
    await Promise.all(load);
    const { findings, posted } = await books.audit();
    expect(findings).toEqual([]);
    expect(cuts).toBeGreaterThan(10);
    expect(posted).toBeGreaterThan(50);
    for (const instance of instances) instance.client.destroy();
  });

  it('is the balance of the entries up to and at the instant', async () => {
    await books.createAccount('zoe', { funds: 5n });
    for (let i = 0; i < 5; i++) await books.ledger.post(transfer('zoe', 'world', 1), 5_000);
    const { entries } = await books.ledger.entries.page({ tenant, account: account('zoe'), order: 'asc', limit: 10 });
    for (const [index, entry] of entries.entries()) {
      // Several entries may share a millisecond; the cut is after the last of them.
      if (entries[index + 1]?.createdAt === entry.createdAt) continue;
      const at = await books.ledger.balances.at(tenant, account('zoe'), usd, entry.createdAt);
      expect(at).toMatchObject({ posted: entry.balanceAfter, sequence: entry.sequence, updatedAt: entry.createdAt });
    }
    const first = entries[0]?.createdAt ?? 0;
    expect(await books.ledger.balances.at(tenant, account('zoe'), usd, first - 1)).toMatchObject({
      posted: 0n,
      sequence: 0,
    });
  });
});
