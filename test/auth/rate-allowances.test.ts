import { describe, expect, it } from '@jest/globals';
import { callerOf, defaultRatePolicy, type RatePolicy } from '../../lib/auth/index.ts';
import { onItsOwnMicros } from '../../lib/auth/rate-allowances.ts';
import type { TenantId } from '../../lib/ledger/index.ts';
import { client, excessOf, type SimulatedRequest, Simulation } from './rate-simulation.ts';

const rate: RatePolicy = { requestsPerSecond: 100, burst: 200 };

function every(ms: number, forMs: number, instance = 0, caller = client('one', rate)) {
  return Array.from({ length: Math.floor(forMs / ms) }, (_, i) => ({ caller, instance, atMs: i * ms }));
}

/** Times the rate that a client who presses asks for. */
const pressure = 6;

const served = (requests: readonly SimulatedRequest[]) => requests.filter(({ isAllowed }) => isAllowed).length;

describe('RateAllowances', () => {
  it.each([
    ['the usual', defaultRatePolicy],
    ['a slow', { requestsPerSecond: 2, burst: 10 }],
    ['the least', { requestsPerSecond: 1, burst: 1 }],
    ['a fast', { requestsPerSecond: 1_000, burst: 1_500 }],
    ['a short-breathed', { requestsPerSecond: 200, burst: 20 }],
  ])('gives an instance under pressure nine tenths of %s policy and more', async (_, policy) => {
    const simulation = new Simulation();
    const forMs = 20_000;
    const requests = await simulation.requests(
      every(1_000 / (pressure * policy.requestsPerSecond), forMs, 0, client('one', policy)),
    );
    expect(served(requests)).toBeGreaterThanOrEqual(0.9 * policy.requestsPerSecond * (forMs / 1_000));
  });

  it('gives an instance under pressure nine tenths while others are asked now and then', async () => {
    const simulation = new Simulation({ instances: 6 });
    const requests = await simulation.requests([
      ...every(4, 20_000),
      ...[1, 2, 3, 4, 5].flatMap((instance) => every(900, 20_000, instance)),
    ]);
    expect(served(requests)).toBeGreaterThanOrEqual(0.9 * 100 * 20);
  });

  it('refuses nobody who stays at four fifths of the rate, spread over many instances', async () => {
    const simulation = new Simulation({ instances: 8 });
    const requests = await simulation.requests(
      Array.from({ length: 1_600 }, (_, i) => ({ caller: client('one', rate), instance: (i * 5) % 8, atMs: i * 12.5 })),
    );
    expect(served(requests)).toBe(requests.length);
  });

  it.each([
    [20, rate],
    [50, { requestsPerSecond: 1_000, burst: 2_000 }],
    [10, { requestsPerSecond: 100, burst: 20 }],
    [10, { requestsPerSecond: 10, burst: 20 }],
  ])(
    'refuses nobody who stays at four fifths of the rate, spread over %d instances, of %j',
    async (instances, policy) => {
      const simulation = new Simulation({ instances });
      const caller = client('one', policy);
      const everyMs = 1_000 / (0.8 * policy.requestsPerSecond);
      // Over the full minute, when all of them begin to borrow.
      const requests = await simulation.requests(
        Array.from({ length: Math.floor(35_000 / everyMs) }, (_, i) => ({
          caller,
          instance: (i * 7) % instances,
          atMs: i * everyMs,
        })),
      );
      expect(served(requests)).toBe(requests.length);
    },
  );

  it.each([
    [1, 70],
    [10, 30],
    [50, 30],
    [90, 30],
    [250, 30],
  ])(
    'costs an instance that is asked %d times a second at most %d calls for 1,000 requests',
    async (perSecond, most) => {
      const simulation = new Simulation();
      const requests = await simulation.requests(every(1_000 / perSecond, 120_000));
      expect((1_000 * simulation.leases.calls) / requests.length).toBeLessThanOrEqual(most);
    },
  );

  it('lets requests that come together share a call', async () => {
    const simulation = new Simulation({ latencyMs: 50 });
    const caller = client('one', rate);
    const requests = await simulation.requests(Array.from({ length: 150 }, () => ({ caller, atMs: 0 })));
    expect(served(requests)).toBe(150);
    // The first knows nothing of the others, which come while it asks.
    expect(simulation.leases.calls).toBe(2);
  });

  it('gives four fifths of the burst at once after a pause, and refuses without a call until the next may come', async () => {
    const simulation = new Simulation();
    const caller = client('one', rate);
    const requests = await simulation.requests(Array.from({ length: 400 }, () => ({ caller, atMs: 0 })));
    expect(served(requests)).toBeGreaterThanOrEqual(160);
    expect(served(requests)).toBeLessThanOrEqual(200);
    const before = simulation.leases.calls;
    const refused = await simulation.requests(Array.from({ length: 100 }, () => ({ caller, atMs: 5 })));
    expect(served(refused)).toBeLessThanOrEqual(1);
    expect(simulation.leases.calls).toBe(before);
  });

  it('says what is left, and when another request may be made', async () => {
    const simulation = new Simulation({ latencyMs: 0 });
    const caller = client('one', { requestsPerSecond: 1, burst: 10 });
    const answers = Array.from({ length: 12 }, () => simulation.instance(0).take(caller));
    await simulation.time.run();
    const [first, ...others] = await Promise.all(answers);
    expect(first).toMatchObject({ isAllowed: true, policy: { requestsPerSecond: 1, burst: 10 } });
    expect(first?.resetSeconds).toBeGreaterThanOrEqual(1);
    expect(others.at(-1)).toMatchObject({ isAllowed: false, remaining: 0, resetSeconds: 1 });
    const remaining = others.map((allowance) => allowance?.remaining ?? Number.NaN);
    expect(remaining).toEqual(remaining.toSorted((one, other) => other - one));
  });

  it('keeps clients apart, and the users of one application', async () => {
    const simulation = new Simulation();
    const slow = { requestsPerSecond: 1, burst: 50 };
    const user = (subject: string, roles: readonly 'reader'[] = []) =>
      callerOf({ tenant: 'default' as TenantId, client: 'app', subject, roles, scopes: [], rate: slow });
    const flood = (caller: ReturnType<typeof user>) => Array.from({ length: 400 }, () => ({ caller, atMs: 0 }));
    await simulation.requests(flood(user('alice')));
    const others = await simulation.requests(
      [user('bob'), client('other', slow), user('carol', ['reader'])].map((caller) => ({ caller, atMs: 10 })),
    );
    expect(served(others)).toBe(3);
    // Whose credentials reach over the tenant acts for the client, whoever he is.
    await simulation.requests(flood(user('dave', ['reader'])));
    expect(served(await simulation.requests([{ caller: user('erin', ['reader']), atMs: 10 }]))).toBe(0);
  });

  it('says nothing of a caller that only the stage limits', async () => {
    const simulation = new Simulation();
    const caller = callerOf({
      tenant: 'default' as TenantId,
      client: 'd',
      roles: ['admin'],
      scopes: [],
      rate: 'unlimited',
    });
    expect(await simulation.instance(0).take(caller)).toBeUndefined();
    expect(simulation.leases.calls).toBe(0);
  });

  it('follows a policy that was changed', async () => {
    const simulation = new Simulation();
    const wide = await simulation.requests(every(10, 5_000, 0, client('one', { requestsPerSecond: 200, burst: 300 })));
    expect(served(wide)).toBe(wide.length);
    const narrow = { requestsPerSecond: 5, burst: 10 };
    const planned = every(10, 10_000, 0, client('one', narrow)).map(({ atMs, ...rest }) => ({
      ...rest,
      atMs: 8_000 + atMs,
    }));
    expect(served(await simulation.requests(planned))).toBeLessThanOrEqual(
      narrow.burst + 10 * narrow.requestsPerSecond,
    );
  });

  it('lets nobody wait for what was dealt under the policy of before', async () => {
    const simulation = new Simulation({ instances: 2 });
    const slow = client('one', { requestsPerSecond: 1, burst: 1_000 });
    await simulation.requests(Array.from({ length: 2_000 }, () => ({ caller: slow, atMs: 0 })));
    const requests = await simulation.requests(
      every(20, 5_000, 1).map(({ atMs, ...rest }) => ({ ...rest, atMs: 100 + atMs })),
    );
    expect(served(requests)).toBe(requests.length);
  });

  it.each([0, 1])('serves again when the clock of instance %d has been an hour ahead', async (asked) => {
    const simulation = new Simulation({ instances: 2, skewsMs: [3_600_000] });
    await simulation.requests(every(4, 2_000));
    simulation.skewsMs[0] = 0;
    const requests = await simulation.requests(
      every(20, 5_000, asked).map(({ atMs, ...rest }) => ({ ...rest, atMs: 2_000 + atMs })),
    );
    expect(served(requests)).toBe(requests.length);
  });

  it.each([
    ['every other lease', (call: number) => call % 2 === 0],
    ['two of three leases', (call: number) => call % 3 !== 0],
    ['one of ten leases', (call: number) => call % 10 === 5],
  ])('serves an instance no more than rate and burst while %s cannot be had', async (_, isFailing) => {
    const simulation = new Simulation();
    simulation.leases.isFailing = isFailing;
    const requests = await simulation.requests(every(1, 20_000));
    expect(excessOf(requests, rate)).toBeUndefined();
    expect(served(requests)).toBeGreaterThanOrEqual(0.9 * 100 * 20);
  });

  it('lets a client go on at its own rate while nothing can be leased, and says so once', async () => {
    const simulation = new Simulation();
    simulation.leases.isDown = true;
    const requests = await simulation.requests(every(4, 10_000));
    expect(served(requests)).toBeGreaterThanOrEqual(0.9 * 1_000);
    expect(served(requests)).toBeLessThanOrEqual(200 + 1_000);
    expect(simulation.leases.calls).toBeLessThanOrEqual(2 + 10_000_000 / onItsOwnMicros);
    simulation.leases.isDown = false;
    await simulation.requests([{ caller: client('one', rate), atMs: 20_000 }]);
    expect(simulation.log.lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', 'allowances cannot be leased; until they can, each instance counts requests by itself'],
      ['info', 'allowances can be leased again'],
    ]);
  });
});
