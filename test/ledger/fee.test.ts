import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type AccountId,
  type AssetCode,
  askedPostings,
  checkFeeRules,
  decide,
  extendTimeline,
  type FeeRule,
  type FeeSchedule,
  feeBalances,
  feeOf,
  feesOf,
  LedgerError,
  maxClockSkewMs,
  maxCommitMs,
  maxFeeRules,
  maxFeeTimelineAgeMs,
  maxFeeWriteMs,
  minFeeNoticeMs,
  type PostTransactionRequest,
  planFees,
  postBatch,
  reverseTransaction,
  scheduleAt,
  type TenantId,
} from '../../lib/ledger/index.ts';
import { parameters } from '../support/property.ts';
import { commandOf, posting, transactionOf, usd, WrittenState } from './state-fixture.ts';

function ruleOf(rest: Partial<FeeRule> = {}): FeeRule {
  return { type: 'transfer', asset: usd, basisPoints: 150, payer: 'source', feeAccount: 'fees' as AccountId, ...rest };
}

function scheduleOf(version: number, effectiveAt: number, ...rules: FeeRule[]): FeeSchedule {
  return { version, effectiveAt, createdAt: effectiveAt - minFeeNoticeMs, rules };
}

const now = 1_000_000;
const circumstances = { now, salt: 'salt' };

function booksWith(...rules: FeeRule[]): WrittenState {
  const state = new WrittenState()
    .withBalance('alice', 1_000n)
    .withBalance('bob', 0n)
    .with('fees', { unbounded: true })
    .with('carol');
  state.fees = [scheduleOf(3, 0, ...rules)];
  return state;
}

function decided(state: WrittenState, amount: bigint, rest: Partial<PostTransactionRequest> = {}) {
  return decide(commandOf([posting('alice', 'bob', amount)], rest), state, circumstances);
}

function posted(state: WrittenState, amount: bigint) {
  const decision = decided(state, amount);
  if (decision.kind !== 'commit') throw new Error(`was not posted: ${JSON.stringify(decision.kind)}`);
  return transactionOf(decision);
}

describe('feeOf', () => {
  it.each<[string, Partial<FeeRule>, bigint, bigint]>([
    ['1.5 % of 1,000', { basisPoints: 150 }, 1_000n, 15n],
    ['half a unit goes to the even one below', { basisPoints: 150 }, 300n, 4n],
    ['half a unit goes to the even one above', { basisPoints: 150 }, 100n, 2n],
    ['flat and proportional together', { flat: 25n }, 1_000n, 40n],
    ['flat alone', { flat: 25n, basisPoints: undefined as never }, 1_000n, 25n],
    ['not less than the minimum', { minimum: 30n }, 1_000n, 30n],
    ['not more than the maximum', { maximum: 10n }, 1_000n, 10n],
    ['nothing of very little', { basisPoints: 1 }, 5_000n, 0n],
  ])('%s', (_, rest, amount, expected) => {
    const { basisPoints, ...others } = { ...ruleOf(), ...rest };
    expect(feeOf({ ...others, ...(basisPoints !== undefined && { basisPoints }) }, amount)).toBe(expected);
  });

  it('is the exact rational, rounded half to even, and held between minimum and maximum', () => {
    const anyRule = fc.record({
      flat: fc.option(fc.bigInt(1n, 10n ** 30n), { nil: undefined }),
      basisPoints: fc.integer({ min: 1, max: 10_000 }),
      minimum: fc.option(fc.bigInt(1n, 10n ** 15n), { nil: undefined }),
      maximum: fc.option(fc.bigInt(10n ** 15n, 10n ** 31n), { nil: undefined }),
    });
    fc.assert(
      fc.property(anyRule, fc.bigInt(1n, 10n ** 30n), ({ flat, basisPoints, minimum, maximum }, amount) => {
        const rule = {
          ...ruleOf({ basisPoints }),
          ...(flat !== undefined && { flat }),
          ...(minimum !== undefined && { minimum }),
          ...(maximum !== undefined && { maximum }),
        };
        const fee = feeOf(rule, amount);
        expect(minimum === undefined || fee >= minimum).toBe(true);
        expect(maximum === undefined || fee <= maximum).toBe(true);
        if (fee === minimum || fee === maximum) return;
        // In ten-thousandths of a unit, so that both sides are whole.
        const error = 10_000n * (fee - (flat ?? 0n)) - amount * BigInt(basisPoints);
        const distance = error < 0n ? -error : error;
        expect(distance <= 5_000n).toBe(true);
        if (distance === 5_000n) expect((fee - (flat ?? 0n)) % 2n).toBe(0n);
      }),
      parameters(500),
    );
  });
});

