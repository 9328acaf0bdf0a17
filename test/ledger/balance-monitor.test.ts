import { describe, expect, it } from '@jest/globals';
import {
  type BalanceMonitor,
  changeMonitor,
  lookAt,
  type MonitorId,
  monitorStateAt,
  type Threshold,
  watchedAmount,
} from '../../lib/ledger/balance-monitor.ts';
import { account, usd } from '../support/ledger-fixture.ts';

const below = { side: 'below', amount: 100n } as const;
const above = { side: 'above', amount: 100n } as const;

function monitorOf(threshold: Threshold, rest: Partial<BalanceMonitor> = {}): BalanceMonitor {
  return {
    id: `mon_${'a'.repeat(26)}` as MonitorId,
    account: account('alice'),
    asset: usd,
    threshold,
    state: 'quiet',
    crossings: 0,
    createdAt: 1,
    version: 1,
    ...rest,
  };
}

describe('watchedAmount', () => {
  it('is what is available, or what is posted where there is no floor', () => {
    expect(watchedAmount({ posted: 100n, held: 30n, floor: -50n })).toBe(120n);
    expect(watchedAmount({ posted: -100n, held: 30n, floor: null })).toBe(-100n);
  });
});

describe('monitorStateAt', () => {
  it.each([
    [below, 101n, 'quiet'],
    [below, 100n, 'quiet'],
    [below, 99n, 'crossed'],
    [above, 99n, 'quiet'],
    [above, 100n, 'quiet'],
    [above, 101n, 'crossed'],
    [{ side: 'below', amount: -5n }, -6n, 'crossed'],
  ] as const)('with %o at %s is %s', (threshold, watched, state) => {
    expect(monitorStateAt(threshold, watched)).toBe(state);
  });
});

describe('lookAt', () => {
  it('counts a crossing when it finds one, and no other when it looks again', () => {
    const crossed = lookAt(monitorOf(below), 99n, 7);
    expect(crossed).toEqual(monitorOf(below, { state: 'crossed', crossings: 1, crossedAt: 7, version: 2 }));
    expect(lookAt(crossed, 0n, 8)).toBe(crossed);
  });

  it('is quiet again on the other side, and counts nothing', () => {
    const crossed = lookAt(monitorOf(above), 101n, 7);
    expect(lookAt(crossed, 100n, 8)).toEqual({ ...crossed, state: 'quiet', version: 3 });
  });
});

describe('changeMonitor', () => {
  it('begins anew with another threshold, in the state of the balance, and counts nothing', () => {
    const changed = changeMonitor(monitorOf(below, { crossings: 3, crossedAt: 5 }), { threshold: above }, 101n);
    expect(changed).toEqual(monitorOf(above, { crossings: 3, crossedAt: 5, state: 'crossed', version: 2 }));
  });

  it('leaves the state alone without one', () => {
    const described = changeMonitor(monitorOf(below), { description: 'Low' }, 0n);
    expect(described).toEqual(monitorOf(below, { description: 'Low', version: 2 }));
    expect(changeMonitor(described, { description: null }, 0n)).toEqual(monitorOf(below, { version: 3 }));
  });
});
