import { json, type Operation } from '../../lib/http/index.ts';
import { webhookOf } from '../../lib/http/webhook-representations.ts';
import { requireTarget } from '../../lib/http/webhook-target.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import type { Endpoints } from '../../lib/webhooks/endpoints.ts';
import type { TargetRule } from '../../lib/webhooks/target-url.ts';

export function updateWebhook(endpoints: Endpoints, rule: TargetRule, once: Once): Operation<'updateWebhook'> {
  return ({ path: { webhookId }, body, caller: { tenant }, by, ...invocation }) => {
    if (body.url !== undefined) requireTarget(body.url, rule);
    return once({
      ...invocation,
      tenant,
      request: { webhookId, ...body },
      change: async (keyApplied) =>
        json(200, webhookOf(await endpoints.update(tenant, webhookId, body, keyApplied, by), Date.now())),
    });
  };
}
