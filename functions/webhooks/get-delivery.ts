import { json, type Operation } from '../../lib/http/index.ts';
import { deliveryOf } from '../../lib/http/webhook-representations.ts';
import type { DeliveryStore } from '../../lib/platform/delivery-store.ts';

export function getDelivery(deliveries: DeliveryStore): Operation<'getDelivery'> {
  return async ({ path: { webhookId, deliveryId }, caller }) =>
    json(200, deliveryOf(await deliveries.get(caller.tenant, webhookId, deliveryId)));
}
