import type { Webhook } from '../platform/webhook.ts';
import { faultOfTarget, type TargetRule } from '../webhooks/target-url.ts';
import { HttpProblem, invalidRequest } from './problem.ts';

/** @throws HttpProblem `invalid_request` for a URL to which this stage sends no webhooks */
export function requireTarget(url: string, rule: TargetRule): void {
  const detail = faultOfTarget(url, rule);
  if (detail !== undefined) throw invalidRequest([{ in: 'body', pointer: '/url', detail }]);
}

/** @throws HttpProblem `webhook_disabled` for an endpoint to which nothing is delivered */
export function enabledWebhook(webhook: Webhook): Webhook {
  if (webhook.status === 'disabled') throw new HttpProblem('webhook_disabled');
  return webhook;
}
