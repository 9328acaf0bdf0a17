import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type Balance,
  type Commitment,
  changeAccount,
  type DebitLimits,
  type DebitUse,
  decide,
  findExceeded,
  type PostTransactionRequest,
  reverseTransaction,
  useAfter,
  usedAt,
} from '../../lib/ledger/index.ts';
import { parameters } from '../support/property.ts';
import { accountOf, commandOf, posting, transactionOf, usd, WrittenState } from './state-fixture.ts';

const hour = 3_600_000;
const day = 24 * hour;
/** Midnight of some day. */
const midnight = 20_000 * day;

function decided(state: WrittenState, amount: bigint, now: number, rest: Partial<PostTransactionRequest> = {}) {
  return decide(commandOf([posting('alice', 'bob', amount)], rest), state, { now, salt: 'salt' });
}

function limited(limits: DebitLimits, rest: Partial<Balance> = {}): WrittenState {
  const account = { limits: new Map([[usd, limits]]) };
  return new WrittenState().withBalance('alice', 10_000n, rest, account).withBalance('bob', 0n);
}

/** Carries out what was decided. */
function apply(state: WrittenState, decision: { kind: string }): void {
  if (decision.kind !== 'commit') return;
  for (const { after } of (decision as Commitment).changes)
    state.balances.set(`${after.account}#${after.asset}`, after);
}

