import type { Delivery } from '../platform/delivery.ts';
import type { Webhook } from '../platform/webhook.ts';
import { deliveryIdOf } from '../platform/webhook-id.ts';
import type { DeliverableEvent } from './deliverable-events.ts';
import { maxTries } from './retry-schedule.ts';

/** The delivery of an event to an endpoint, due at once. Its id follows from the two, so that there is one. */
export function newDelivery(
  { tenant, id: webhook }: Webhook,
  event: DeliverableEvent,
  now: number,
  tries = maxTries,
): Delivery & { nextAttemptAt: number } {
  return {
    tenant,
    webhook,
    id: deliveryIdOf(webhook, event),
    eventId: event.id,
    eventType: event.type,
    body: event.body,
    status: 'pending',
    nextAttemptAt: now,
    attempt: 0,
    tries: 0,
    maxTries: tries,
    scheduledAt: now,
    attempts: [],
    cause: event.cause,
    createdAt: now,
  };
}

/** A message may come so much before its time, in milliseconds: clocks differ, and SQS counts in seconds. */
const earlyMs = 1_000;

/** Whether an attempt may begin. */
export function isDue({ status, nextAttemptAt = 0 }: Pick<Delivery, 'status' | 'nextAttemptAt'>, now: number): boolean {
  return status === 'pending' && nextAttemptAt <= now + earlyMs;
}
