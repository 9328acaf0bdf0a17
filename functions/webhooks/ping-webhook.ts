import { json, type Operation } from '../../lib/http/index.ts';
import { deliveryLocation, deliveryOf } from '../../lib/http/webhook-representations.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import type { WebhookStore } from '../../lib/platform/webhook-store.ts';
import type { Replays } from '../../lib/webhooks/replays.ts';

export function pingWebhook(webhooks: WebhookStore, replays: Replays, once: Once): Operation<'pingWebhook'> {
  return ({ path: { webhookId }, caller: { tenant }, ...invocation }) =>
    once({
      ...invocation,
      tenant,
      request: { webhookId },
      change: async (keyApplied) => {
        const webhook = await webhooks.get(tenant, webhookId);
        const delivery = await replays.ping(webhook, keyApplied, invocation.cause);
        return json(202, deliveryOf(delivery), { location: deliveryLocation(delivery) });
      },
    });
}
