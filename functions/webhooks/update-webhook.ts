import { json, type Operation, requireScope } from '../../lib/http/index.ts';
import { webhookOf } from '../../lib/http/webhook-representations.ts';
import { requireTarget } from '../../lib/http/webhook-target.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import type { Endpoints } from '../../lib/webhooks/endpoints.ts';
import type { TargetRule } from '../../lib/webhooks/target-url.ts';

export function updateWebhook(endpoints: Endpoints, rule: TargetRule, once: Once): Operation<'updateWebhook'> {
  return async ({ path: { webhookId }, body, caller, by, ...invocation }) => {
    const { tenant } = caller;
    if (body.url !== undefined) {
      requireScope(caller, 'events:read', 'To have events sent to another URL');
      requireTarget(body.url, rule);
    }
    return once({
      ...invocation,
      tenant,
      request: { webhookId, ...body },
      change: async (keyApplied) =>
        json(200, webhookOf(await endpoints.update(tenant, webhookId, body, keyApplied, by), Date.now())),
    });
  };
}
