import { json, type Operation, requireScope } from '../../lib/http/index.ts';
import { webhookLocation, webhookOf } from '../../lib/http/webhook-representations.ts';
import { requireTarget } from '../../lib/http/webhook-target.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import type { Endpoints } from '../../lib/webhooks/endpoints.ts';
import type { TargetRule } from '../../lib/webhooks/target-url.ts';
import { type Shown, secretNote } from './shown-secret.ts';

export function createWebhook(endpoints: Endpoints, rule: TargetRule, once: Once): Operation<'createWebhook'> {
  return async ({ body, caller, by, ...invocation }) => {
    requireScope(caller, 'events:read', 'To have events sent to a URL');
    const { tenant } = caller;
    const { url, types = [], description, ordered = false } = body;
    requireTarget(url, rule);
    let shown: Shown;
    const answer = await once({
      ...invocation,
      tenant,
      request: { url, types, description: description ?? null, ordered },
      change: async (keyApplied) => {
        const made = await endpoints.create(tenant, { url, types, description, ordered }, keyApplied, by);
        const { webhook, secret } = made;
        const representation = webhookOf(webhook, Date.now());
        const location = webhookLocation(webhook);
        if (secret !== undefined) shown = json(201, { ...representation, secret }, { location });
        return json(201, { ...representation, secretNote }, { location });
      },
    });
    return shown ?? answer;
  };
}
