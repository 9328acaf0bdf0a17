import type { AppliedKey, Clock } from '../dynamodb/index.ts';
import type { TenantId } from '../ledger/index.ts';
import type { Webhook, WebhookStatus } from '../platform/webhook.ts';
import { deliveryIdOf, type WebhookId, webhookIdOf } from '../platform/webhook-id.ts';
import type { WebhookStore } from '../platform/webhook-store.ts';
import type { QueueSender } from '../sqs/index.ts';
import type { DeliverableEvents } from './deliverable-events.ts';
import { maxSecrets } from './limits.ts';
import { newSecret, validSecrets } from './secret.ts';
import { wakeUpFor } from './wake-up.ts';

export interface EndpointsOptions {
  readonly webhooks: WebhookStore;
  readonly events: Pick<DeliverableEvents, 'lastSequence'>;
  readonly queue: Pick<QueueSender, 'send'>;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Uint8Array;
}

/** What an owner says of an endpoint. */
export interface EndpointTerms {
  readonly url: string;
  readonly types: readonly string[];
  readonly description?: string | undefined;
  readonly ordered: boolean;
}

/** What an owner changes of it; an empty description takes it away. */
export interface EndpointPatch {
  readonly url?: string | undefined;
  readonly types?: readonly string[] | undefined;
  readonly description?: string | undefined;
  readonly status?: WebhookStatus | undefined;
}

/** An endpoint with its new secret, if this call made it: nobody is told a secret a second time. */
export interface WithSecret {
  readonly webhook: Webhook;
  readonly secret?: string;
}

/** What owners do with their endpoints. Each is done once under its idempotency key. */
export class Endpoints {
  readonly #options: EndpointsOptions;

  constructor(options: EndpointsOptions) {
    this.#options = options;
  }

  /**
   * Makes an endpoint. It gets every event that comes into the journal from then on.
   *
   * @throws LedgerError as `WebhookStore.create`
   */
  async create(
    tenant: TenantId,
    { description, ...terms }: EndpointTerms,
    keyApplied: AppliedKey,
  ): Promise<WithSecret> {
    const { webhooks, events, clock, randomBytes } = this.#options;
    const secret = newSecret(randomBytes);
    const createdAt = clock.now();
    const startsAfter = await events.lastSequence(tenant);
    const webhook = await webhooks.create(
      {
        tenant,
        id: webhookIdOf(tenant, keyApplied.mark),
        ...terms,
        ...(description && { description }),
        status: 'enabled',
        secrets: [{ value: secret, createdAt }],
        startsAfter,
        deliveredThrough: startsAfter,
        changesRecorded: 0,
        createdAt,
        version: 1,
      },
      keyApplied,
    );
    return withSecret(webhook, secret);
  }

  /**
   * Changes an endpoint. One that is switched on begins anew: what it failed at before is forgotten, and if it is ordered its line
   * goes on where it stood.
   *
   * @throws LedgerError as `WebhookStore.change`; `unavailable` also where its line could not be woken, and the same key does it
   */
  async update(tenant: TenantId, id: WebhookId, patch: EndpointPatch, keyApplied: AppliedKey): Promise<Webhook> {
    const { webhooks, queue, clock } = this.#options;
    const webhook = await webhooks.change(tenant, id, keyApplied, (seen) => patched(seen, patch, clock.now()));
    if (patch.status === 'enabled' && webhook.ordered) {
      // Whatever is next in its line: who is woken looks into the journal.
      const next = { id: 'next', sequence: webhook.deliveredThrough + 1 };
      await queue.send([wakeUpFor({ tenant, webhook: id, id: deliveryIdOf(id, next) })]);
    }
    return webhook;
  }

  /**
   * Gives an endpoint a new secret. The ones before are signed with too until their time is over, which for the last one is after
   * the overlap; beyond five the oldest goes at once.
   *
   * @throws LedgerError as `WebhookStore.change`
   */
  async rotate(tenant: TenantId, id: WebhookId, overlapSeconds: number, keyApplied: AppliedKey): Promise<WithSecret> {
    const { webhooks, clock, randomBytes } = this.#options;
    const secret = newSecret(randomBytes);
    const webhook = await webhooks.change(tenant, id, keyApplied, (seen) => {
      const now = clock.now();
      const valid = new Set(validSecrets(seen.secrets, now));
      const ends = now + overlapSeconds * 1_000;
      const older = seen.secrets
        .filter(({ value }) => valid.has(value))
        .map((one) => ({ ...one, expiresAt: Math.min(one.expiresAt ?? ends, ends) }))
        .filter(({ expiresAt }) => expiresAt > now);
      return { ...seen, secrets: [{ value: secret, createdAt: now }, ...older].slice(0, maxSecrets) };
    });
    return withSecret(webhook, secret);
  }
}

function withSecret(webhook: Webhook, secret: string): WithSecret {
  return webhook.secrets[0]?.value === secret ? { webhook, secret } : { webhook };
}

function patched(seen: Webhook, { url, types, description, status }: EndpointPatch, now: number): Webhook {
  const { description: before, ...rest } = switched(seen, status, now);
  const after = description === undefined ? before : description;
  return {
    ...rest,
    ...(url !== undefined && { url }),
    ...(types !== undefined && { types }),
    ...(after && { description: after }),
  };
}

function switched(seen: Webhook, status: WebhookStatus | undefined, now: number): Webhook {
  if (status === undefined || status === seen.status) return seen;
  const { disabledReason: _, disabledAt: __, failingSince: ___, ...rest } = seen;
  return status === 'enabled'
    ? { ...rest, status }
    : { ...rest, status, disabledReason: 'by_request', disabledAt: now };
}
