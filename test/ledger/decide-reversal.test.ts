import { describe, expect, it } from '@jest/globals';
import {
  type Commitment,
  type Decision,
  decide,
  type PostedTransaction,
  type Posting,
  type ReversalState,
  type ReverseTransactionRequest,
  reverseTransaction,
  type TenantId,
  type TransactionId,
} from '../../lib/ledger/index.ts';
import { posting, transactionOf, usd, WrittenState } from './state-fixture.ts';

const circumstances = { now: 5_000, salt: 'salt' };
const original = `tx_${'a'.repeat(52)}` as TransactionId;

function posted(postings: readonly Posting[], reversed: Partial<ReversalState> = {}): ReversalState {
  const transaction: PostedTransaction = {
    id: original,
    status: 'posted',
    type: 'transfer',
    postings,
    entries: [],
    createdAt: 1_000,
    salt: 'its own',
  };
  return { transaction, reversedAmount: 0n, lastReversal: null, reversals: 0, ...reversed };
}

/** Alice paid the shop 100, and the shop has what it has since. */
function shopWith(
  funds: bigint,
  reversed: Partial<ReversalState> = {},
  status: 'active' | 'frozen' | 'closed' = 'active',
) {
  const state = new WrittenState().withBalance('alice', 7n).withBalance('shop', funds, { status });
  state.reversibles.set(original, posted([posting('alice', 'shop', 100n)], reversed));
  return state;
}

function reversal(rest: Partial<ReverseTransactionRequest> = {}) {
  return reverseTransaction({ tenant: 'default' as TenantId, key: 'key', reverses: original, ...rest });
}

function reverseOn(state: WrittenState, rest: Partial<ReverseTransactionRequest> = {}): Decision {
  return decide(reversal(rest), state, circumstances);
}

function committed(decision: Decision): Commitment & { readonly transaction: PostedTransaction } {
  if (decision.kind !== 'commit') throw new Error(`not posted: ${decision.kind}`);
  return { ...decision, transaction: transactionOf(decision) };
}

function reasonOf(decision: Decision): string {
  if (decision.kind === 'decline') return decision.reason;
  return decision.kind === 'refuse' ? decision.code : decision.kind;
}

