import type { ActContext } from '../audit/act.ts';
import type { AppliedKey, Clock } from '../dynamodb/index.ts';
import { LedgerError, type TenantId } from '../ledger/index.ts';
import type { Webhook, WebhookStatus } from '../platform/webhook.ts';
import { deliveryIdOf, type WebhookId, webhookIdOf } from '../platform/webhook-id.ts';
import type { WebhookStore } from '../platform/webhook-store.ts';
import type { SecretBox } from '../secrets/index.ts';
import type { QueueSender } from '../sqs/index.ts';
import type { DeliverableEvents } from './deliverable-events.ts';
import { maxSecrets } from './limits.ts';
import { allSealed } from './sealed-secrets.ts';
import { newSecret, type SealedSecret, validSecrets } from './secret.ts';
import { wakeUpFor } from './wake-up.ts';

export interface EndpointsOptions {
  readonly webhooks: WebhookStore;
  readonly events: Pick<DeliverableEvents, 'lastSequence'>;
  readonly secrets: SecretBox;
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
   * @throws LedgerError as `WebhookStore.create`; `unavailable` also where its secret cannot be sealed
   */
  async create(
    tenant: TenantId,
    { description, ...terms }: EndpointTerms,
    keyApplied: AppliedKey,
    by?: ActContext,
  ): Promise<WithSecret> {
    const { webhooks, events, clock } = this.#options;
    const id = webhookIdOf(tenant, keyApplied.mark);
    const made = await this.#newSecret(tenant, id);
    const createdAt = clock.now();
    const startsAfter = await events.lastSequence(tenant);
    const webhook = await webhooks.create(
      {
        tenant,
        id,
        ...terms,
        ...(description && { description }),
        status: 'enabled',
        secrets: [{ sealed: made.sealed, createdAt }],
        startsAfter,
        deliveredThrough: startsAfter,
        changesRecorded: 0,
        createdAt,
        version: 1,
      },
      keyApplied,
      by,
    );
    return withSecret(webhook, made);
  }

  /**
   * Changes an endpoint. One that is switched on begins anew: what it failed at before is forgotten, and if it is ordered its line
   * goes on where it stood.
   *
   * @throws LedgerError as `WebhookStore.change`; `unavailable` also where a secret cannot be sealed, and `outcome_unknown` where it is changed and its line
   * could not be woken, which the same key does
   */
  async update(
    tenant: TenantId,
    id: WebhookId,
    patch: EndpointPatch,
    keyApplied: AppliedKey,
    by?: ActContext,
  ): Promise<Webhook> {
    const { webhooks, secrets, queue, clock } = this.#options;
    const change = async (seen: Webhook): Promise<Webhook> => ({
      ...patched(seen, patch, clock.now()),
      secrets: await allSealed(secrets, seen),
    });
    const webhook = await webhooks.change(tenant, id, keyApplied, change, { action: 'webhook.updated', by });
    if (patch.status === 'enabled' && webhook.ordered) {
      // Whatever is next in its line: who is woken looks into the journal.
      const next = { id: 'next', sequence: webhook.deliveredThrough + 1 };
      await queue.send([wakeUpFor({ tenant, webhook: id, id: deliveryIdOf(id, next) })]).catch((cause: unknown) => {
        throw new LedgerError('outcome_unknown', 'the line of a webhook could not be woken', {}, { cause });
      });
    }
    return webhook;
  }

  /**
   * Gives an endpoint a new secret. The ones before are signed with too until their time is over, which for the last one is after
   * the overlap; beyond five the oldest goes at once.
   *
   * @throws LedgerError as `WebhookStore.change`; `unavailable` also where a secret cannot be sealed
   */
  async rotate(
    tenant: TenantId,
    id: WebhookId,
    overlapSeconds: number,
    keyApplied: AppliedKey,
    by?: ActContext,
  ): Promise<WithSecret> {
    const { webhooks, secrets: box, clock } = this.#options;
    const made = await this.#newSecret(tenant, id);
    const change = async (seen: Webhook): Promise<Webhook> => {
      const now = clock.now();
      const ends = now + overlapSeconds * 1_000;
      const older = validSecrets(await allSealed(box, seen), now)
        .map((one) => ({ ...one, expiresAt: Math.min(one.expiresAt ?? ends, ends) }))
        .filter(({ expiresAt }) => expiresAt > now);
      return { ...seen, secrets: [{ sealed: made.sealed, createdAt: now }, ...older].slice(0, maxSecrets) };
    };
    const webhook = await webhooks.change(tenant, id, keyApplied, change, { action: 'webhook.secret_rotated', by });
    return withSecret(webhook, made);
  }

  async #newSecret(tenant: TenantId, id: WebhookId): Promise<NewSecret> {
    const secret = newSecret(this.#options.randomBytes);
    return { secret, sealed: await this.#options.secrets.seal(secret, { tenant, webhook: id }) };
  }
}

interface NewSecret extends Pick<SealedSecret, 'sealed'> {
  readonly secret: string;
}

/** Each sealing gives another text, so that the newest of the endpoint is this call's only where its text is. */
function withSecret(webhook: Webhook, { secret, sealed }: NewSecret): WithSecret {
  const [newest] = webhook.secrets;
  return newest && 'sealed' in newest && newest.sealed === sealed ? { webhook, secret } : { webhook };
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
