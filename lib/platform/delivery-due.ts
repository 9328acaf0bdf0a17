import { createHash } from 'node:crypto';
import type { Row } from '../dynamodb/items/items.ts';
import { InvariantViolation, type TenantId } from '../ledger/index.ts';
import { tenantOfWebhooks } from './keys.ts';
import { type DeliveryId, parseDeliveryId, parseWebhookId, type WebhookId } from './webhook-id.ts';

/**
 * Pending deliveries in the sparse index `due`, which carries keys only.
 *
 * | attribute   | value                                 | what for                                                       |
 * |-------------|---------------------------------------|----------------------------------------------------------------|
 * | `dueBucket` | `DELIVERY#<digit>`                    | one of 16 by a hash of the delivery's id, so that none runs hot |
 * | `dueAt`     | `<next attempt, ms since 1970, 13 digits>` | the order in which attempts are due                       |
 */
const bucketDigits = '0123456789abcdef';
const bucketPrefix = 'DELIVERY#';
const timeDigits = 13;

/** Every bucket there is: who looks for all that is due asks each of them. */
export const deliveryBuckets: readonly string[] = [...bucketDigits].map((digit) => bucketPrefix + digit);

/** The bucket of a delivery, for as long as it is pending. */
export function deliveryBucketOf(id: DeliveryId): string {
  return bucketPrefix + createHash('sha256').update(id).digest('hex').charAt(0);
}

/** An instant as the index orders it. */
export function dueAtText(time: number): string {
  return String(time).padStart(timeDigits, '0');
}

/** A delivery as the index shows it. */
export interface DueDelivery {
  readonly tenant: TenantId;
  readonly webhook: WebhookId;
  readonly id: DeliveryId;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
}

/** @throws InvariantViolation for a row of the index that is no delivery's */
export function parseDueDelivery({ PK, SK, dueAt }: Row): DueDelivery {
  const partition = String(PK);
  const webhook = parseWebhookId(partition.slice(partition.lastIndexOf('#') + 1));
  const id = parseDeliveryId(String(SK).slice(String(SK).lastIndexOf('#') + 1));
  if (!webhook || !id) throw new InvariantViolation(`${PK} ${SK} is no delivery that can be due`);
  return { tenant: tenantOfWebhooks(partition), webhook, id, dueAt: Number(dueAt) };
}
