import type { FailureCode, KeyResult, PostedTransaction, Refusal, Transaction } from '../ledger/index.ts';

/**
 * What became of a command.
 *
 * - `settled`: final, and stored: done or rejected; `replayed` when an earlier request did it
 * - `key_reused`: the key belongs to another request; nothing was done
 * - `refused`: what it needs does not exist or does not admit it; nothing was done, and the key may be used again
 * - `failed`: no answer in time; only `outcome_unknown` may have had an effect, and the same key finds out
 */
export type CommitOutcome =
  | {
      readonly kind: 'settled';
      readonly result: KeyResult;
      readonly replayed: boolean;
      /** The transactions of a batch, where this instance has just made them: the batch's record only names them. */
      readonly members?: readonly PostedTransaction[];
    }
  | { readonly kind: 'key_reused' }
  | Refused
  | { readonly kind: 'failed'; readonly code: FailureCode };

/** A refusal as an outcome. */
export type Refused = Omit<Refusal, 'kind'> & { readonly kind: 'refused' };

/** What became of a command, and how many writes this instance sent with it: none where reading was enough. */
export type CommitResult = CommitOutcome & { readonly attempts: number };

/** What became of a command that makes a transaction, posted or rejected. */
export type TransactionOutcome =
  | { readonly kind: 'settled'; readonly transaction: Transaction; readonly replayed: boolean }
  | Exclude<CommitOutcome, { readonly kind: 'settled' }>;

export type TransactionResult = TransactionOutcome & { readonly attempts: number };
