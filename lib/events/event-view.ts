import type { Cause } from '../dynamodb/index.ts';
import { parseChange } from '../dynamodb/items/change-record-item.ts';
import type { Row } from '../dynamodb/items/items.ts';
import { parseRecord } from '../dynamodb/items/record-item.ts';
import { holdOf, postedTransactionOf } from '../http/representations.ts';
import {
  type AccountId,
  batchContent,
  type ChangeRecord,
  changeContent,
  type EventId,
  type EventType,
  failedContent,
  holdContent,
  InvariantViolation,
  isChangeEvent,
  type JournalEvent,
  type KeyResult,
  postedContent,
  recordIdOfEvent,
  rejectedContent,
  transactionIdOf,
} from '../ledger/index.ts';

/** What an event is about, as the API writes it. */
export type EventData = Readonly<Record<string, unknown>>;

/** An event as it is shown, whoever asks. */
export interface EventView {
  readonly id: EventId;
  /** Its place in the tenant's journal: 1, 2, 3 … without gaps. */
  readonly sequence: number;
  readonly type: EventType;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The thing as of the event, as the API's other answers have it, with the digest of what may be redacted. */
  readonly data: EventData;
  /** What it is about: the id of the transaction, hold, account or other thing. */
  readonly subject: string;
  /** The accounts it concerns, each once. */
  readonly accounts: readonly AccountId[];
  /** The request that it comes from. */
  readonly cause: Cause;
}

type Content = Pick<EventView, 'data' | 'subject' | 'accounts'>;

/** An event with what it is about, read from its record or change record. @throws InvariantViolation for damage */
export function viewOf({ id, type, time }: JournalEvent, sequence: number, row: Row): EventView {
  if (isChangeEvent(type)) {
    const { change, cause = {} } = parseChange(row);
    return { id, sequence, type, time, ...contentOfChange(change), cause };
  }
  const { result, cause = {} } = parseRecord(row);
  return { id, sequence, type, time, ...contentOfResult(id, result), cause };
}

function contentOfResult(id: EventId, result: KeyResult): Content {
  switch (result.kind) {
    case 'transaction':
      return contentOfTransaction(result.transaction);
    case 'hold': {
      const { hold } = result;
      const { detailsDigest } = holdContent(hold);
      const data = { ...holdOf(hold), ...(detailsDigest !== undefined && { detailsDigest }) };
      return { data, subject: hold.id, accounts: [hold.account] };
    }
    case 'batch': {
      const subject = transactionIdOf(recordIdOfEvent(id));
      return { data: batchContent(subject, result.transactions, result.createdAt), subject, accounts: [] };
    }
    case 'pending':
      throw new InvariantViolation(`${id} is about what still waits`);
  }
}

function contentOfTransaction(
  transaction: Extract<KeyResult, { readonly kind: 'transaction' }>['transaction'],
): Content {
  const { id: subject, postings } = transaction;
  const accounts = [...new Set(postings.flatMap(({ source, destination }) => [source, destination]))];
  switch (transaction.status) {
    case 'posted': {
      const { detailsDigest } = postedContent(transaction);
      return { data: { ...postedTransactionOf(transaction, undefined), detailsDigest }, subject, accounts };
    }
    case 'rejected':
      return { data: rejectedContent(transaction), subject, accounts };
    case 'failed':
      return { data: failedContent(transaction), subject, accounts };
  }
}

function contentOfChange(change: ChangeRecord): Content {
  const { subject, details = {} } = change;
  const known = Object.fromEntries(Object.entries(details).filter(([, value]) => value !== null));
  const [kind, name = ''] = subject.split(/\/(.*)/s);
  const account = kind === 'account' ? name : change.content.account;
  return {
    data: { ...changeContent(change), ...known },
    subject: name,
    accounts: typeof account === 'string' ? [account as AccountId] : [],
  };
}
