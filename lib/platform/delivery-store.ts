import { type DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { platformTable } from '../config/ledger-table.ts';
import { attributeChanges } from '../dynamodb/items/attribute-changes.ts';
import type { AppliedKey, Row } from '../dynamodb/items/items.ts';
import { ifAbsent } from '../dynamodb/items/keys.ts';
import { findApplied } from '../dynamodb/items/keys-applied.ts';
import type { Clock } from '../dynamodb/table/patience.ts';
import type { Reader } from '../dynamodb/table/reader.ts';
import { insistently, type WriteResult } from '../dynamodb/table/single-write.ts';
import { InvariantViolation, LedgerError, type TenantId } from '../ledger/index.ts';
import { deliveryKeptSeconds } from '../webhooks/limits.ts';
import type { Delivery, DeliveryAttempt, DeliveryFailure, DeliveryStatus } from './delivery.ts';
import {
  type ClaimedDelivery,
  claiming,
  type DeliveryChange,
  type DeliveryCourse,
  givingUp,
  isClaimedBy,
  puttingOff,
  recording,
  restarting,
} from './delivery-changes.ts';
import { type DueDelivery, dueAtText, parseDueDelivery } from './delivery-due.ts';
import { deliveryItem, parseDelivery, type StoredDelivery } from './delivery-item.ts';
import { deliveryKey, deliveryPartition, deliveryPrefix, idOfDelivery } from './keys.ts';
import type { PlatformTable } from './platform-table.ts';
import type { DeliveryId, WebhookId } from './webhook-id.ts';

/** A page of an endpoint's deliveries; `next` is where to go on. */
export interface DeliveryPage {
  readonly deliveries: readonly Delivery[];
  readonly next?: DeliveryId;
}

/** The deliveries of all tenants. */
export class DeliveryStore {
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

  /** One consistent read. @throws LedgerError `unavailable` */
  async find(tenant: TenantId, webhook: WebhookId, id: DeliveryId): Promise<StoredDelivery | undefined> {
    const row = await this.#reader.get(deliveryKey(tenant, webhook, id));
    return row && parseDelivery(row);
  }

  /** @throws LedgerError `not_found`, `unavailable` */
  async get(tenant: TenantId, webhook: WebhookId, id: DeliveryId): Promise<StoredDelivery> {
    const found = await this.find(tenant, webhook, id);
    if (!found) throw new LedgerError('not_found', `there is no delivery ${id}`);
    return found;
  }

  /** Makes a delivery unless it exists; then what there is. @throws LedgerError `unavailable`, `outcome_unknown` */
  async make(delivery: Delivery & { nextAttemptAt: number }, keyApplied?: AppliedKey): Promise<StoredDelivery> {
    const made = { ...delivery, keysApplied: keyApplied ? [keyApplied] : [] };
    const item = deliveryItem(made, this.#expiresAtSeconds());
    const { refusal } = await insistently(this.#clock, (requestTimeout) =>
      this.#client.send(new PutCommand({ TableName: this.#table, Item: item, ...ifAbsent }), { requestTimeout }),
    );
    if (!refusal) return made;
    if (refusal.kind !== 'condition' || !refusal.item)
      throw new InvariantViolation('a delivery exists, but was not returned');
    return parseDelivery(refusal.item);
  }

  /**
   * Claims the next attempt: of all who try, one gets it. Until its lease is over, the delivery is due for nobody else. An
   * attempt that was claimed before and never told its end counts as failed.
   *
   * @returns undefined where somebody else was faster
   * @throws LedgerError `unavailable`, `outcome_unknown`
   */
  async claim(delivery: Delivery, nonce: string): Promise<ClaimedDelivery | undefined> {
    const [claimed, change] = claiming(delivery, nonce, this.#clock.now());
    const { refusal } = await this.#update(delivery, change);
    if (!refusal) return claimed;
    const isOurs = refusal.kind === 'condition' && refusal.item && isClaimedBy(nonce, refusal.item);
    return isOurs ? claimed : undefined;
  }

  /**
   * Records what came of a claimed attempt. False where the lease was over and somebody else has claimed it since: then his
   * outcome counts.
   *
   * @throws LedgerError `unavailable`, `outcome_unknown`
   */
  async record(
    delivery: ClaimedDelivery,
    attempt: Omit<DeliveryAttempt, 'number'>,
    course: DeliveryCourse,
  ): Promise<boolean> {
    const { refusal, isInDoubt } = await this.#update(delivery, recording(delivery, attempt, course));
    return !refusal || isInDoubt;
  }

  /**
   * Makes a delivery due at another time, though nothing was attempted; nothing happens to one that somebody is at.
   *
   * @param until milliseconds since 1970
   * @throws LedgerError `unavailable`, `outcome_unknown`
   */
  async putOff(delivery: Delivery, until: number): Promise<void> {
    await this.#update(delivery, puttingOff(delivery, until));
  }

  /** Ends a delivery that is not to be attempted any more; nothing happens to one that somebody is at. @throws LedgerError `unavailable`, `outcome_unknown` */
  async giveUp(delivery: Delivery, failure: DeliveryFailure): Promise<void> {
    await this.#update(delivery, givingUp(delivery, failure));
  }

  /**
   * Begins a delivery's schedule anew, due at once, whatever came of it before; once under the key, if there is one. One that
   * somebody is at is left alone, and so is one that has moved on meanwhile. What is sent then is the event as it is by now, where that
   * is given: without what was redacted since.
   *
   * @throws LedgerError `idempotency_key_reused`, `unavailable`, `outcome_unknown`
   */
  async restart(
    delivery: StoredDelivery,
    { keyApplied, body = delivery.body }: { readonly keyApplied?: AppliedKey; readonly body?: string } = {},
  ): Promise<StoredDelivery> {
    const applied = keyApplied && findApplied(delivery.keysApplied, keyApplied);
    const now = this.#clock.now();
    if (applied || (delivery.claim && (delivery.nextAttemptAt ?? 0) > now)) return delivery;
    const [restarted, change] = restarting({ ...delivery, body }, keyApplied, now, this.#expiresAtSeconds());
    const { refusal } = await this.#update(delivery, change);
    if (!refusal) return restarted;
    return (await this.find(delivery.tenant, delivery.webhook, delivery.id)) ?? delivery;
  }

  /**
   * A page of an endpoint's deliveries, of the newest event first, without their bodies. With a status a page may hold few or
   * none and still have a next one. @throws LedgerError `unavailable`
   */
  async list(
    tenant: TenantId,
    webhook: WebhookId,
    { status, limit, before }: { status?: DeliveryStatus | undefined; limit: number; before?: DeliveryId | undefined },
  ): Promise<DeliveryPage> {
    const names = [
      'PK',
      'SK',
      'eventId',
      'eventType',
      'failure',
      'nextAttemptAt',
      'claim',
      'attempt',
      'tries',
      'maxTries',
    ];
    const read = [...names, 'scheduledAt', 'attempts', 'cause', 'createdAt', 'keysApplied'];
    const PK = deliveryPartition(tenant, webhook);
    const { rows, lastKey } = await this.#reader.query({
      KeyConditionExpression: 'PK = :pk AND begins_with(SK, :prefix)',
      ...(status && { FilterExpression: '#status = :status' }),
      ProjectionExpression: [...read, '#status'].join(', '),
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: { ':pk': PK, ':prefix': deliveryPrefix, ...(status && { ':status': status }) },
      ...(before !== undefined && { ExclusiveStartKey: deliveryKey(tenant, webhook, before) }),
      ScanIndexForward: false,
      Limit: limit,
    });
    const deliveries = rows.map(parseDelivery);
    return lastKey ? { deliveries, next: idOfDelivery(String(lastKey.SK)) } : { deliveries };
  }

  /** A page of what is due in a bucket, the most overdue first; eventually consistent. @throws LedgerError `unavailable` */
  async due(bucket: string, until: number, limit: number, start?: Row): Promise<{ due: DueDelivery[]; next?: Row }> {
    const { rows, lastKey } = await this.#reader.query({
      IndexName: platformTable.indexes.due.name,
      KeyConditionExpression: 'dueBucket = :bucket AND dueAt <= :until',
      ExpressionAttributeValues: { ':bucket': bucket, ':until': dueAtText(until) },
      Limit: limit,
      ...(start && { ExclusiveStartKey: start }),
    });
    return { due: rows.map(parseDueDelivery), ...(lastKey && { next: lastKey }) };
  }

  #update({ tenant, webhook, id }: Delivery, change: DeliveryChange): Promise<WriteResult> {
    const { expression, names, values } = attributeChanges(change.attributes);
    return insistently(this.#clock, (requestTimeout) =>
      this.#client.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: deliveryKey(tenant, webhook, id),
          UpdateExpression: expression,
          ConditionExpression: change.condition,
          ExpressionAttributeNames: { ...names, ...change.names },
          ExpressionAttributeValues: { ...values, ...change.values },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
        { requestTimeout },
      ),
    );
  }

  #expiresAtSeconds(): number {
    return Math.ceil(this.#clock.now() / 1_000) + deliveryKeptSeconds;
  }
}
