import type { Delivery, DeliveryAttempt } from '../platform/delivery.ts';
import type { Webhook } from '../platform/webhook.ts';
import { sequenceOfDelivery } from '../platform/webhook-id.ts';
import { validSecrets } from '../webhooks/secret.ts';

/** A webhook as clients see it: its secrets by their times only. */
export function webhookOf(webhook: Webhook, now: number) {
  const { id, url, types, description, ordered, status, disabledReason, disabledAt, failingSince } = webhook;
  return {
    id,
    url,
    types,
    ...(description !== undefined && { description }),
    ordered,
    status,
    ...(disabledReason !== undefined && { disabledReason }),
    ...(disabledAt !== undefined && { disabledAt: timeText(disabledAt) }),
    ...(failingSince !== undefined && { failingSince: timeText(failingSince) }),
    startsAfter: String(webhook.startsAfter),
    ...(ordered && { deliveredThrough: String(webhook.deliveredThrough) }),
    secrets: validSecrets(webhook.secrets, now).map(({ createdAt, expiresAt }) => ({
      createdAt: timeText(createdAt),
      ...(expiresAt !== undefined && { expiresAt: timeText(expiresAt) }),
    })),
    createdAt: timeText(webhook.createdAt),
    version: String(webhook.version),
  };
}

export function webhookLocation({ id }: Pick<Webhook, 'id'>): string {
  return `/v1/webhooks/${id}`;
}

/** A delivery as clients see it. What is sent is the event, which is read from the journal. */
export function deliveryOf(delivery: Delivery) {
  const { id, webhook, eventId, eventType, status, failure, nextAttemptAt, attempts, createdAt } = delivery;
  const sequence = sequenceOfDelivery(id);
  return {
    id,
    webhookId: webhook,
    eventId,
    type: eventType,
    ...(sequence > 0 && { sequence: String(sequence) }),
    status,
    ...(failure !== undefined && { failure }),
    ...(nextAttemptAt !== undefined && { nextAttemptAt: timeText(nextAttemptAt) }),
    attempts: attempts.map(attemptOf),
    createdAt: timeText(createdAt),
  };
}

export function deliveryLocation({ webhook, id }: Pick<Delivery, 'webhook' | 'id'>): string {
  return `/v1/webhooks/${webhook}/deliveries/${id}`;
}

function attemptOf({ number, at, status, latencyMs, error, excerpt }: DeliveryAttempt) {
  return {
    number,
    at: timeText(at),
    ...(status !== undefined && { statusCode: status }),
    ...(latencyMs !== undefined && { latencyMs }),
    ...(error !== undefined && { error }),
    ...(excerpt !== undefined && { excerpt }),
  };
}

function timeText(time: number): string {
  return new Date(time).toISOString();
}
