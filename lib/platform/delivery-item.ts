import * as z from 'zod';
import { type AppliedKey, count, parseRow, type Row } from '../dynamodb/items/items.ts';
import { type Delivery, type DeliveryFailure, deliveryFailures, deliveryStatuses } from './delivery.ts';
import { deliveryBucketOf, dueAtText } from './delivery-due.ts';
import { deliveryKey, idOfDelivery, tenantOfWebhooks } from './keys.ts';
import type { DeliveryId, WebhookId } from './webhook-id.ts';

const failures = Object.keys(deliveryFailures) as [DeliveryFailure, ...DeliveryFailure[]];

const attemptRow = z.object({
  number: count,
  at: count,
  status: count.optional(),
  latencyMs: count.optional(),
  error: z.string().optional(),
  excerpt: z.string().optional(),
});

const deliveryRow = z.object({
  PK: z.string(),
  SK: z.string(),
  eventId: z.string(),
  eventType: z.string(),
  // Not read where deliveries are listed.
  body: z.string().optional(),
  status: z.enum(deliveryStatuses),
  failure: z.enum(failures).optional(),
  nextAttemptAt: count.optional(),
  claim: z.object({ nonce: z.string(), at: count }).optional(),
  attempt: count,
  tries: count,
  maxTries: count,
  scheduledAt: count,
  attempts: z.array(attemptRow),
  cause: z.object({ correlationId: z.string().optional(), traceparent: z.string().optional() }),
  createdAt: count,
  keysApplied: z.array(z.object({ mark: z.string(), requestHash: z.string() })),
});

/** A delivery as it is stored: with the idempotency keys of the requests that made or replayed it. */
export interface StoredDelivery extends Delivery {
  readonly keysApplied: readonly AppliedKey[];
}

/** What puts a pending delivery into the index, and says when it is due. */
export function dueAttributes(id: DeliveryId, nextAttemptAt: number): Row {
  return { nextAttemptAt, dueBucket: deliveryBucketOf(id), dueAt: dueAtText(nextAttemptAt) };
}

/** What takes a delivery out of the index. */
export const notDue = { nextAttemptAt: undefined, dueBucket: undefined, dueAt: undefined };

/** The row of a pending delivery. It vanishes at `expiresAtSeconds`, in seconds since 1970, or some time after. */
export function deliveryItem(delivery: StoredDelivery & { nextAttemptAt: number }, expiresAtSeconds: number): Row {
  const { tenant, webhook, id, nextAttemptAt, ...content } = delivery;
  return { ...deliveryKey(tenant, webhook, id), ...content, ...dueAttributes(id, nextAttemptAt), expiresAtSeconds };
}

/** @throws InvariantViolation for a damaged row */
export function parseDelivery(row: Row): StoredDelivery {
  const { PK, SK, body = '', ...content } = parseRow(deliveryRow, row);
  return {
    tenant: tenantOfWebhooks(PK),
    webhook: PK.slice(PK.lastIndexOf('#') + 1) as WebhookId,
    id: idOfDelivery(SK),
    body,
    ...content,
  } as StoredDelivery;
}
