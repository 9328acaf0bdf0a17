import { json, type Operation } from '../../lib/http/index.ts';
import { webhookOf } from '../../lib/http/webhook-representations.ts';
import type { WebhookStore } from '../../lib/platform/webhook-store.ts';

export function getWebhook(webhooks: WebhookStore): Operation<'getWebhook'> {
  return async ({ path: { webhookId }, caller }) =>
    json(200, webhookOf(await webhooks.get(caller.tenant, webhookId), Date.now()));
}
