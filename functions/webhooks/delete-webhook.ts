import { json, type Operation } from '../../lib/http/index.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import type { WebhookStore } from '../../lib/platform/webhook-store.ts';

export function deleteWebhook(webhooks: WebhookStore, once: Once): Operation<'deleteWebhook'> {
  return ({ path: { webhookId }, caller: { tenant }, by, ...invocation }) =>
    once({
      ...invocation,
      tenant,
      request: { webhookId },
      change: async (keyApplied) => {
        await webhooks.delete(tenant, webhookId, keyApplied, by);
        return json(200, { id: webhookId, status: 'deleted' });
      },
    });
}