describe('limits of debits', () => {
  it('take a debit up to the limit, and decline the one beyond with what was used', () => {
    const state = limited({ hour: { amount: 100n } });
    apply(state, decided(state, 60n, midnight));
    apply(state, decided(state, 40n, midnight + 1));
    expect(decided(state, 1n, midnight + 2)).toEqual({
      kind: 'decline',
      reason: 'limit_exceeded',
      evidence: {
        account: 'alice',
        asset: usd,
        window: 'hour',
        measure: 'amount',
        limit: 100n,
        used: 100n,
        required: 1n,
      },
    });
  });

  it('start anew with each hour and day of UTC, by the time of the transaction', () => {
    const state = limited({ hour: { count: 1 }, day: { count: 2 } });
    const kinds = [0, hour - 1, hour, 2 * hour, day - 1, day].map((offset) => {
      const decision = decided(state, 1n, midnight + offset);
      apply(state, decision);
      return decision.kind === 'decline' ? decision.evidence.window : decision.kind;
    });
    expect(kinds).toEqual(['commit', 'hour', 'commit', 'day', 'day', 'commit']);
  });

  it('go by the time that the transaction gets, which its balances may push ahead', () => {
    const use = useAfter(undefined, 1n, midnight);
    const state = limited({ hour: { count: 1 } }, { lastEntryAt: midnight, debits: use });
    // A clock that is behind: by its own hour nothing was used.
    expect(decided(state, 1n, midnight - 1).kind).toBe('decline');
  });

  it('count what the ones before in the same transaction took', () => {
    const state = limited({ day: { amount: 100n } });
    const postings = [posting('alice', 'bob', 60n), posting('alice', 'bob', 41n)];
    expect(decided(state, 0n, midnight, { postings })).toMatchObject({ evidence: { used: 60n, required: 41n } });
  });

  it('are looked at hour before day, amount before count, and behind the funds', () => {
    const everything = { amount: 5n, count: 1 };
    const use = useAfter(undefined, 5n, midnight);
    const exceeded = (limits: DebitLimits) => {
      const found = findExceeded(limits, use, 1n, midnight);
      return found && `${found.window} ${found.measure}`;
    };
    expect(exceeded({ day: everything, hour: everything })).toBe('hour amount');
    expect(exceeded({ day: everything, hour: { amount: 6n, count: 1 } })).toBe('hour count');
    expect(exceeded({ day: everything })).toBe('day amount');
    expect(exceeded({ day: { count: 1 } })).toBe('day count');
    expect(exceeded({ day: { amount: 6n, count: 2 } })).toBeUndefined();
    const state = limited({ hour: { amount: 5n } });
    expect(decided(state, 10_001n, midnight)).toMatchObject({ reason: 'insufficient_funds' });
  });

  it('do not count fees, nor an overdraft that a reversal was allowed', () => {
    const state = limited({ hour: { amount: 100n, count: 1 } }).with('fees', { unbounded: true });
    const rule = { type: 'transfer', asset: usd, flat: 7n, payer: 'source' as const, feeAccount: 'fees' as never };
    state.fees = [{ version: 1, effectiveAt: 0, createdAt: 0, rules: [rule] }];
    apply(state, decided(state, 100n, midnight));
    expect(state.balance('alice' as never, usd)?.debits?.hour).toMatchObject({ amount: 100n, count: 1 });
    const transaction = transactionOf(decided(state, 5n, midnight + hour) as Commitment);
    const back = { ...transaction, postings: [posting('bob', 'alice', 60n)] };
    state.reversibles.set(back.id, { transaction: back, reversedAmount: 0n, lastReversal: null, reversals: 0 });
    for (const mayOverdraw of [false, true]) {
      const command = reverseTransaction({ tenant: 'default' as never, key: 'back', reverses: back.id, mayOverdraw });
      const decision = decide(command, state, { now: midnight, salt: 'salt' });
      expect(decision.kind).toBe(mayOverdraw ? 'commit' : 'decline');
      if (decision.kind !== 'commit') continue;
      const after = decision.changes.find((change) => change.after.account === 'alice')?.after;
      expect(after?.debits?.hour.count).toBe(1);
    }
  });

  it('do not concern credits, nor the debits of other assets', () => {
    const state = limited({ hour: { count: 1 } }).withBalance('alice', 50n, { asset: 'GOLD' as never });
    state.assets.add('GOLD');
    state.withBalance('bob', 10n, { asset: 'GOLD' as never });
    for (let i = 0; i < 3; i++) {
      const postings = [posting('alice', 'bob', 1n, 'GOLD'), posting('bob', 'alice', 1n, 'GOLD')];
      const decision = decided(state, 0n, midnight, { postings });
      expect(decision.kind).toBe('commit');
      apply(state, decision);
    }
  });

  it('leave no trace on a balance without any', () => {
    const state = new WrittenState().withBalance('alice', 10n).withBalance('bob', 0n);
    const decision = decided(state, 1n, midnight);
    if (decision.kind !== 'commit') throw new Error('was not posted');
    for (const { after } of decision.changes) {
      expect(Object.keys(after)).not.toContain('debits');
      expect(Object.keys(after)).not.toContain('limits');
    }
  });

  it('never let more out within a window than they say, whatever the order and the amounts', () => {
    const debit = fc.record({ waitMs: fc.nat({ max: hour }), amount: fc.bigInt(1n, 60n) });
    fc.assert(
      fc.property(
        fc.array(debit, { maxLength: 60 }),
        fc.bigInt(1n, 100n),
        fc.integer({ min: 1, max: 6 }),
        (debits, most, times) => {
          const limits = { hour: { amount: most, count: times }, day: { amount: 3n * most } };
          const state = limited(limits);
          const out = new Map<string, { amount: bigint; count: number }>();
          let now = midnight;
          for (const { waitMs, amount } of debits) {
            now += waitMs;
            const windows = [`hour ${Math.floor(now / hour)}`, `day ${Math.floor(now / day)}`] as const;
            const [inHour, inDay] = windows.map((name) => out.get(name) ?? { amount: 0n, count: 0 });
            const fits =
              (inHour?.amount ?? 0n) + amount <= most &&
              (inHour?.count ?? 0) < times &&
              (inDay?.amount ?? 0n) + amount <= 3n * most;
            const decision = decided(state, amount, now);
            expect(decision.kind).toBe(fits ? 'commit' : 'decline');
            if (!fits) continue;
            for (const name of windows) {
              const used = out.get(name) ?? { amount: 0n, count: 0 };
              out.set(name, { amount: used.amount + amount, count: used.count + 1 });
            }
            apply(state, decision);
          }
        },
      ),
      parameters(100),
    );
  });
});

