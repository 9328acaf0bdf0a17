import type { TenantId } from './account.ts';
import { type CanonicalValue, digestOf } from './canonical-json.ts';
import type { RecordId } from './identifiers.ts';

declare const eventId: unique symbol;

/** `evt_` and the 52 characters of the record that the event is about: an event has one id for ever. */
export type EventId = string & { readonly [eventId]: true };

export const eventIdPattern = /^evt_[a-z2-7]{52}$/;

/** The version of the hashed form; it changes only together with a documented new form. */
const eventHashVersion = 1;

/** Events of what an idempotency key did. */
export const recordEventTypes = [
  'transaction.posted',
  'transaction.rejected',
  'transaction.failed',
  'batch.posted',
  'hold.created',
  'hold.voided',
  'hold.expired',
] as const;
export type RecordEventType = (typeof recordEventTypes)[number];

/** Events of changes that move no money, each from a change record. */
export const changeEventTypes = [
  'account.created',
  'account.updated',
  'balance.low',
  'balance.high',
  'webhook.disabled',
  'transaction.redacted',
  'hold.redacted',
  'account.redacted',
] as const;
export type ChangeEventType = (typeof changeEventTypes)[number];

export const eventTypes = [...recordEventTypes, ...changeEventTypes] as const;
export type EventType = (typeof eventTypes)[number];

/** What the journal keeps of an event: what it is about lies in its own record. */
export interface JournalEvent {
  readonly id: EventId;
  readonly type: EventType;
  /** When it happened, in milliseconds since 1970: the time of the transaction, hold operation or change. */
  readonly time: number;
  /** SHA-256 over the event, as 64 lower-case hexadecimal digits. */
  readonly hash: string;
}

/** The event of a record or of a change record. */
export function eventIdOf(record: string): EventId {
  return `evt_${record}` as EventId;
}

/** The record, or change record, that an event is about. */
export function recordIdOfEvent(id: EventId): RecordId {
  return id.slice(4) as RecordId;
}

/** Whether an event is about a change record; any other is about the record of an idempotency key. */
export function isChangeEvent(type: EventType): type is ChangeEventType {
  return (changeEventTypes as readonly string[]).includes(type);
}

/**
 * The hash of an event: SHA-256 over canonical JSON of its version, tenant, id, type, time as RFC 3339 UTC with milliseconds, and
 * the part of its data that is hashed (see `journal-content.ts`).
 */
export function eventHash(
  tenant: TenantId,
  { id, type, time }: Omit<JournalEvent, 'hash'>,
  content: CanonicalValue,
): string {
  return digestOf({ v: eventHashVersion, tenant, id, type, time: new Date(time).toISOString(), data: content });
}
