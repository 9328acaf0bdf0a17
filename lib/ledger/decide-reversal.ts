import { postedTransaction } from './decide-transaction.ts';
import type { Circumstances, Decision, Decline } from './decision.ts';
import { askedPostings } from './fee.ts';
import type { Posting } from './posting.ts';
import { entryContext, PostingRun } from './posting-run.ts';
import { type ReverseTransaction, remainingOf } from './reversal.ts';
import type { LedgerState, ReversalChange } from './state.ts';
import type { PostedTransaction, ReversalState } from './transaction.ts';

/**
 * The transaction that moves back what another moved, and what the other's record learns of it; or why not. In this
 * order: `not_found`, `already_reversed`, `invalid_request` for a part of several postings, `exceeds_remaining`, then the
 * declines of any transaction.
 */
export function decideReversal(
  command: ReverseTransaction,
  state: LedgerState,
  { now, salt }: Circumstances,
): Decision {
  const original = state.reversible(command.reverses);
  if (!original) {
    return { kind: 'refuse', code: 'not_found', detail: 'There is no such transaction, or it was not posted.' };
  }
  const remaining = remainingOf(original);
  if (remaining === 0n) return { kind: 'refuse', code: 'already_reversed' };
  if (remaining === null && command.amount !== undefined) {
    const count = askedPostings(original.transaction).length;
    const detail = `amount: a transaction with ${count} postings is reversed whole, so no amount is given`;
    return { kind: 'refuse', code: 'invalid_request', detail };
  }
  const postings = reversedPostings(original.transaction, command.amount ?? remaining);
  const declined = (decline: Decline): Decline => ({ ...decline, postings });
  const exceeding = remaining !== null && postings.find(({ amount }) => amount > remaining);
  if (exceeding) {
    const { source, asset, amount } = exceeding;
    const evidence = { account: source, asset, available: remaining, required: amount };
    return declined({ kind: 'decline', reason: 'exceeds_remaining', evidence });
  }

  const run = new PostingRun(state);
  const refused = run.open(postings);
  if (refused) return refused;
  const barred = run.barred(postings);
  if (barred) return declined(barred);

  const { id, type, description, metadata, mayOverdraw } = command;
  const createdAt = run.timeOf(now);
  const entries = run.postAll(postings, entryContext(command, createdAt, salt), () => ({ mayOverdraw }));
  if ('kind' in entries) return declined(entries);
  const full = run.full();
  if (full) return declined(full);
  const { lastReversal } = original;
  const transaction: PostedTransaction = {
    ...postedTransaction({ id, type, postings, description, metadata }, entries, createdAt, salt),
    reverses: command.reverses,
    ...(lastReversal !== null && { previousReversal: lastReversal }),
  };
  return {
    kind: 'commit',
    result: { kind: 'transaction', transaction },
    entries,
    changes: run.changes(),
    reversals: [reversalChange(original, transaction)],
  };
}

/** Every posting the other way round, the last first; of a single one the amount that is given. Fees stay where they went. */
function reversedPostings(original: PostedTransaction, part: bigint | null): Posting[] {
  return askedPostings(original)
    .toReversed()
    .map(({ source, destination, asset, amount }) => ({
      source: destination,
      destination: source,
      asset,
      amount: part ?? amount,
    }));
}

/** What the record of the original learns. With several postings there is no one amount; that it was reversed is all. */
function reversalChange(before: ReversalState, { id, postings }: PostedTransaction): ReversalChange {
  const [posting, ...others] = postings;
  const amount = posting && others.length === 0 ? posting.amount : 0n;
  const after = {
    transaction: before.transaction,
    reversedAmount: before.reversedAmount + amount,
    lastReversal: id,
    reversals: before.reversals + 1,
  };
  return { before, after };
}