describe('a transaction with a fee', () => {
  it("takes the source's fee on top of what it sends, in the same transaction", () => {
    const transaction = posted(booksWith(ruleOf()), 200n);
    expect(transaction.postings).toEqual([posting('alice', 'bob', 200n), posting('alice', 'fees', 3n)]);
    expect(transaction.entries.map(({ account, amount }) => [account, amount])).toEqual([
      ['alice', -200n],
      ['bob', 200n],
      ['alice', -3n],
      ['fees', 3n],
    ]);
    expect(transaction.feeVersion).toBe(3);
    expect(feesOf(transaction)).toEqual([{ ...posting('alice', 'fees', 3n), payer: 'source' }]);
    expect(askedPostings(transaction)).toEqual([posting('alice', 'bob', 200n)]);
  });

  it("takes the destination's fee out of what it was credited", () => {
    const transaction = posted(booksWith(ruleOf({ payer: 'destination' })), 200n);
    expect(transaction.entries.at(2)).toMatchObject({ account: 'bob', amount: -3n, balanceAfter: 197n });
    expect(feesOf(transaction)).toMatchObject([{ payer: 'destination' }]);
  });

  it("takes both, the source's first, whatever the order of the rules", () => {
    const rules = [ruleOf({ payer: 'destination', basisPoints: 100 }), ruleOf()];
    const fees = feesOf(posted(booksWith(...rules), 200n));
    expect(fees.map(({ payer, amount }) => [payer, amount])).toEqual([
      ['source', 3n],
      ['destination', 2n],
    ]);
  });

  it('is declined whole when the fee is not covered, and says what was missing for it', () => {
    expect(decided(booksWith(ruleOf()), 1_000n)).toEqual({
      kind: 'decline',
      reason: 'insufficient_funds',
      evidence: { account: 'alice', asset: usd, available: 0n, required: 15n },
    });
    expect(decided(booksWith(ruleOf()), 985n).kind).toBe('commit');
    expect(decided(booksWith(ruleOf()), 986n).kind).toBe('decline');
  });

  it.each<[string, FeeRule, Partial<PostTransactionRequest>]>([
    ['another type', ruleOf(), { type: 'payout' }],
    ['another asset', ruleOf({ asset: 'GOLD' as AssetCode }), {}],
    ['several postings', ruleOf(), { postings: [posting('alice', 'bob', 200n), posting('alice', 'bob', 1n)] }],
  ])('is not one of %s', (_, rule, rest) => {
    const decision = decided(booksWith(rule), 200n, rest);
    if (decision.kind !== 'commit') throw new Error('was not posted');
    expect(transactionOf(decision).feeVersion).toBeUndefined();
    expect(feesOf(transactionOf(decision))).toEqual([]);
  });

  it('has no posting for a fee of nothing, but remembers the version', () => {
    const transaction = posted(booksWith(ruleOf({ basisPoints: 1 })), 200n);
    expect(transaction.postings).toHaveLength(1);
    expect(transaction.feeVersion).toBe(3);
  });

  it('takes no fee that its payer would pay to itself', () => {
    const transaction = posted(booksWith(ruleOf({ feeAccount: 'alice' as AccountId })), 200n);
    expect(transaction.postings).toHaveLength(1);
  });

  it('is refused where the fee account is missing, and declined where it is closed', () => {
    expect(decided(booksWith(ruleOf({ feeAccount: 'nobody' as AccountId })), 200n)).toMatchObject({
      kind: 'refuse',
      code: 'account_not_found',
      account: 'nobody',
    });
    const closed = booksWith(ruleOf()).with('fees', { status: 'closed' });
    expect(decided(closed, 200n)).toMatchObject({ reason: 'account_closed', evidence: { account: 'fees' } });
  });

  it('is the same request whatever the schedule', () => {
    const hashes = [booksWith(ruleOf()), booksWith()].map(() => commandOf([posting('alice', 'bob', 1n)]).requestHash);
    expect(new Set(hashes).size).toBe(1);
  });

  it('is never decided without the schedules', () => {
    const state = booksWith();
    expect(() =>
      decide(
        commandOf([posting('alice', 'bob', 1n)]),
        Object.assign(state, { feeTimeline: () => undefined }),
        circumstances,
      ),
    ).toThrow('without the fee schedules');
  });

  it('is a member of a batch as by itself, and the next member sees the fee taken', () => {
    const member = (amount: bigint) => ({ type: 'transfer', postings: [posting('alice', 'bob', amount)] });
    const batch = postBatch({ tenant: 'default' as TenantId, key: 'key', transactions: [member(500n), member(400n)] });
    const decision = decide(batch, booksWith(ruleOf({ basisPoints: 1_000 })), circumstances);
    // 500 and 50, 400 and 40: 990 of 1,000.
    if (decision.kind !== 'commit') throw new Error('was not posted');
    expect(decision.members?.map(({ transaction }) => feesOf(transaction).map(({ amount }) => amount))).toEqual([
      [50n],
      [40n],
    ]);
    expect(decide(batch, booksWith(ruleOf({ basisPoints: 1_200 })), circumstances)).toMatchObject({
      kind: 'decline',
      reason: 'insufficient_funds',
      evidence: { index: 1 },
    });
  });

  it('gives back what was asked for when it is reversed, in parts too, and keeps the fee', () => {
    const state = booksWith(ruleOf());
    const transaction = posted(state, 200n);
    state.withBalance('bob', 200n).withBalance('fees', 3n);
    state.reversibles.set(transaction.id, { transaction, reversedAmount: 0n, lastReversal: null, reversals: 0 });
    for (const amount of [undefined, 50n]) {
      const command = reverseTransaction({
        tenant: 'default' as TenantId,
        key: 'back',
        reverses: transaction.id,
        ...(amount !== undefined && { amount }),
      });
      const decision = decide(command, state, circumstances);
      if (decision.kind !== 'commit') throw new Error('was not reversed');
      expect(transactionOf(decision).postings).toEqual([posting('bob', 'alice', amount ?? 200n)]);
    }
  });
});

