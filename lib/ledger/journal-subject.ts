import type { TenantId } from './account.ts';
import { type BalancePlace, balanceKey } from './balance.ts';
import { type ChangeRecord, changeContent, previousChange, recordBehind } from './change-record.ts';
import { InvariantViolation } from './errors.ts';
import type { Hold } from './hold.ts';
import { type RecordId, recordIdOfTransaction, transactionIdOf } from './identifiers.ts';
import {
  batchContent,
  type EventContent,
  failedContent,
  holdContent,
  postedContent,
  rejectedContent,
} from './journal-content.ts';
import { type EventType, eventHash, eventIdOf, type JournalEvent } from './journal-event.ts';
import type { KeyResult } from './key-result.ts';
import type { PostedTransaction, Transaction } from './transaction.ts';

/** The entries that a transaction made on one balance: their sequences have no gap between first and last. */
export interface BalanceSpan {
  readonly place: BalancePlace;
  readonly first: number;
  readonly last: number;
}

/** What must be in the journal before an event: then its order contradicts that of no balance, hold, account or other thing. */
export interface Precedence {
  /** Behind whatever has the entry before the first of each span. */
  readonly balances: readonly BalanceSpan[];
  /** Behind these records of keys. */
  readonly records: readonly RecordId[];
  /** Behind this change record. */
  readonly change?: RecordId;
}

/** A record or change record as the journal takes it. */
export interface JournalSubject {
  readonly event: JournalEvent;
  readonly precedence: Precedence;
}

/** What an event is, before it is hashed. */
interface Occurrence {
  readonly type: EventType;
  readonly time: number;
  readonly content: EventContent;
}

/** The event of what a key did; undefined while that waits in a line. */
export function recordSubject(
  tenant: TenantId,
  record: RecordId,
  result: KeyResult,
  reprocesses?: RecordId,
): JournalSubject | undefined {
  if (result.kind === 'pending') return undefined;
  const { balances, records } = precedenceOf(result);
  return {
    event: eventOf(tenant, record, occurrenceOf(record, result)),
    precedence: { balances, records: reprocesses === undefined ? records : [...records, reprocesses] },
  };
}

/** The event of a change. */
export function changeSubject(tenant: TenantId, change: ChangeRecord): JournalSubject {
  const { id, type, createdAt } = change;
  const previous = previousChange(tenant, change);
  return {
    event: eventOf(tenant, id, { type, time: createdAt, content: changeContent(change) }),
    precedence: {
      balances: [],
      records: present(recordBehind(change)),
      ...(previous !== undefined && { change: previous }),
    },
  };
}

function eventOf(tenant: TenantId, record: RecordId, { type, time, content }: Occurrence): JournalEvent {
  const event = { id: eventIdOf(record), type, time };
  return { ...event, hash: eventHash(tenant, event, content) };
}

function occurrenceOf(record: RecordId, result: Exclude<KeyResult, { readonly kind: 'pending' }>): Occurrence {
  if (result.kind === 'hold') return occurrenceOfHold(result.hold);
  if (result.kind === 'transaction') return occurrenceOfTransaction(result.transaction);
  const { transactions, createdAt } = result;
  const content = batchContent(transactionIdOf(record), transactions, createdAt);
  return { type: 'batch.posted', time: createdAt, content };
}

function occurrenceOfTransaction(transaction: Transaction): Occurrence {
  switch (transaction.status) {
    case 'posted':
      return { type: 'transaction.posted', time: transaction.createdAt, content: postedContent(transaction) };
    case 'rejected':
      return { type: 'transaction.rejected', time: transaction.createdAt, content: rejectedContent(transaction) };
    case 'failed':
      return { type: 'transaction.failed', time: transaction.failedAt, content: failedContent(transaction) };
  }
}

/** A capture is a transaction; what is left of a hold by the other operations tells them apart. */
export function holdEventType({ status }: Pick<Hold, 'status'>): 'hold.created' | 'hold.voided' | 'hold.expired' {
  switch (status) {
    case 'open':
      return 'hold.created';
    case 'voided':
      return 'hold.voided';
    case 'expired':
      return 'hold.expired';
    case 'captured':
      throw new InvariantViolation('a capture is recorded as a transaction');
  }
}

function occurrenceOfHold(hold: Hold): Occurrence {
  return { type: holdEventType(hold), time: hold.updatedAt, content: holdContent(hold) };
}

function precedenceOf(result: KeyResult): Precedence {
  if (result.kind === 'hold') return { balances: [], records: present(result.hold.previousOperation) };
  // A batch comes behind its transactions, which are written with it.
  if (result.kind === 'batch') return { balances: [], records: result.transactions.map(recordIdOfTransaction) };
  if (result.kind !== 'transaction' || result.transaction.status !== 'posted') return { balances: [], records: [] };
  const { previousOperation, reverses, previousReversal } = result.transaction;
  // On spread accounts a reversal may share no balance with what it reverses.
  const reversed = [...present(reverses), ...present(previousReversal)].map(recordIdOfTransaction);
  return { balances: spansOf(result.transaction), records: [...present(previousOperation), ...reversed] };
}

/** Each balance that a transaction touched, once. */
export function spansOf({ entries }: Pick<PostedTransaction, 'entries'>): BalanceSpan[] {
  const spans = new Map<string, BalanceSpan>();
  for (const { account, asset, shard, sequence } of entries) {
    const place = { account, asset, shard };
    const { first, last } = spans.get(balanceKey(place)) ?? { first: sequence, last: sequence };
    spans.set(balanceKey(place), { place, first: Math.min(first, sequence), last: Math.max(last, sequence) });
  }
  return [...spans.values()];
}

function present<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}
