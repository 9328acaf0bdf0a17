import { describe, expect, it } from '@jest/globals';
import { decide, maxActionsPerWrite, maxAmountDigits, maxBalanceDigits, maxPostings } from '../../lib/ledger/index.ts';
import { commandOf, posting, WrittenState } from './state-fixture.ts';

describe('maxPostings', () => {
  it('is 16, and so many postings fit one write whatever has to be opened', () => {
    const state = new WrittenState();
    const postings = Array.from({ length: maxPostings }, (_, index) => posting(`s${index}`, `d${index}`, 1n));
    for (const { source, destination } of postings) state.with(source, { unbounded: true }).with(destination);
    const decision = decide(commandOf(postings), state, { now: 1, salt: '' });
    if (decision.kind !== 'commit') throw new Error(decision.kind);
    const accounts = new Set(decision.changes.map(({ openedOn }) => openedOn?.id)).size;
    expect(maxPostings).toBe(16);
    expect(1 + decision.entries.length + decision.changes.length + accounts).toBe(97);
    expect(maxActionsPerWrite).toBe(100);
  });
});

describe('digits', () => {
  it('leave a balance room for a million of the largest amounts, within the 38 digits DynamoDB keeps', () => {
    expect(10n ** BigInt(maxAmountDigits) * 1_000_000n).toBeLessThanOrEqual(10n ** BigInt(maxBalanceDigits));
    expect(maxBalanceDigits).toBeLessThanOrEqual(38);
  });
});
