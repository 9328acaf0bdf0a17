import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { leaseTimeoutMs, StoredRateLeases } from '../../lib/auth/rate-leases.ts';
import { type RateTerms, rateTermsOf } from '../../lib/auth/rate-terms.ts';
import { endOfMinute, minuteOf, planLease, type Timeline } from '../../lib/auth/rate-timeline.ts';
import type { TenantId } from '../../lib/ledger/index.ts';
import { allowanceKey } from '../../lib/platform/keys.ts';
import { type PlatformFixture, startPlatform } from '../platform/platform-fixture.ts';
import { holdTimeouts } from '../support/held-timeouts.ts';
import { parameters } from '../support/property.ts';
import { until } from '../support/until.ts';

const policy = { requestsPerSecond: 100, burst: 200 };
const terms = rateTermsOf(policy);
const start = 1_700_000_000_000_000;
const patienceMs = 10_000;
const wish = { atLeast: 1, atMost: 40, waiting: 0, loan: 10 };

let platform: PlatformFixture;
let leases: StoredRateLeases;
let clients = 0;
beforeAll(async () => {
  platform = await startPlatform();
  // What is not about time is not to fail where this machine is busy.
  leases = new StoredRateLeases(platform.table, patienceMs);
});
afterAll(() => platform.stop());
beforeEach(() => {
  platform.proxy.rules.length = 0;
  platform.proxy.log.length = 0;
});

/** The key of a client that nobody has asked for. */
function freshKey() {
  clients += 1;
  return allowanceKey('default' as TenantId, `cli_${clients}`, policy);
}

const updates = () => platform.proxy.log.map(({ operation }) => operation);

async function itemOf(key: { PK: string }): Promise<Record<string, unknown> | undefined> {
  return (await platform.items()).find(({ PK }) => PK === key.PK);
}