describe('usedAt', () => {
  it('is nothing in a later window, and nothing before the first debit', () => {
    const use: DebitUse = useAfter(useAfter(undefined, 2n, midnight), 3n, midnight + hour);
    expect(usedAt(use, 'hour', midnight + hour + 1)).toEqual({ startedAt: midnight + hour, amount: 3n, count: 1 });
    expect(usedAt(use, 'day', midnight + hour + 1)).toEqual({ startedAt: midnight, amount: 5n, count: 2 });
    expect(usedAt(use, 'day', midnight + day)).toEqual({ startedAt: midnight + day, amount: 0n, count: 0 });
    expect(usedAt(undefined, 'hour', midnight)).toMatchObject({ amount: 0n, count: 0 });
  });
});

describe('a change of limits or of what freezing stops', () => {
  const balance = (rest: Partial<Balance> = {}): Balance => {
    const state = new WrittenState().withBalance('alice', 5n, rest);
    return state.balance('alice' as never, usd) as Balance;
  };

  it('goes to the balances, whatever has become of them meanwhile', () => {
    const patch = { freezes: 'all' as const, limits: new Map([[usd, { hour: { count: 1 } }]]) };
    const { account, adjustments } = changeAccount(accountOf('alice'), [balance()], patch);
    expect(account).toMatchObject({ freezes: 'all', limits: patch.limits });
    expect(adjustments).toMatchObject([{ freezes: 'all', limits: { hour: { count: 1 } }, ifUnchanged: false }]);
  });

  it('gives the assets it names all their limits anew, takes away those that are null, and keeps the others', () => {
    const gold = 'GOLD' as never;
    const gems = 'GEMS' as never;
    const limits = new Map(
      [usd, gold, gems].map((asset): [never, DebitLimits] => [asset as never, { hour: { count: 1 } }]),
    );
    const patch = {
      limits: new Map<never, DebitLimits | null>([
        [usd as never, { day: { count: 2 } }],
        [gold, null],
      ]),
    };
    const { account } = changeAccount(accountOf('alice', { limits }), [], patch);
    expect([...(account.limits ?? [])]).toEqual([
      [usd, { day: { count: 2 } }],
      [gems, { hour: { count: 1 } }],
    ]);
  });

  it('leaves nothing behind when the last limit goes and freezing stops debits only', () => {
    const limits = new Map([[usd, { hour: { count: 1 } }]]);
    const before = accountOf('alice', { freezes: 'all', limits });
    const patch = { freezes: 'debits' as const, limits: new Map([[usd, null]]) };
    const { account, adjustments } = changeAccount(
      before,
      [balance({ freezes: 'all', limits: { hour: { count: 1 } } })],
      patch,
    );
    expect(Object.keys(account)).not.toContain('limits');
    expect(Object.keys(account)).not.toContain('freezes');
    expect(adjustments).toHaveLength(1);
    expect(adjustments[0]).not.toHaveProperty('limits');
  });

  it('changes no balance that has its copies already', () => {
    const limits = new Map([[usd, { hour: { count: 1 } }]]);
    const { adjustments } = changeAccount(
      accountOf('alice', { limits }),
      [balance({ limits: { hour: { count: 1 } } })],
      {},
    );
    expect(adjustments).toEqual([]);
  });
});

describe('a frozen account', () => {
  const state = (freezes?: 'all') => {
    const account = { status: 'frozen' as const, ...(freezes && { freezes }) };
    return new WrittenState().withBalance('alice', 100n).withBalance('bob', 100n, {}, account);
  };

  it('takes credits where only debits are frozen', () => {
    expect(decided(state(), 1n, midnight).kind).toBe('commit');
  });

  it('takes no credits where all is frozen', () => {
    const decline = { kind: 'decline', reason: 'account_frozen', evidence: { account: 'bob' } };
    expect(decided(state('all'), 1n, midnight)).toEqual(decline);
    // Before the funds are looked at.
    expect(decided(state('all'), 101n, midnight)).toEqual(decline);
  });

  it('takes no debits either way', () => {
    for (const freezes of [undefined, 'all'] as const) {
      const postings = [posting('bob', 'alice', 1n)];
      expect(decided(state(freezes), 0n, midnight, { postings })).toMatchObject({ reason: 'account_frozen' });
    }
  });
});
