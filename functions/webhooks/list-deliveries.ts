import * as z from 'zod';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import { deliveryOf } from '../../lib/http/webhook-representations.ts';
import type { DeliveryStore } from '../../lib/platform/delivery-store.ts';
import { type DeliveryId, deliveryIdPattern } from '../../lib/platform/webhook-id.ts';
import type { WebhookStore } from '../../lib/platform/webhook-store.ts';

/** The one that the page before ended with. */
const position = z
  .string()
  .regex(deliveryIdPattern)
  .transform((text) => text as DeliveryId);

export function listDeliveries(webhooks: WebhookStore, deliveries: DeliveryStore): Operation<'listDeliveries'> {
  return async ({ path: { webhookId }, query: { status, limit, cursor }, caller: { tenant } }) => {
    const binding = { operation: 'listDeliveries', tenant, webhookId, status: status ?? null };
    const before = cursor === undefined ? undefined : decodeCursor(cursor, binding, position);
    await webhooks.get(tenant, webhookId);
    const page = await deliveries.list(tenant, webhookId, { status, limit, before });
    return json(200, {
      data: page.deliveries.map(deliveryOf),
      ...(page.next !== undefined && { nextCursor: encodeCursor(binding, page.next) }),
    });
  };
}
