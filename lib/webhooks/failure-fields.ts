import type { MadeAttempt } from './attempts.ts';

/**
 * What the log tells of an attempt that failed. Of the URL the host only: its path and query may be what gives access to the
 * receiver. What was sent and what was answered is not in it.
 */
export function failureFields({ webhook, delivery, verdict }: MadeAttempt): Readonly<Record<string, unknown>> {
  const { attempt, course, disable } = verdict;
  const { correlationId } = delivery.cause;
  return {
    tenant: webhook.tenant,
    webhookId: webhook.id,
    deliveryId: delivery.id,
    eventId: delivery.eventId,
    attempt: delivery.attempt,
    error: attempt.error,
    ...(attempt.status !== undefined && { status: attempt.status }),
    latencyMs: attempt.latencyMs,
    host: new URL(webhook.url).host,
    course: course.status,
    ...(disable !== undefined && { disabled: disable }),
    ...(correlationId !== undefined && { correlationId }),
  };
}
