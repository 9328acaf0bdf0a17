import { json, type Operation } from '../../lib/http/index.ts';
import { deliveryOf } from '../../lib/http/webhook-representations.ts';
import { enabledWebhook } from '../../lib/http/webhook-target.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import type { WebhookStore } from '../../lib/platform/webhook-store.ts';
import type { Replays } from '../../lib/webhooks/replays.ts';

export function replayDelivery(webhooks: WebhookStore, replays: Replays, once: Once): Operation<'replayDelivery'> {
  return ({ path: { webhookId, deliveryId }, caller: { tenant }, ...invocation }) =>
    once({
      ...invocation,
      tenant,
      request: { webhookId, deliveryId },
      change: async (keyApplied) => {
        const webhook = enabledWebhook(await webhooks.get(tenant, webhookId));
        return json(202, deliveryOf(await replays.one(webhook, deliveryId, keyApplied)));
      },
    });
}
