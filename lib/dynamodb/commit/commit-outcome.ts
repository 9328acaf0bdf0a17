import type {
  Acceptance,
  AccountId,
  FailureCode,
  KeyResult,
  PostedTransaction,
  Refusal,
  Transaction,
} from '../../ledger/index.ts';

/**
 * What became of a command.
 *
 * - `settled`: stored, and final unless it is pending; `replayed` when an earlier request did it
 * - `contended`: nothing was done, since others write what it needs; it is to join this account's line
 * - `key_reused`: the key belongs to another request; nothing was done
 * - `refused`: what it needs does not exist or does not admit it; nothing was done, and the key may be used again
 * - `failed`: no answer in time; only `outcome_unknown` may have had an effect, and the same key finds out
 */
export type CommitOutcome =
  | {
      readonly kind: 'settled';
      readonly result: KeyResult;
      readonly replayed: boolean;
      /** Where it was accepted to be executed later. */
      readonly accepted?: Acceptance | undefined;
      /** The transactions of a batch, where this instance has just made them: the batch's record only names them. */
      readonly members?: readonly PostedTransaction[];
    }
  | { readonly kind: 'key_reused' }
  | { readonly kind: 'contended'; readonly account: AccountId }
  | Refused
  | { readonly kind: 'failed'; readonly code: FailureCode };

/** A refusal as an outcome. */
export type Refused = Omit<Refusal, 'kind'> & { readonly kind: 'refused' };

/** What became of a command, and how many writes this instance sent with it: none where reading was enough. */
export type CommitResult = Exclude<CommitOutcome, { readonly kind: 'contended' }> & { readonly attempts: number };

/** Accepted, at this time in milliseconds since 1970, and still waiting in a line. */
export interface StillPending {
  readonly kind: 'pending';
  readonly acceptedAt: number;
  readonly replayed: boolean;
}

/** What became of a command that makes a transaction: posted, rejected or failed, or still waiting. */
export type TransactionOutcome =
  | StillPending
  | { readonly kind: 'settled'; readonly transaction: Transaction; readonly replayed: boolean }
  | Exclude<CommitOutcome, { readonly kind: 'settled' | 'contended' }>;

export type TransactionResult = TransactionOutcome & { readonly attempts: number };
