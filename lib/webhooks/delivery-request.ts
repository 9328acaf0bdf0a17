import type { ClaimedDelivery } from '../platform/delivery-changes.ts';
import type { Webhook } from '../platform/webhook.ts';
import type { PostRequest } from './guarded-post.ts';
import { signatureHeaders } from './signature.ts';

/** An event in structured mode. Source: CloudEvents, HTTP protocol binding 1.0.2, section 3.2. */
const contentType = 'application/cloudevents+json; charset=utf-8';

/**
 * The request of one attempt. `webhook-id` is the event's id, the same however often and on whatever way the event comes;
 * `florin-delivery-id` and `florin-delivery-attempt` tell one arrival from another.
 *
 * @param secrets what it is signed with, opened, the newest first
 * @param now milliseconds since 1970: the time that is signed
 */
export function deliveryRequest(
  webhook: Webhook,
  delivery: ClaimedDelivery,
  secrets: readonly string[],
  now: number,
): PostRequest {
  const { correlationId, traceparent } = delivery.cause;
  return {
    url: webhook.url,
    body: delivery.body,
    headers: {
      'content-type': contentType,
      'user-agent': 'Florin-Webhooks/1',
      ...signatureHeaders(
        { id: delivery.eventId, timestampSeconds: Math.floor(now / 1_000), body: delivery.body },
        secrets,
      ),
      'florin-delivery-id': delivery.id,
      'florin-delivery-attempt': String(delivery.attempt),
      ...(correlationId !== undefined && { 'x-correlation-id': correlationId }),
      ...(traceparent !== undefined && { traceparent }),
    },
  };
}
