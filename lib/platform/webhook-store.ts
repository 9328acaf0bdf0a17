import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Act, ActContext, ActRecorder, WriteAction } from '../audit/act.ts';
import { changedFacts } from '../audit/facts.ts';
import { recordingOf, writeRecorded } from '../audit/recorded-write.ts';
import { attributeChanges } from '../dynamodb/items/attribute-changes.ts';
import type { AppliedKey } from '../dynamodb/items/items.ts';
import { ifAbsent } from '../dynamodb/items/keys.ts';
import { rememberKey, wasKeyApplied } from '../dynamodb/items/keys-applied.ts';
import { type Clock, Patience } from '../dynamodb/table/patience.ts';
import type { Reader } from '../dynamodb/table/reader.ts';
import { checkRefusal, insistently, type WriteResult } from '../dynamodb/table/single-write.ts';
import { LedgerError, type TenantId } from '../ledger/index.ts';
import { maxWebhooks } from '../webhooks/limits.ts';
import { webhookKey, webhookPartition } from './keys.ts';
import type { PlatformTable } from './platform-table.ts';
import type { DisableReason, Webhook } from './webhook.ts';
import {
  deletedOf,
  disablingUpdate,
  livingOf,
  type WebhookUpdate,
  webhookFacts,
  webhookKeysRemembered,
} from './webhook-changes.ts';
import type { WebhookId } from './webhook-id.ts';
import { parseWebhook, type StoredWebhook, webhookItem } from './webhook-item.ts';

/** Attempts against others who change the endpoint at the same time, and the time they have in milliseconds. */
const maxAttempts = 6;
const changeTimeoutMs = 6_000;

/** What a change makes of an endpoint. */
export type WebhookChange = (webhook: Webhook) => Webhook | Promise<Webhook>;

/** What a change is called in the audit log, and who asks for it; a store that records acts must be told. */
export interface WebhookAct {
  readonly action: 'webhook.updated' | 'webhook.secret_rotated';
  readonly by: ActContext | undefined;
}

/** The webhook endpoints of all tenants. */
export class WebhookStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #reader: Reader;
  readonly #clock: Clock;
  readonly #recorder: ActRecorder | undefined;

  /** With a recorder, what is asked of it is recorded; what workers note of endpoints never is. */
  constructor({ client, name, reader, clock }: PlatformTable, recorder?: ActRecorder) {
    this.#client = client;
    this.#table = name;
    this.#reader = reader;
    this.#clock = clock;
    this.#recorder = recorder;
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
   * deleted meanwhile, `idempotency_key_reused`, `contention`, `unavailable`, `outcome_unknown`
   */
  async create(webhook: Webhook, keyApplied: AppliedKey, by?: ActContext): Promise<Webhook> {
    const { tenant, id } = webhook;
    const living = await this.all(tenant);
    if (living.length >= maxWebhooks && !living.some((one) => one.id === id)) {
      throw new LedgerError('already_exists', `there are ${maxWebhooks} webhooks, as many as may`);
    }
    const put = {
      Put: { TableName: this.#table, Item: webhookItem({ ...webhook, keysApplied: [keyApplied] }), ...ifAbsent },
    };
    const act = { tenant, action: 'webhook.created', target: id, after: webhookFacts(webhook) } as const;
    const patience = new Patience(this.#clock, changeTimeoutMs);
    let mayBeDone = false;
    for (let attempt = 1; attempt <= maxAttempts && !patience.isOver; attempt++) {
      const { refusal, isInDoubt } = await this.#recorded([put], act, by);
      if (!refusal) return webhook;
      const row = refusal.kind === 'cancelled' ? refusal.failures[0]?.item : undefined;
      if (row) return madeBy(parseWebhook(row), keyApplied);
      mayBeDone ||= isInDoubt;
      await patience.pause(attempt);
    }
    throw new LedgerError(mayBeDone ? 'outcome_unknown' : 'unavailable', 'DynamoDB did not take a webhook');
  }

  /**
   * Changes an endpoint, once under the idempotency key; what it then is. A change that the key has made before is not made again.
   *
   * @throws LedgerError `not_found`, `idempotency_key_reused`, `contention`, `unavailable`, `outcome_unknown`
   */
  async change(
    tenant: TenantId,
    id: WebhookId,
    keyApplied: AppliedKey,
    change: WebhookChange,
    { action, by }: WebhookAct = { action: 'webhook.updated', by: undefined },
  ): Promise<Webhook> {
    const changed = await this.#change(tenant, id, keyApplied, (webhook) => change(webhook), { action, by });
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
  async delete(tenant: TenantId, id: WebhookId, keyApplied: AppliedKey, by?: ActContext): Promise<void> {
    const act = { action: 'webhook.deleted', by } as const;
    await this.#change(tenant, id, keyApplied, deletedOf, act);
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
    change: (webhook: Webhook) => Omit<StoredWebhook, 'keysApplied'> | Promise<Omit<StoredWebhook, 'keysApplied'>>,
    { action, by }: { readonly action: Act['action']; readonly by: ActContext | undefined },
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
        ...(await change(living)),
        version: stored.version + 1,
        keysApplied: rememberKey(stored.keysApplied, keyApplied, webhookKeysRemembered),
      };
      const act = { tenant, action, target: id, ...changedFacts(webhookFacts(stored), webhookFacts(changed)) };
      const result = await this.#recorded([this.#update(stored, changed)], act, by);
      if (!result.refusal) return changed;
      isInDoubt = result.isInDoubt;
      await patience.pause(attempt);
    }
    throw new LedgerError(isInDoubt ? 'outcome_unknown' : 'contention', `webhook ${id} is being changed by others`);
  }

  #update(before: StoredWebhook, after: StoredWebhook): WriteAction {
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
    return {
      Update: {
        TableName: this.#table,
        Key: webhookKey(before.tenant, before.id),
        UpdateExpression: expression,
        ConditionExpression: '#version = :seen',
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: { ...values, ':seen': before.version },
      },
    };
  }

  async #recorded(
    actions: readonly WriteAction[],
    act: Omit<Act, keyof ActContext>,
    by: ActContext | undefined,
  ): Promise<WriteResult> {
    const recording = recordingOf(this.#recorder, by, act);
    const result = await writeRecorded({ client: this.#client, clock: this.#clock }, actions, recording);
    if (result.refusal) checkRefusal(result.refusal, 'a webhook');
    return result;
  }
}

/** The endpoint that a key made: its id follows from the key, so there can be no other. @throws LedgerError `not_found`, `idempotency_key_reused` */
function madeBy(stored: StoredWebhook, keyApplied: AppliedKey): Webhook {
  wasKeyApplied(stored.keysApplied, keyApplied);
  const living = livingOf(stored);
  if (!living) throw notFound(stored.id);
  return living;
}

function notFound(id: WebhookId): LedgerError {
  return new LedgerError('not_found', `there is no webhook ${id}`);
}