describe('the fee schedules in time', () => {
  const timeline = [scheduleOf(1, 100, ruleOf()), scheduleOf(2, 200), scheduleOf(3, 300, ruleOf({ basisPoints: 10 }))];

  it('has one version in force from its instant on, and none before the first', () => {
    expect([99, 100, 199, 200, 299, 300, 9_999].map((at) => scheduleAt(timeline, at)?.version)).toEqual([
      undefined,
      1,
      1,
      2,
      2,
      3,
      3,
    ]);
  });

  it('charges by the version in force', () => {
    const command = commandOf([posting('alice', 'bob', 1_000n)]);
    const amounts = [99, 100, 200, 300].map((at) =>
      planFees(timeline, command, at)?.postings.map(({ amount }) => amount),
    );
    expect(amounts).toEqual([undefined, [15n], undefined, [1n]]);
  });

  it('names the balances of all versions that may be in force', () => {
    const command = commandOf([posting('alice', 'bob', 1_000n)]);
    const other = scheduleOf(4, 400, ruleOf({ feeAccount: 'others' as AccountId }));
    expect(new Set(feeBalances([...timeline, other], command).map(({ destination }) => destination))).toEqual(
      new Set(['fees', 'others']),
    );
  });

  it('keeps, when a version is added, what may still be in force somewhere', () => {
    const added = scheduleOf(4, 500);
    const versions = (at: number) => extendTimeline(timeline, added, at, 50).map(({ version }) => version);
    expect(versions(90)).toEqual([1, 2, 3, 4]);
    expect(versions(249)).toEqual([1, 2, 3, 4]);
    expect(versions(250)).toEqual([2, 3, 4]);
    expect(versions(9_999)).toEqual([3, 4]);
    expect(extendTimeline([], added, 0, 50)).toEqual([added]);
  });

  it('gives notice for longer than any instance can go on without knowing', () => {
    // Both clocks may be wrong, each in its own direction.
    expect(minFeeNoticeMs).toBeGreaterThan(maxFeeTimelineAgeMs + maxCommitMs + maxFeeWriteMs + 2 * maxClockSkewMs);
  });
});

describe('checkFeeRules', () => {
  it.each<[string, FeeRule[]]>([
    ['two rules for one case', [ruleOf(), ruleOf({ flat: 1n })]],
    ['a minimum above the maximum', [ruleOf({ minimum: 2n, maximum: 1n })]],
    ['too many', Array.from({ length: maxFeeRules + 1 }, (_, index) => ruleOf({ type: `type${index}` }))],
  ])('refuses %s', (_, rules) => {
    expect(() => checkFeeRules(rules)).toThrow(LedgerError);
  });

  it('refuses a rule that says no amount', () => {
    const { basisPoints: _, ...rule } = ruleOf();
    expect(() => checkFeeRules([{ ...rule, minimum: 1n }])).toThrow('flat amount, basis points, or both');
  });

  it('takes one for each payer', () => {
    expect(() => checkFeeRules([ruleOf(), ruleOf({ payer: 'destination' })])).not.toThrow();
  });
});