describe('decideReversal', () => {
  it('moves all of it back, and the original learns so', () => {
    const { transaction, entries, reversals } = committed(reverseOn(shopWith(100n), { description: 'Sorry' }));
    expect(transaction).toMatchObject({
      type: 'reversal',
      reverses: original,
      postings: [posting('shop', 'alice', 100n)],
      description: 'Sorry',
    });
    expect(transaction).not.toHaveProperty('previousReversal');
    expect(entries.map(({ account, amount, balanceAfter, type }) => [account, amount, balanceAfter, type])).toEqual([
      ['shop', -100n, 0n, 'reversal'],
      ['alice', 100n, 107n, 'reversal'],
    ]);
    expect(reversals).toEqual([
      {
        before: posted([posting('alice', 'shop', 100n)]),
        after: posted([posting('alice', 'shop', 100n)], {
          reversedAmount: 100n,
          lastReversal: transaction.id,
          reversals: 1,
        }),
      },
    ]);
  });

  it('moves a part back, named or whatever remains, and links to the part before', () => {
    const before = { reversedAmount: 30n, lastReversal: 'tx_before' as TransactionId, reversals: 1 };
    const part = committed(reverseOn(shopWith(100n, before), { amount: 20n }));
    expect(part.transaction).toMatchObject({
      postings: [posting('shop', 'alice', 20n)],
      previousReversal: 'tx_before',
    });
    expect(part.reversals?.[0]?.after).toMatchObject({ reversedAmount: 50n, reversals: 2 });
    const rest = committed(reverseOn(shopWith(100n, before)));
    expect(rest.transaction.postings).toEqual([posting('shop', 'alice', 70n)]);
    expect(rest.reversals?.[0]?.after).toMatchObject({ reversedAmount: 100n, reversals: 2 });
  });

  it('reverses several postings all at once, the last first, each once', () => {
    const postings = [posting('alice', 'shop', 10n), posting('shop', 'tax', 3n)];
    const state = new WrittenState().withBalance('alice', 0n).withBalance('shop', 7n).withBalance('tax', 3n);
    state.reversibles.set(original, posted(postings));
    // Only in this order is the shop's debit covered.
    const { transaction, reversals } = committed(reverseOn(state));
    expect(transaction.postings).toEqual([posting('tax', 'shop', 3n), posting('shop', 'alice', 10n)]);
    expect(reversals?.[0]?.after).toMatchObject({ reversedAmount: 0n, reversals: 1, lastReversal: transaction.id });
    state.reversibles.set(original, posted(postings, { reversals: 1, lastReversal: transaction.id }));
    expect(reverseOn(state)).toEqual({ kind: 'refuse', code: 'already_reversed' });
    expect(reasonOf(reverseOn(state, { amount: 1n }))).toBe('already_reversed');
  });

  it('refuses a part of several postings, and says why', () => {
    const state = new WrittenState().withBalance('alice', 0n).withBalance('shop', 20n);
    state.reversibles.set(original, posted([posting('alice', 'shop', 10n), posting('alice', 'shop', 10n)]));
    expect(reverseOn(state, { amount: 5n })).toMatchObject({
      kind: 'refuse',
      code: 'invalid_request',
      detail: expect.stringContaining('2 postings'),
    });
  });

  it('declines with what would have been moved, since the command itself does not say', () => {
    expect(reverseOn(shopWith(100n, { reversedAmount: 60n, reversals: 1 }), { amount: 41n })).toEqual({
      kind: 'decline',
      reason: 'exceeds_remaining',
      evidence: { account: 'shop', asset: usd, available: 40n, required: 41n },
      postings: [posting('shop', 'alice', 41n)],
    });
    expect(reverseOn(shopWith(99n))).toEqual({
      kind: 'decline',
      reason: 'insufficient_funds',
      evidence: { account: 'shop', asset: usd, available: 99n, required: 100n },
      postings: [posting('shop', 'alice', 100n)],
    });
  });

  it('overdraws where it may, and marks the entry that does', () => {
    const { entries, changes } = committed(reverseOn(shopWith(40n), { mayOverdraw: true }));
    expect(entries.map(({ account, overdraft }) => [account, overdraft])).toEqual([
      ['shop', true],
      ['alice', undefined],
    ]);
    expect(changes.map(({ after }) => after.posted)).toEqual([-60n, 107n]);
    const covered = committed(reverseOn(shopWith(100n), { mayOverdraw: true }));
    expect(covered.entries.some(({ overdraft }) => overdraft)).toBe(false);
  });

  it.each([
    ['nothing to reverse', new WrittenState(), {}, 'not_found'],
    [
      'nothing left, whatever is asked',
      shopWith(0n, { reversedAmount: 100n, reversals: 1 }, 'closed'),
      { amount: 500n },
      'already_reversed',
    ],
    ['more than remains before a closed account', shopWith(0n, {}, 'closed'), { amount: 101n }, 'exceeds_remaining'],
    ['a closed account before what it lacks', shopWith(0n, {}, 'closed'), {}, 'account_closed'],
    ['a frozen account before what it lacks', shopWith(0n, {}, 'frozen'), {}, 'account_frozen'],
    ['a frozen account also with an overdraft', shopWith(0n, {}, 'frozen'), { mayOverdraw: true }, 'account_frozen'],
    ['what it lacks last', shopWith(0n), {}, 'insufficient_funds'],
  ])('finds %s', (_, state, request, reason) => {
    expect(reasonOf(reverseOn(state, request))).toBe(reason);
  });

  it('comes at a time no earlier than the last entry of what it touches', () => {
    const state = shopWith(100n);
    state.withBalance('alice', 7n, { lastEntryAt: 9_000 });
    expect(committed(reverseOn(state)).transaction.createdAt).toBe(9_000);
  });
});

describe('reverseTransaction', () => {
  it('tells requests apart by all that matters, and by nothing else', () => {
    const hash = (rest: Partial<ReverseTransactionRequest> = {}) => reversal(rest).requestHash;
    expect(hash({ mayOverdraw: false, description: '', metadata: {} })).toBe(hash());
    const others = [
      hash(),
      hash({ amount: 1n }),
      hash({ mayOverdraw: true }),
      hash({ description: 'Sorry' }),
      hash({ metadata: { a: 'b' } }),
      hash({ reverses: `tx_${'b'.repeat(52)}` as TransactionId }),
    ];
    expect(new Set(others).size).toBe(others.length);
  });

  it('refuses an amount that is not positive', () => {
    expect(() => reversal({ amount: 0n })).toThrow('positive');
  });
});
