import { json, type Operation } from '../../lib/http/index.ts';
import { enabledWebhook } from '../../lib/http/webhook-target.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import type { WebhookStore } from '../../lib/platform/webhook-store.ts';
import type { Replays } from '../../lib/webhooks/replays.ts';

export function replayEvents(webhooks: WebhookStore, replays: Replays, once: Once): Operation<'replayEvents'> {
  return ({ path: { webhookId }, body: { from, to }, caller: { tenant }, ...invocation }) =>
    once({
      ...invocation,
      tenant,
      request: { webhookId, from, to },
      change: async (keyApplied) => {
        const webhook = enabledWebhook(await webhooks.get(tenant, webhookId));
        const { replayed, through } = await replays.range(webhook, { from, to }, keyApplied);
        return json(202, { replayed, through: String(through) });
      },
    });
}
