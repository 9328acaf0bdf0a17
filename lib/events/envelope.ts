import * as z from 'zod';
import { type EventId, type EventType, eventIdPattern, eventTypes, type TenantId } from '../ledger/index.ts';
import type { EventView } from './event-view.ts';

/**
 * How an event travels: as a CloudEvent in JSON. Source: CloudEvents 1.0.2; its extensions "Distributed Tracing" and
 * "Sequence"; `tenant` and `correlationid` are extensions of our own. The version of what `data` holds is in `dataschema`.
 */
export const eventSchema = 'urn:florin:event:v1';

/** CloudEvents wants types that belong to a domain. */
const typePrefix = 'io.florin.';

/** The text of an event's type in an envelope. */
export function envelopeType(type: EventType): string {
  return `${typePrefix}${type}`;
}

const envelopeTypes = new Map<string, EventType>(eventTypes.map((type) => [envelopeType(type), type]));

/** An envelope as subscribers read it; what they do not know is left alone. */
export const eventEnvelope = z.looseObject({
  specversion: z.literal('1.0'),
  /** The same however often the event comes. */
  id: z
    .string()
    .regex(eventIdPattern)
    .transform((text) => text as EventId),
  source: z.string(),
  type: z.string().transform((text, context): EventType => {
    const type = envelopeTypes.get(text);
    if (type) return type;
    context.addIssue('not a type of event');
    return z.NEVER;
  }),
  subject: z.string(),
  time: z.string(),
  datacontenttype: z.literal('application/json'),
  dataschema: z.literal(eventSchema),
  /** Its place in the tenant's journal, as decimal digits. */
  sequence: z.string().regex(/^[1-9][0-9]*$/),
  tenant: z.string().transform((text) => text as TenantId),
  correlationid: z.string().optional(),
  traceparent: z.string().optional(),
  /** Absent where the event is too large to travel: it is read from the API. */
  data: z.record(z.string(), z.unknown()).optional(),
});

export type EventEnvelope = z.output<typeof eventEnvelope>;

/** An event in its envelope. */
export function envelopeOf(tenant: TenantId, event: EventView): z.input<typeof eventEnvelope> {
  const { id, type, subject, time, sequence, cause, data } = event;
  return {
    specversion: '1.0',
    id,
    source: `urn:florin:tenant:${tenant}`,
    type: envelopeType(type),
    subject,
    time: new Date(time).toISOString(),
    datacontenttype: 'application/json',
    dataschema: eventSchema,
    sequence: String(sequence),
    tenant,
    ...(cause.correlationId !== undefined && { correlationid: cause.correlationId }),
    ...(cause.traceparent !== undefined && { traceparent: cause.traceparent }),
    data: { ...data },
  };
}

/** The one text of an event: what is published, signed and sent. */
export function envelopeText(tenant: TenantId, event: EventView): string {
  return JSON.stringify(envelopeOf(tenant, event));
}
