import { json, type Operation } from '../../lib/http/index.ts';
import { webhookOf } from '../../lib/http/webhook-representations.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import type { Endpoints } from '../../lib/webhooks/endpoints.ts';
import { defaultOverlapSeconds } from '../../lib/webhooks/limits.ts';
import { type Shown, secretNote } from './shown-secret.ts';

export function rotateWebhookSecret(endpoints: Endpoints, once: Once): Operation<'rotateWebhookSecret'> {
  return async ({ path: { webhookId }, body, caller: { tenant }, by, ...invocation }) => {
    const { overlapSeconds = defaultOverlapSeconds } = body;
    let shown: Shown;
    const answer = await once({
      ...invocation,
      tenant,
      request: { webhookId, overlapSeconds },
      change: async (keyApplied) => {
        const { webhook, secret } = await endpoints.rotate(tenant, webhookId, overlapSeconds, keyApplied, by);
        const representation = webhookOf(webhook, Date.now());
        if (secret !== undefined) shown = json(200, { ...representation, secret });
        return json(200, { ...representation, secretNote });
      },
    });
    return shown ?? answer;
  };
}
