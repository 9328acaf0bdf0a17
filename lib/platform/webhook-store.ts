import { type DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { attributeChanges } from '../dynamodb/attribute-changes.ts';
import type { AppliedKey } from '../dynamodb/items.ts';
import { ifAbsent } from '../dynamodb/keys.ts';
import { rememberKey, wasKeyApplied } from '../dynamodb/keys-applied.ts';
import { type Clock, Patience } from '../dynamodb/patience.ts';
import type { Reader } from '../dynamodb/reader.ts';
import { insistently } from '../dynamodb/single-write.ts';
import { LedgerError, type TenantId } from '../ledger/index.ts';
import { maxWebhooks } from '../webhooks/limits.ts';
import { webhookKey, webhookPartition } from './keys.ts';
import type { PlatformTable } from './platform-table.ts';
import type { DisableReason, Webhook } from './webhook.ts';
import { disablingUpdate, livingOf, type WebhookUpdate, webhookKeysRemembered } from './webhook-changes.ts';
import type { WebhookId } from './webhook-id.ts';
import { parseWebhook, type StoredWebhook, webhookItem } from './webhook-item.ts';

/** Attempts against others who change the endpoint at the same time, and the time they have in milliseconds. */
const maxAttempts = 6;
const changeTimeoutMs = 6_000;

/** What a change makes of an endpoint. */
export type WebhookChange = (webhook: Webhook) => Webhook;

/** The webhook endpoints of all tenants. */
export class WebhookStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #reader: Reader;
  readonly #clock: Clock;

  constructor({ client, name, reader, clock }: PlatformTable) {
    this.#client = client;
    this.#table = name;
    this.#reader = reader;
    this.#clock = clock;
  }

  /** One consistent read. Nothing where there is none, or not any more. @throws LedgerError `unavailable` */
  async find(tenant: TenantId, id: WebhookId): Promise<Webhook | undefined> {
    const stored = await this.#stored(tenant, id);
    return stored && livingOf(stored);
  }

  /** @throws LedgerError `not_found`, `unavailable` */
  async get(tenant: TenantId, id: WebhookId): Promise<Webhook> {
    const webhook = await this.find(tenant, id);
    if (!webhook) throw notFound(id);
    return webhook;
  }

  /** All endpoints of a tenant, oldest first; consistent. @throws LedgerError `unavailable` */
  async all(tenant: TenantId): Promise<readonly Webhook[]> {
    const rows = await this.#reader.queryAll({
      KeyConditionExpression: 'PK = :pk',
      ExpressionAttributeValues: { ':pk': webhookPartition(tenant) },
    });
    const living = rows.map((row) => livingOf(parseWebhook(row))).filter((webhook) => webhook !== undefined);
    return living.sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  }

  /**
   * Creates an endpoint, once under its idempotency key: if the key has made it before, that one is answered.
   *
   * @throws LedgerError `already_exists` where the tenant has as many as it may, `not_found` where the key made one that is
   * deleted meanwhile, `idempotency_key_reused`, `unavailable`, `outcome_unknown`
   */
  async create(webhook: Webhook, keyApplied: AppliedKey): Promise<Webhook> {
    const living = await this.all(webhook.tenant);
    if (living.length >= maxWebhooks && !living.some(({ id }) => id === webhook.id)) {
      throw new LedgerError('already_exists', `there are ${maxWebhooks} webhooks, as many as may`);
    }
    const item = webhookItem({ ...webhook, keysApplied: [keyApplied] });
    const { refusal } = await insistently(this.#clock, (requestTimeout) =>
      this.#client.send(new PutCommand({ TableName: this.#table, Item: item, ...ifAbsent }), { requestTimeout }),
    );
    if (refusal?.kind !== 'condition') return webhook;
    // Its id follows from the key: there can be only what this key made.
    const stored = refusal.item ? parseWebhook(refusal.item) : await this.#stored(webhook.tenant, webhook.id);
    if (!stored) throw notFound(webhook.id);
    wasKeyApplied(stored.keysApplied, keyApplied);
    const existing = livingOf(stored);
    if (!existing) throw notFound(webhook.id);
    return existing;
  }

  /**
   * Changes an endpoint, once under the idempotency key; what it then is. A change that the key has made before is not made again.
   *
   * @throws LedgerError `not_found`, `idempotency_key_reused`, `contention`, `unavailable`, `outcome_unknown`
   */
  async change(tenant: TenantId, id: WebhookId, keyApplied: AppliedKey, change: WebhookChange): Promise<Webhook> {
    const changed = await this.#change(tenant, id, keyApplied, (webhook) => change(webhook));
    const living = livingOf(changed);
    if (!living) throw notFound(id);
    return living;
  }

  /**
   * Deletes an endpoint. What is left of it tells the keys that made and deleted it, and stays: its id follows from the key
   * that made it, and must not come to name another.
   *
   * @throws LedgerError `not_found`, `idempotency_key_reused`, `contention`, `unavailable`, `outcome_unknown`
   */
  async delete(tenant: TenantId, id: WebhookId, keyApplied: AppliedKey): Promise<void> {
    await this.#change(tenant, id, keyApplied, (webhook) => ({ ...webhook, status: 'deleted', secrets: [] }));
  }

  /** See `disablingUpdate`. */
  disabling(webhook: Webhook, reason: DisableReason, disabledAt: number): WebhookUpdate {
    return disablingUpdate(this.#table, webhook, reason, disabledAt);
  }

  /** Notes since when everything fails, if that is not noted; or that something was delivered. @throws LedgerError `unavailable`, `outcome_unknown` */
  async noteHealth(webhook: Webhook, isHealthy: boolean): Promise<void> {
    const { tenant, id } = webhook;
    await insistently(this.#clock, (requestTimeout) =>
      this.#client.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: webhookKey(tenant, id),
          ConditionExpression: '#status = :enabled',
          ExpressionAttributeNames: { '#status': 'status' },
          UpdateExpression: isHealthy ? 'REMOVE failingSince' : 'SET failingSince = if_not_exists(failingSince, :now)',
          ExpressionAttributeValues: { ':enabled': 'enabled', ...(!isHealthy && { ':now': this.#clock.now() }) },
        }),
        { requestTimeout },
      ),
    );
  }

  /** Moves the cursor of an ordered endpoint; false where somebody else has moved it. @throws LedgerError `unavailable`, `outcome_unknown` */
  async advance({ tenant, id }: Webhook, from: number, to: number): Promise<boolean> {
    const { refusal, isInDoubt } = await insistently(this.#clock, (requestTimeout) =>
      this.#client.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: webhookKey(tenant, id),
          UpdateExpression: 'SET deliveredThrough = :to',
          ConditionExpression: 'deliveredThrough = :from',
          ExpressionAttributeValues: { ':from': from, ':to': to },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
        { requestTimeout },
      ),
    );
    if (!refusal) return true;
    const isThere = refusal.kind === 'condition' && refusal.item && parseWebhook(refusal.item).deliveredThrough === to;
    return isInDoubt && isThere === true;
  }

  async #stored(tenant: TenantId, id: WebhookId): Promise<StoredWebhook | undefined> {
    const row = await this.#reader.get(webhookKey(tenant, id));
    return row && parseWebhook(row);
  }

  async #change(
    tenant: TenantId,
    id: WebhookId,
    keyApplied: AppliedKey,
    change: (webhook: Webhook) => Omit<StoredWebhook, 'keysApplied'>,
  ): Promise<StoredWebhook> {
    const patience = new Patience(this.#clock, changeTimeoutMs);
    let isInDoubt = false;
    for (let attempt = 1; attempt <= maxAttempts && !patience.isOver; attempt++) {
      const stored = await this.#stored(tenant, id);
      if (!stored) throw notFound(id);
      if (wasKeyApplied(stored.keysApplied, keyApplied)) return stored;
      const living = livingOf(stored);
      if (!living) throw notFound(id);
      const changed = {
        ...change(living),
        version: stored.version + 1,
        keysApplied: rememberKey(stored.keysApplied, keyApplied, webhookKeysRemembered),
      };
      const result = await this.#write(stored, changed);
      if (!result.refusal) return changed;
      isInDoubt = result.isInDoubt;
      await patience.pause(attempt);
    }
    throw new LedgerError(isInDoubt ? 'outcome_unknown' : 'contention', `webhook ${id} is being changed by others`);
  }

  #write(before: StoredWebhook, after: StoredWebhook) {
    const { url, types, description, status, disabledReason, disabledAt, secrets, version, keysApplied } = after;
    const { expression, names, values } = attributeChanges({
      url,
      types,
      description,
      status,
      disabledReason,
      disabledAt,
      secrets,
      // Workers note it at any time, whatever the version: it is written only where it is what changes.
      ...(after.failingSince !== before.failingSince && { failingSince: after.failingSince }),
      version,
      keysApplied,
    });
    return insistently(this.#clock, (requestTimeout) =>
      this.#client.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: webhookKey(before.tenant, before.id),
          UpdateExpression: expression,
          ConditionExpression: '#version = :seen',
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: { ...values, ':seen': before.version },
        }),
        { requestTimeout },
      ),
    );
  }
}

function notFound(id: WebhookId): LedgerError {
  return new LedgerError('not_found', `there is no webhook ${id}`);
}
