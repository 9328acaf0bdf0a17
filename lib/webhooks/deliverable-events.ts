import type { Cause } from '../dynamodb/index.ts';
import { type EventEnvelope, type EventFeed, type EventView, envelopeText } from '../events/index.ts';
import { eventTypes, type TenantId } from '../ledger/index.ts';
import { isWanted } from './event-filter.ts';

/** An event as endpoints get it. */
export interface DeliverableEvent {
  readonly id: string;
  readonly type: string;
  /** Its place in the tenant's journal: 1, 2, 3 … without gaps. */
  readonly sequence: number;
  /** The event as it is published: the text that is signed and sent. */
  readonly body: string;
  readonly cause: Cause;
}

/** Events behind a sequence, in order, and how far was looked. */
export interface DeliverablePage {
  readonly events: readonly DeliverableEvent[];
  /** The last sequence looked at; where the page began, if there is nothing behind it. */
  readonly end: number;
}

/** A tenant's journal, as webhooks read it. Reads are consistent, and throw LedgerError `unavailable`. */
export interface DeliverableEvents {
  /** The sequence of the newest event; 0 before the first. */
  lastSequence(tenant: TenantId): Promise<number>;
  /** At most so many of the events behind a sequence that filters want. Where none is near, it may end early, without any. */
  after(tenant: TenantId, sequence: number, filters: readonly string[], limit: number): Promise<DeliverablePage>;
}

/** The events of the journal itself. */
export function journalEvents(feed: EventFeed): DeliverableEvents {
  return {
    lastSequence: (tenant) => feed.lastSequence(tenant),
    async after(tenant, sequence, filters, limit) {
      const types = filters.length > 0 ? eventTypes.filter((type) => isWanted(filters, type)) : undefined;
      const { events, end } = await feed.page(tenant, { after: { sequence }, types, limit });
      return { events: events.map((event) => deliverable(tenant, event)), end: end.sequence };
    },
  };
}

function deliverable(tenant: TenantId, event: EventView): DeliverableEvent {
  const { id, type, sequence, cause } = event;
  return { id, type, sequence, body: envelopeText(tenant, event), cause };
}

/** An event as it was published; what goes to endpoints is the text that came. */
export function publishedEvent(envelope: EventEnvelope, body: string): DeliverableEvent {
  const { id, type, sequence, correlationid, traceparent } = envelope;
  const cause = {
    ...(correlationid !== undefined && { correlationId: correlationid }),
    ...(traceparent !== undefined && { traceparent }),
  };
  return { id, type, sequence: Number(sequence), body, cause };
}
