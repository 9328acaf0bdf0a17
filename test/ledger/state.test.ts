import { describe, expect, it } from '@jest/globals';
import { type AccountId, decide, WorkingState } from '../../lib/ledger/index.ts';
import { commandOf, posting, usd, WrittenState } from './state-fixture.ts';

const circumstances = { now: 5_000, salt: 'salt' };
const alice = 'alice' as AccountId;
const bob = 'bob' as AccountId;

function applied(working: WorkingState, ...postings: Parameters<typeof posting>[]): string {
  const decision = decide(commandOf(postings.map((each) => posting(...each))), working, circumstances);
  if (decision.kind === 'commit') working.apply(decision);
  return decision.kind === 'decline' ? decision.reason : decision.kind;
}

describe('WorkingState', () => {
  it('shows each command what the one before it left', () => {
    const working = new WorkingState(new WrittenState().withBalance('alice', 10n).with('bob'));
    expect(applied(working, ['alice', 'bob', 7n])).toBe('commit');
    expect(applied(working, ['alice', 'bob', 7n])).toBe('insufficient_funds');
    expect(applied(working, ['bob', 'alice', 7n])).toBe('commit');
    expect(working.balance(alice, usd)).toMatchObject({ posted: 10n, sequence: 9, version: 6 });
    expect(working.balance(bob, usd)).toMatchObject({ posted: 0n, sequence: 2, version: 2 });
  });

  it('leaves the state below it alone', () => {
    const base = new WrittenState().withBalance('alice', 10n).with('bob');
    applied(new WorkingState(base), ['alice', 'bob', 7n]);
    expect(base.balance(alice, usd)?.posted).toBe(10n);
    expect(base.balance(bob, usd)).toBeUndefined();
  });

  it('opens a balance once, over several commands', () => {
    const working = new WorkingState(new WrittenState().withBalance('alice', 10n).with('bob'));
    const first = decide(commandOf([posting('alice', 'bob', 1n)]), working, circumstances);
    if (first.kind !== 'commit') throw new Error(first.kind);
    expect(first.changes.map(({ openedOn }) => openedOn?.id)).toEqual([undefined, 'bob']);
    working.apply(first);
    expect(working.account(bob)?.balances).toEqual(new Set([usd]));
    const second = decide(commandOf([posting('alice', 'bob', 1n)]), working, circumstances);
    if (second.kind !== 'commit') throw new Error(second.kind);
    expect(second.changes.map(({ openedOn }) => openedOn?.id)).toEqual([undefined, undefined]);
  });

  it('counts the balances that earlier commands opened', () => {
    const balances = new Set(Array.from({ length: 95 }, (_, index) => `A${index}` as typeof usd));
    const base = new WrittenState().withBalance('world', 0n, {}, { unbounded: true }).with('bob', { balances });
    base.assets.add('EUR/2').add('GBP/2');
    const working = new WorkingState(base);
    expect(applied(working, ['world', 'bob', 1n, 'EUR/2'])).toBe('commit');
    expect(applied(working, ['world', 'bob', 1n, 'GBP/2'])).toBe('limit_exceeded');
    expect(applied(working, ['world', 'bob', 1n, 'EUR/2'])).toBe('commit');
  });
});
