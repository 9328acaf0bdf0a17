import type { AccountId, Metadata } from './account.ts';
import type { AssetCode } from './asset.ts';
import type { RejectionReason } from './errors.ts';
import type { Exchange } from './exchange-rate.ts';
import type { HoldId } from './hold.ts';
import type { RecordId } from './identifiers.ts';
import type { Posting } from './posting.ts';
import type { Redaction } from './redaction.ts';
import type { ExceededLimit } from './velocity.ts';

declare const transactionId: unique symbol;

/** `tx_` and 52 characters that follow from tenant and idempotency key alone. */
export type TransactionId = string & { readonly [transactionId]: true };

/** `transfer`, `deposit`, `withdrawal`, `top_up`, `bonus`, `spend`, or what the client named: lower-case letters, digits and underscores. */
export type TransactionType = string;

/** What a posting left on one balance, as the transaction remembers it. */
export interface RecordedEntry {
  readonly account: AccountId;
  readonly asset: AssetCode;
  /** The shard of the balance that took it; 0 on an account that is not spread. */
  readonly shard: number;
  readonly sequence: number;
  readonly amount: bigint;
  readonly balanceAfter: bigint;
}

interface TransactionBase {
  readonly id: TransactionId;
  readonly type: TransactionType;
  readonly postings: readonly Posting[];
  /** Milliseconds since 1970: the one time of the transaction and of all its entries. */
  readonly createdAt: number;
  /** That what its client wrote about it was removed. */
  readonly redacted?: Redaction;
}

/** An immutable, atomic set of postings that happened. */
export interface PostedTransaction extends TransactionBase {
  readonly status: 'posted';
  readonly entries: readonly RecordedEntry[];
  readonly description?: string;
  readonly metadata?: Metadata;
  /** The version of the fee schedule that had a rule for it. Its first posting is what was asked; the others are fees. */
  readonly feeVersion?: number;
  /** The exchange that its amounts were held to. */
  readonly exchange?: Exchange;
  /** The hold it captured. */
  readonly holdId?: HoldId;
  /** The record of the hold's operation before it; absent where that was before it was noted. */
  readonly previousOperation?: RecordId;
  /** The transaction it reverses, whole or in part. */
  readonly reverses?: TransactionId;
  /** The reversal of the same transaction before this one: from its last, all of them are found. */
  readonly previousReversal?: TransactionId;
  /** Random; keeps redacted details from being guessed out of their digest, and goes with them. */
  readonly salt?: string;
}

/** Evidence of a decline: what was found where, amounts in minor units. */
export interface DeclineEvidence extends Partial<ExceededLimit> {
  readonly account: AccountId;
  readonly asset?: AssetCode;
  readonly available?: bigint;
  readonly required?: bigint;
  /** Which of a batch's members was declined, from 0. */
  readonly index?: number;
}

/** A transaction that was declined, for ever. */
export interface RejectedTransaction extends TransactionBase {
  readonly status: 'rejected';
  readonly reason: RejectionReason;
  readonly evidence: Partial<DeclineEvidence>;
}

/** A transaction that could not be decided, for ever: each try of it failed by itself. Nothing was moved. */
export interface FailedTransaction extends TransactionBase {
  readonly status: 'failed';
  /** Milliseconds since 1970. */
  readonly failedAt: number;
  /** The transaction that was made of it since. */
  readonly reprocessedBy?: TransactionId;
}

/** A posted transaction and what was reversed of it so far. */
export interface ReversalState {
  readonly transaction: PostedTransaction;
  /** Of its only posting, in minor units; of a transaction with several postings all or nothing is reversed. */
  readonly reversedAmount: bigint;
  /** The latest reversal; from one to the one before, all of them are linked. Null before the first. */
  readonly lastReversal: TransactionId | null;
  /** Counts the reversals. */
  readonly reversals: number;
}

export type Transaction = PostedTransaction | RejectedTransaction | FailedTransaction;
