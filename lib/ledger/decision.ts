import type { AccountId } from './account.ts';
import type { AssetCode } from './asset.ts';
import type { Entry } from './entry.ts';
import type { DeclineReason, RefusalCode } from './errors.ts';
import type { RecordId } from './identifiers.ts';
import type { KeyResult } from './key-result.ts';
import type { Posting } from './posting.ts';
import type { BalanceChange, HoldChange, ReversalChange } from './state.ts';
import type { DeclineEvidence, PostedTransaction } from './transaction.ts';

/** A command is to be done: what its key's record says from then on, and everything that is written with it. */
export interface Commitment {
  readonly kind: 'commit';
  readonly result: KeyResult;
  readonly entries: readonly Entry[];
  readonly changes: readonly BalanceChange[];
  readonly holds?: readonly HoldChange[];
  readonly reversals?: readonly ReversalChange[];
  /** The transactions of a batch, in order. */
  readonly members?: readonly BatchMember[];
}

/** A transaction that is made as part of a batch: it has a record like any other, at a place that no key names. */
export interface BatchMember {
  readonly record: RecordId;
  readonly requestHash: string;
  readonly transaction: PostedTransaction;
}

/** A command is declined for good: this is stored, and the same key gets the same answer. */
export interface Decline {
  readonly kind: 'decline';
  readonly reason: DeclineReason;
  readonly evidence: DeclineEvidence;
  /** What would have been moved, where the command itself does not say. */
  readonly postings?: readonly Posting[];
}

/** A command is refused without a trace, and the same key may be used again. */
export interface Refusal {
  readonly kind: 'refuse';
  readonly code: RefusalCode;
  readonly account?: AccountId;
  readonly asset?: AssetCode;
  /** For people: what is wrong, where the code alone does not say it. */
  readonly detail?: string;
  /** Which of a batch's members it is about, from 0. */
  readonly index?: number;
}

/**
 * What was read cannot have been there at one time: the command is to be decided again on what is read anew. (It can
 * happen wherever what is known comes from several reads. A decision that overlooks it does no harm, since each write
 * is conditioned on all it was decided on.)
 */
export interface Stale {
  readonly kind: 'stale';
}

export type Decision = Commitment | Decline | Refusal | Stale;

/** What a decision needs from outside: a clock in milliseconds since 1970, and randomness. */
export interface Circumstances {
  readonly now: number;
  readonly salt: string;
}
