import { base32, type CanonicalValue, digestOf, type TenantId } from '../ledger/index.ts';

declare const webhookId: unique symbol;
declare const deliveryId: unique symbol;

/** `wh_` and 26 characters that follow from the tenant and the idempotency key that made it. */
export type WebhookId = string & { readonly [webhookId]: true };

/** `dlv_`, the event's sequence (12 digits; zeros for a ping), and 26 characters that follow from endpoint and event. */
export type DeliveryId = string & { readonly [deliveryId]: true };

export const webhookIdPattern = /^wh_[a-z2-7]{26}$/;
export const deliveryIdPattern = /^dlv_[0-9]{12}[a-z2-7]{26}$/;

const deliveryPrefix = 'dlv_';
const sequenceDigits = 12;
const markCharacters = 26;

/** The id of the endpoint that a key makes: a retry meets the same one. */
export function webhookIdOf(tenant: TenantId, keyMark: string): WebhookId {
  return `wh_${markOf(['webhook', tenant, keyMark])}` as WebhookId;
}

/** The id of the delivery of an event to an endpoint: there is one, however often the event comes. */
export function deliveryIdOf(
  webhook: WebhookId,
  event: { readonly id: string; readonly sequence: number },
): DeliveryId {
  const mark = markOf(['delivery', webhook, event.id]);
  return `${deliveryPrefix}${sequenceText(event.sequence)}${mark}` as DeliveryId;
}

/** The sequence of the event that a delivery is of. */
export function sequenceOfDelivery(id: DeliveryId): number {
  return Number(id.slice(deliveryPrefix.length, deliveryPrefix.length + sequenceDigits));
}

/** A sequence as it stands in ids and keys: text order is the order of sequences. */
export function sequenceText(sequence: number): string {
  return String(sequence).padStart(sequenceDigits, '0');
}

/** Reads an endpoint's id, or returns undefined when it has another form. */
export function parseWebhookId(text: string): WebhookId | undefined {
  return webhookIdPattern.test(text) ? (text as WebhookId) : undefined;
}

/** Reads a delivery's id, or returns undefined when it has another form. */
export function parseDeliveryId(text: string): DeliveryId | undefined {
  return deliveryIdPattern.test(text) ? (text as DeliveryId) : undefined;
}

function markOf(value: CanonicalValue): string {
  return base32(Buffer.from(digestOf(value), 'hex')).slice(0, markCharacters);
}
