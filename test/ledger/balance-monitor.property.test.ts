import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type BalanceMonitor,
  lookAt,
  type MonitorId,
  monitorStateAt,
  type Threshold,
} from '../../lib/ledger/balance-monitor.ts';
import { account, usd } from '../support/ledger-fixture.ts';
import { check } from '../support/property.ts';

/** What happens: the balance changes, a looker reads, or a looker writes what it made of what it read. */
type Step =
  | { readonly kind: 'change'; readonly amount: bigint }
  | { readonly kind: 'read' | 'write'; readonly looker: number };

/** Several lookers are at work at once, each as often and as late as it likes, as messages that are doubled and reordered make them. */
const lookers = 3;

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('change' as const), amount: fc.bigInt({ min: -3n, max: 3n }) }),
  fc.record({ kind: fc.constantFrom('read' as const, 'write' as const), looker: fc.nat(lookers - 1) }),
);

const threshold: fc.Arbitrary<Threshold> = fc.record({
  side: fc.constantFrom('below' as const, 'above' as const),
  amount: fc.bigInt({ min: -2n, max: 2n }),
});

interface Balance {
  readonly amount: bigint;
  readonly version: number;
}

/** The store: a write passes only if monitor and balance are as they were read. */
class World {
  monitor: BalanceMonitor;
  balance: Balance = { amount: 0n, version: 1 };
  /** The changes of state, with what the balance had at that moment. */
  readonly flips: { readonly monitor: BalanceMonitor; readonly amount: bigint }[] = [];
  readonly #read = new Map<number, { readonly monitor: BalanceMonitor; readonly balance: Balance }>();

  constructor(watched: Threshold) {
    this.monitor = {
      id: `mon_${'a'.repeat(26)}` as MonitorId,
      account: account('alice'),
      asset: usd,
      threshold: watched,
      state: monitorStateAt(watched, 0n),
      crossings: 0,
      createdAt: 0,
      version: 1,
    };
  }

  take(step: Step): void {
    if (step.kind === 'change') this.balance = { amount: step.amount, version: this.balance.version + 1 };
    else if (step.kind === 'read') this.#read.set(step.looker, { monitor: this.monitor, balance: this.balance });
    else this.#write(step.looker);
  }

  #write(looker: number): void {
    const read = this.#read.get(looker);
    if (!read) return;
    const next = lookAt(read.monitor, read.balance.amount, this.flips.length);
    if (next === read.monitor) return;
    if (read.monitor.version !== this.monitor.version || read.balance.version !== this.balance.version) return;
    this.monitor = next;
    this.flips.push({ monitor: next, amount: this.balance.amount });
  }
}

describe('a balance monitor', () => {
  it('crosses and recovers in turn, each when it is true, whoever looks when and how often', () => {
    check(
      fc.property(threshold, fc.array(step, { maxLength: 60 }), (watched, steps) => {
        const world = new World(watched);
        const before = world.monitor.state;
        for (const one of steps) world.take(one);
        // The last change has a look of its own behind it, and it may come twice.
        for (const kind of ['read', 'write', 'read', 'write'] as const) world.take({ kind, looker: 0 });

        const states = [before, ...world.flips.map(({ monitor }) => monitor.state)];
        for (const [index, state] of states.entries()) if (index > 0) expect(state).not.toBe(states[index - 1]);
        for (const { monitor, amount } of world.flips) expect(monitor.state).toBe(monitorStateAt(watched, amount));
        expect(world.monitor.state).toBe(monitorStateAt(watched, world.balance.amount));
        // The numbers of the crossings are those of its events: 1, 2, 3 … without gaps.
        const numbers = world.flips
          .filter(({ monitor }) => monitor.state === 'crossed')
          .map(({ monitor }) => monitor.crossings);
        expect(numbers).toEqual(numbers.map((_, index) => index + 1));
        expect(world.monitor.crossings).toBe(numbers.length);
      }),
      500,
    );
  });
});
