import type { Facts } from '../audit/act.ts';
import { attributeChanges } from '../dynamodb/items/attribute-changes.ts';
import { webhookKey } from './keys.ts';
import type { DisableReason, Webhook } from './webhook.ts';
import type { StoredWebhook } from './webhook-item.ts';

/** Idempotency keys that an endpoint remembers: the one that made it, and enough of the latest for a retry after a crash. */
export const webhookKeysRemembered = 16;

/** A write of the endpoint that is part of a larger one. */
export interface WebhookUpdate {
  readonly TableName: string;
  readonly Key: Record<string, string>;
  readonly UpdateExpression: string;
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues: Record<string, unknown>;
}

/** The write that switches an endpoint off, to be part of the one that records it for the journal; refused unless the endpoint is just as it was read. */
export function disablingUpdate(
  table: string,
  webhook: Webhook,
  reason: DisableReason,
  disabledAt: number,
): WebhookUpdate {
  const { tenant, id, version, changesRecorded } = webhook;
  const { expression, names, values } = attributeChanges({
    status: 'disabled',
    disabledReason: reason,
    disabledAt,
    changesRecorded: changesRecorded + 1,
    version: version + 1,
  });
  return {
    TableName: table,
    Key: webhookKey(tenant, id),
    UpdateExpression: expression,
    ConditionExpression: '#version = :seen AND #status = :enabled',
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: { ...values, ':seen': version, ':enabled': 'enabled' },
  };
}

/** The endpoint without what only its storage needs; undefined for what is left of a deleted one. */
export function livingOf({ keysApplied: _, status, ...webhook }: StoredWebhook): Webhook | undefined {
  return status === 'deleted' ? undefined : { ...webhook, status };
}

/** What is left of a deleted endpoint: nothing that signs, or that lets one in at its receiver, or that was said about it. */
export function deletedOf({ description: _, ...webhook }: Webhook): Omit<StoredWebhook, 'keysApplied'> {
  return { ...webhook, url: withoutQuery(webhook.url), status: 'deleted', secrets: [] };
}

/** What the audit log keeps of an endpoint, never a secret among it. */
export function webhookFacts({ url, types, status, ordered }: StoredWebhook | Webhook): Facts {
  return { url: withoutQuery(url), types, status, ordered };
}

/** An address without its query, which often is what lets one in. */
function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