describe('StoredRateLeases', () => {
  it('leases from now on where nothing was leased, by one write of an item that expires', async () => {
    const key = freshKey();
    const answer = await leases.lease(key, undefined, wish, terms, start);
    const minute = minuteOf(start);
    expect(answer).toEqual({
      kind: 'lease',
      lease: { from: start, slots: 50, minute, loan: 10 },
      timeline: { dealtUntil: start + 50 * terms.slotMicros, minute, lent: 10 },
    });
    expect(updates()).toEqual(['UpdateItem']);
    const { expiresAtSeconds } = (await itemOf(key)) ?? {};
    expect(Number(expiresAtSeconds)).toBeGreaterThan(endOfMinute(minute) / 1_000_000);
    expect(Number(expiresAtSeconds)).toBeLessThan(start / 1_000_000 + 200);
  });

  it('finds out what others have leased, by what refuses its first write', async () => {
    const key = freshKey();
    await leases.lease(key, undefined, wish, terms, start);
    const answer = await leases.lease(key, undefined, wish, terms, start + 1_000);
    expect(answer).toMatchObject({
      kind: 'lease',
      lease: { from: start + 50 * terms.slotMicros, slots: 50, loan: 10 },
    });
    expect(updates()).toEqual(['UpdateItem', 'UpdateItem', 'UpdateItem']);
  });

  it('gives what is left, then nothing, and asks nobody while it knows that there is nothing', async () => {
    const key = freshKey();
    const all = { atLeast: 239, atMost: 10_000, waiting: 0, loan: 0 };
    const first = await leases.lease(key, undefined, all, terms, start);
    const most = terms.reachMicros + terms.aheadMicros;
    const room = Math.floor(most / terms.slotMicros);
    expect(first).toMatchObject({ kind: 'lease', lease: { slots: room } });
    platform.proxy.log.length = 0;
    const refused = await leases.lease(key, first.timeline, { ...wish, atLeast: 3 }, terms, start + 10_000);
    expect(refused).toMatchObject({ kind: 'refused', until: start + (room + 3) * terms.slotMicros - most });
    expect(updates()).toEqual([]);
  });

  it('lets leases at the same instant be, each with slots of its own', async () => {
    const key = freshKey();
    const seed = await leases.lease(key, undefined, { ...wish, atMost: 5, loan: 0 }, terms, start);
    platform.proxy.log.length = 0;
    const known = seed.timeline;
    const few = { atLeast: 10, atMost: 10, waiting: 0, loan: 0 };
    const answers = await Promise.all(Array.from({ length: 12 }, () => leases.lease(key, known, few, terms, start)));
    const begins = answers.map((answer) => (answer.kind === 'lease' ? answer.lease.from : Number.NaN));
    expect(begins.toSorted()).toEqual(Array.from({ length: 12 }, (_, i) => start + (5 + 10 * i) * terms.slotMicros));
    expect(updates()).toHaveLength(12);
  });

  it('lends no more than the loan in a minute, and all of it again in the next', async () => {
    const key = freshKey();
    const one = { atLeast: 1, atMost: 1, waiting: 0, loan: 15 };
    const loans: number[] = [];
    for (let i = 0; i < 5; i++) {
      const answer = await leases.lease(key, undefined, one, terms, start + i);
      if (answer.kind === 'lease') loans.push(answer.lease.loan);
    }
    expect(loans).toEqual([15, 15, 10, 0, 0]);
    const fullMinute = endOfMinute(minuteOf(start));
    const next = await leases.lease(key, undefined, one, terms, fullMinute);
    expect(next).toMatchObject({ kind: 'lease', lease: { loan: 15 } });
    // Whose clock is behind gets slots, and no loan of a minute that others take to be over.
    const behind = await leases.lease(key, next.timeline, one, terms, fullMinute - 1_000);
    expect(behind).toMatchObject({
      kind: 'lease',
      lease: { loan: 0 },
      timeline: { minute: minuteOf(start) + 1, lent: 15 },
    });
  });

  it('starts anew where somebody whose clock was far ahead has dealt, and lets nobody wait for that', async () => {
    const key = freshKey();
    const ahead = await leases.lease(key, undefined, wish, terms, start + 3_600_000_000);
    for (const known of [undefined, ahead.timeline]) {
      const answer = await leases.lease(key, known, wish, terms, start);
      expect(answer).toMatchObject({ kind: 'lease', lease: { slots: 50, loan: 10 } });
    }
    // A little ahead is no more than somebody who was quicker.
    const little = await leases.lease(freshKey(), undefined, { ...wish, atMost: 200 }, terms, start + 2_000_000);
    expect(await leases.lease(key, little.timeline, wish, terms, start)).toMatchObject({ kind: 'refused' });
  });

  it('keeps an item as the plan says, whatever is asked and whenever', async () => {
    const asked = fc.record({
      // Clocks differ, some of them by far.
      afterMicros: fc.oneof(fc.nat({ max: 40_000 }), fc.integer({ min: -90_000_000, max: 90_000_000 })),
      atMost: fc.integer({ min: 1, max: 120 }),
      loan: fc.nat({ max: 15 }),
      isKnown: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(asked, { minLength: 1, maxLength: 12 }), async (requests) => {
        const key = freshKey();
        let expected: Timeline | undefined;
        let now = start;
        for (const { afterMicros, atMost, loan, isKnown } of requests) {
          now += afterMicros;
          const wanted = { atLeast: 1, atMost, waiting: 0, loan };
          const plan = planLease(expected, wanted, terms, now);
          const answer = await leases.lease(key, isKnown ? expected : undefined, wanted, terms, now);
          expected = timelineAfter(plan, expected, terms);
          if (plan.kind === 'refused') expect(answer).toEqual({ ...plan, timeline: expected });
          else expect(answer).toEqual({ kind: 'lease', lease: plan.lease, timeline: expected });
        }
      }),
      parameters(25),
    );
  });

  it('gives up after its time, once', async () => {
    platform.proxy.rules.push({ operation: 'UpdateItem', fault: { kind: 'hang', when: 'before' } });
    const timeouts = holdTimeouts();
    try {
      const lease = leases.lease(freshKey(), undefined, wish, terms, start);
      await until('it is asked for', () => updates().length > 0);
      timeouts.runOut();
      await expect(lease).rejects.toMatchObject({ name: 'AbortError' });
      expect(updates()).toEqual(['UpdateItem']);
      // Whether this machine is quick enough for the usual time is no matter here.
      await Promise.allSettled([new StoredRateLeases(platform.table).lease(freshKey(), undefined, wish, terms, start)]);
      expect(timeouts.asked).toEqual([patienceMs, leaseTimeoutMs]);
    } finally {
      timeouts.release();
    }
  });

  it.each([{ kind: 'throttle' }, { kind: 'serverError', when: 'before' }, { kind: 'cut' }] as const)(
    'does not try again after $kind',
    async (fault) => {
      platform.proxy.rules.push({ operation: 'UpdateItem', fault: fault as never });
      await expect(leases.lease(freshKey(), undefined, wish, terms, start)).rejects.toThrow();
      expect(updates()).toEqual(['UpdateItem']);
    },
  );
});

function timelineAfter(
  plan: ReturnType<typeof planLease>,
  before: Timeline | undefined,
  { slotMicros }: RateTerms,
): Timeline | undefined {
  if (plan.kind === 'refused') return before;
  const { from, slots, minute, loan } = plan.lease;
  const dealtUntil = from + slots * slotMicros;
  if (loan === 0) return { dealtUntil, minute: before?.minute ?? -1, lent: before?.lent ?? 0 };
  return { dealtUntil, minute, lent: before?.minute === minute ? before.lent + loan : loan };
}
