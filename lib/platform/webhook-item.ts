import * as z from 'zod';
import { type AppliedKey, count, parseRow, type Row } from '../dynamodb/items/items.ts';
import type { TenantId } from '../ledger/index.ts';
import { tenantOfWebhooks, webhookKey } from './keys.ts';
import { type DisableReason, disableReasons, type Webhook, webhookStatuses } from './webhook.ts';
import type { WebhookId } from './webhook-id.ts';

const reasons = Object.keys(disableReasons) as [DisableReason, ...DisableReason[]];

const secretTimes = { createdAt: count, expiresAt: count.optional() };

const webhookRow = z.object({
  PK: z.string(),
  SK: z.string().transform((text) => text as WebhookId),
  url: z.string(),
  types: z.array(z.string()),
  description: z.string().optional(),
  ordered: z.boolean(),
  // `deleted` only in what is left of an endpoint for those who repeat the request that deleted it.
  status: z.enum([...webhookStatuses, 'deleted']),
  disabledReason: z.enum(reasons).optional(),
  disabledAt: count.optional(),
  secrets: z.array(
    z.union([
      z.object({ sealed: z.string(), ...secretTimes }),
      // As they were stored before they were sealed.
      z.object({ value: z.string(), ...secretTimes }),
    ]),
  ),
  startsAfter: count,
  deliveredThrough: count,
  failingSince: count.optional(),
  changesRecorded: count,
  createdAt: count,
  version: count,
  keysApplied: z.array(z.object({ mark: z.string(), requestHash: z.string() })),
});

/** An endpoint as it is stored: with the last idempotency keys applied to it. */
export interface StoredWebhook extends Omit<Webhook, 'status'> {
  readonly status: Webhook['status'] | 'deleted';
  readonly keysApplied: readonly AppliedKey[];
}

/** The row of an endpoint. */
export function webhookItem({ tenant, id, ...content }: StoredWebhook): Row {
  return { ...webhookKey(tenant, id), ...content };
}

/** @throws InvariantViolation for a damaged row */
export function parseWebhook(row: Row): StoredWebhook {
  const { PK, SK, ...content } = parseRow(webhookRow, row);
  return { tenant: tenantOfWebhooks(PK) as TenantId, id: SK, ...content } as StoredWebhook;
}
