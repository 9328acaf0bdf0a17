import {
  type Commitment,
  type FailedTransaction,
  InvariantViolation,
  type PostedTransaction,
  type RejectedTransaction,
  type TransactionId,
} from '../../ledger/index.ts';
import type { CommitOutcome, CommitResult, Refused, StillPending } from './commit-outcome.ts';

/** What became of a batch: all of it posted, rejected for one of its members, or given up; or what may become of any command. */
export type BatchOutcome =
  | { readonly kind: 'posted'; readonly transactions: readonly PostedTransaction[]; readonly replayed: boolean }
  | { readonly kind: 'rejected'; readonly transaction: RejectedTransaction; readonly replayed: boolean }
  | { readonly kind: 'gave_up'; readonly transaction: FailedTransaction; readonly replayed: boolean }
  | StillPending
  | Exclude<CommitOutcome, { readonly kind: 'settled' | 'contended' }>;

export type BatchResult = BatchOutcome & { readonly attempts: number };

/** What a batch would come to. */
export type BatchPreview =
  | { readonly kind: 'posted'; readonly transactions: readonly PostedTransaction[] }
  | { readonly kind: 'rejected'; readonly transaction: RejectedTransaction }
  | Refused;

/**
 * Gives a batch's result its transactions: those that were just committed, else as `read` finds them.
 *
 * @throws InvariantViolation where the key made something else
 */
export async function batchResult(
  result: CommitResult,
  read: (ids: readonly TransactionId[]) => Promise<readonly PostedTransaction[]>,
): Promise<BatchResult> {
  if (result.kind !== 'settled') return result;
  const { replayed, attempts, members } = result;
  const made = result.result;
  if (made.kind === 'batch') {
    const transactions = members ?? (await read(made.transactions));
    return { kind: 'posted', transactions, replayed, attempts };
  }
  if (made.kind === 'transaction' && made.transaction.status === 'rejected') {
    return { kind: 'rejected', transaction: made.transaction, replayed, attempts };
  }
  if (made.kind === 'transaction' && made.transaction.status === 'failed') {
    return { kind: 'gave_up', transaction: made.transaction, replayed, attempts };
  }
  if (made.kind === 'pending') return { kind: 'pending', acceptedAt: made.pending.createdAt, replayed, attempts };
  throw new InvariantViolation(`the key of a batch made a ${made.kind}`);
}

/** The transactions that a decision makes of a batch. */
export function membersOf({ members = [] }: Commitment): PostedTransaction[] {
  return members.map(({ transaction }) => transaction);
}
