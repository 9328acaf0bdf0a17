import type { Metadata, TenantId } from './account.ts';
import type { PostBatch } from './batch.ts';
import { digestOf } from './canonical-json.ts';
import { normalDetails } from './details.ts';
import { LedgerError } from './errors.ts';
import { type Exchange, faultOfExchange } from './exchange-rate.ts';
import type { CaptureHold } from './hold-capture.ts';
import type { CreateHold } from './hold-creation.ts';
import type { ReleaseHold } from './hold-release.ts';
import { type RecordId, recordIdOf, transactionIdOf } from './identifiers.ts';
import { maxPostings } from './limits.ts';
import type { Posting } from './posting.ts';
import type { ReverseTransaction } from './reversal.ts';
import type { TransactionId, TransactionType } from './transaction.ts';

/** What a caller asks: move money, under this key. */
export interface PostTransactionRequest {
  readonly tenant: TenantId;
  /** The idempotency key, 1 to 255 visible characters. */
  readonly key: string;
  /** The operation's name in the API: the same key used for another operation is another request. */
  readonly operation: string;
  readonly type: TransactionType;
  readonly postings: readonly Posting[];
  readonly exchange?: Exchange | undefined;
  readonly description?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

/** What every command has: a request in its one normal form, with what follows from it. */
export interface CommandBase {
  readonly tenant: TenantId;
  /** Where the record of its key lies. */
  readonly record: RecordId;
  /** The transaction that it makes, or that says why it was rejected. */
  readonly id: TransactionId;
  readonly type: TransactionType;
  /** Two requests under one key are the same request exactly when their hashes are equal. */
  readonly requestHash: string;
}

/** Move money by these postings. */
export interface PostTransaction extends CommandBase {
  readonly kind: 'transaction';
  readonly postings: readonly Posting[];
  readonly exchange?: Exchange;
  readonly description?: string;
  readonly metadata?: Metadata;
}

/** What makes one transaction. */
export type TransactionCommand = PostTransaction | CaptureHold | ReverseTransaction;

/** Everything that moves or reserves money. */
export type Command = PostTransaction | CreateHold | CaptureHold | ReleaseHold | ReverseTransaction | PostBatch;

/**
 * Normalises a request. Absent, empty and undefined details are the same; the order of names never matters.
 *
 * @throws LedgerError `same_account` for a posting from an account to itself, `invalid_request` for none or too many
 * postings, an amount that is not positive, or amounts that are not what an exchange says
 */
export function postTransaction(request: PostTransactionRequest): PostTransaction {
  const { tenant, key, operation, type, postings } = request;
  if (postings.length < 1 || postings.length > maxPostings) {
    throw new LedgerError('invalid_request', `a transaction has 1 to ${maxPostings} postings, not ${postings.length}`);
  }
  for (const posting of postings) {
    if (posting.amount <= 0n) throw new LedgerError('invalid_request', 'an amount is positive');
    if (posting.source === posting.destination) {
      throw new LedgerError('same_account', `source and destination of a posting are both ${posting.source}`, {
        account: posting.source,
      });
    }
  }
  const { exchange } = request;
  const fault = exchange && faultOfExchange(exchange, postings);
  if (fault) throw new LedgerError('invalid_request', fault.detail);
  const { description, metadata } = normalDetails(request);
  const record = recordIdOf(tenant, key);
  return {
    kind: 'transaction',
    tenant,
    record,
    id: transactionIdOf(record),
    type,
    postings,
    ...(exchange && { exchange }),
    ...(description !== undefined && { description }),
    ...(metadata !== undefined && { metadata }),
    requestHash: digestOf({
      v: 1,
      operation,
      type,
      postings: postings.map((posting) => ({ ...posting, amount: posting.amount.toString() })),
      description: description ?? null,
      metadata: metadata ?? null,
      // Absent where there is none, so that the hashes of requests without one stay what they were.
      ...(exchange && { exchange: { ...exchange } }),
    }),
  };
}
