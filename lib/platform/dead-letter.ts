import type { Cause } from '../dynamodb/index.ts';
import type { AccountId, TenantId, TransactionId } from '../ledger/index.ts';
import type { DeadLetterId } from './dead-letter-id.ts';
import type { Failure } from './failure.ts';

/**
 * What a dead letter is of. A `transaction`: the head of a line that failed by itself again and again and is `failed` now.
 * A `message`: one that no worker could be done with; it changed no transaction.
 */
export const deadLetterKinds = ['transaction', 'message'] as const;
export type DeadLetterKind = (typeof deadLetterKinds)[number];

/** Where dead letters come from, and the worker that could not be done with them. */
export const deadLetterSources = {
  lines: 'process-transfers',
  journal: 'append-journal',
  publication: 'publish-events',
  webhook_events: 'fan-out-webhooks',
  deliveries: 'deliver-webhooks',
  balance_events: 'watch-balances',
  ledger_stream: 'dispatch-wake-ups',
} as const;
export type DeadLetterSource = keyof typeof deadLetterSources;

/** The sources that are queues, to which a message can be sent again. */
export type DeadLetterQueue = Exclude<DeadLetterSource, 'ledger_stream'>;

/** `open` until somebody has seen to it: it was `reprocessed`, or `discarded` for a reason. */
export const deadLetterStatuses = ['open', 'reprocessed', 'discarded'] as const;
export type DeadLetterStatus = (typeof deadLetterStatuses)[number];

/** An attribute of a message as SQS has it; binary values as base64. */
export interface MessageAttribute {
  readonly type: string;
  readonly value: string;
}

/** A message as it was. */
export interface DeadMessage {
  /** SQS's own id of it. */
  readonly id: string;
  readonly body: string;
  /** SQS's attributes of it: when it was sent, its group, how often it was received. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, MessageAttribute>>;
  /** True where it was too large to be kept whole: the body is its beginning, and attributes may be missing. */
  readonly isCut?: true;
}

/** What was done about a dead letter. */
export interface Resolution {
  /** The client that did it. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Why it was discarded. */
  readonly reason?: string;
  /** The transaction that a failed one was accepted as anew. */
  readonly transactionId?: TransactionId;
  /** SQS's id of the message that was sent again. */
  readonly messageId?: string;
}

export interface DeadLetter {
  readonly id: DeadLetterId;
  /** Undefined where it does not say whose it is. */
  readonly tenant: TenantId | undefined;
  readonly kind: DeadLetterKind;
  readonly source: DeadLetterSource;
  readonly status: DeadLetterStatus;
  /** The last error; undefined where no worker lived to tell. */
  readonly failure?: Failure;
  readonly attempts: number;
  /** When the first and the last attempt failed, or, of a message whose worker did not tell, when it was sent and given up; milliseconds since 1970. */
  readonly firstFailureAt: number;
  readonly lastFailureAt: number;
  /** The request that it comes from, as far as is known. */
  readonly cause: Cause;
  readonly transactionId?: TransactionId;
  readonly account?: AccountId;
  /** Of a `transaction` its command is kept in the ledger. */
  readonly message?: DeadMessage;
  /** There unless it is open. */
  readonly resolution?: Resolution;
}
