import type { Clock } from '../../lib/dynamodb/index.ts';
import { base32, digestOf, parseTenantId, type TenantId } from '../../lib/ledger/index.ts';
import { logger } from '../../lib/observability/index.ts';
import type { Delivery } from '../../lib/platform/delivery.ts';
import type { StoredDelivery } from '../../lib/platform/delivery-item.ts';
import { DeliveryStore } from '../../lib/platform/delivery-store.ts';
import { openPlatformTable, type PlatformTable } from '../../lib/platform/platform-table.ts';
import type { Webhook } from '../../lib/platform/webhook.ts';
import { type DeliveryId, deliveryIdOf, webhookIdOf } from '../../lib/platform/webhook-id.ts';
import { WebhookStore } from '../../lib/platform/webhook-store.ts';
import type { SecretBox } from '../../lib/secrets/index.ts';
import { type DeliveryWakeUp, deliveryWakeUp, type OutgoingMessage } from '../../lib/sqs/index.ts';
import type { PutOff } from '../../lib/webhooks/attempts.ts';
import type { DeliverableEvent, DeliverableEvents } from '../../lib/webhooks/deliverable-events.ts';
import { createDeliverer } from '../../lib/webhooks/delivery-works.ts';
import { DueSweep } from '../../lib/webhooks/due-sweep.ts';
import { isWanted } from '../../lib/webhooks/event-filter.ts';
import { FanOut } from '../../lib/webhooks/fan-out.ts';
import { GuardedPost } from '../../lib/webhooks/guarded-post.ts';
import type { Verdict } from '../../lib/webhooks/verdict.ts';
import { startDatabase, type TestDatabase } from '../support/dynoxide.ts';
import { busyMachineMs } from '../support/until.ts';
import { TestSecretBox } from './test-secret-box.ts';

export const tenant = parseTenantId('default') as TenantId;
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** A clock that a test turns; waits between attempts at a write are real. */
export class TurnedClock implements Clock {
  #now = Date.parse('2026-11-21T10:00:00Z');
  now = () => this.#now;
  elapsed = () => performance.now();
  sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

  turn(milliseconds: number): void {
    this.#now += milliseconds;
  }
}

/** A journal in memory. */
export class ListedEvents implements DeliverableEvents {
  readonly events: DeliverableEvent[] = [];

  add(type = 'transaction.posted'): DeliverableEvent {
    const sequence = this.events.length + 1;
    const id = `evt_${base32(Buffer.from(digestOf(`event ${sequence}`), 'hex'))}`;
    const cause = { correlationId: `cause-${sequence}` };
    const body = JSON.stringify({
      specversion: '1.0',
      id,
      type,
      tenant,
      sequence: String(sequence),
      data: { sequence },
    });
    const event = { id, type, sequence, body, cause };
    this.events.push(event);
    return event;
  }

  lastSequence = async (_tenant: TenantId): Promise<number> => this.events.length;
  after = async (_tenant: TenantId, sequence: number, filters: readonly string[], limit: number) => {
    const events = this.events
      .slice(sequence)
      .filter(({ type }) => isWanted(filters, type))
      .slice(0, limit);
    const end = events.length === limit ? events.at(-1)?.sequence : this.events.length;
    return { events, end: end ?? sequence };
  };
}

/** A queue that a test empties by hand, in whatever way it likes. */
export class HeldQueue {
  messages: (DeliveryWakeUp & { readonly delaySeconds: number })[] = [];

  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    for (const { body, delaySeconds = 0 } of messages) {
      this.messages.push({ ...deliveryWakeUp.parse(JSON.parse(JSON.stringify(body))), delaySeconds });
    }
  }

  take(): DeliveryWakeUp[] {
    const taken = this.messages;
    this.messages = [];
    return taken;
  }
}

/** What can be replaced for one instance: by something that dies, for example. */
export interface InstanceParts {
  readonly platform?: PlatformTable;
  readonly queue?: Pick<HeldQueue, 'send'>;
  readonly post?: Pick<GuardedPost, 'send'>;
  readonly secrets?: SecretBox;
  readonly timeLeftMs?: () => number;
}

/** What delivers, on a database of its own; time stands still unless it is turned. */
export class DeliveryFixture {
  readonly clock = new TurnedClock();
  readonly feed = new ListedEvents();
  readonly queue = new HeldQueue();
  readonly verdicts: Verdict[] = [];
  readonly putOff: PutOff[] = [];
  readonly secrets = new TestSecretBox();
  readonly database: TestDatabase;
  readonly platform: PlatformTable;
  readonly webhooks: WebhookStore;
  readonly deliveries: DeliveryStore;
  #made = 0;

  private constructor(database: TestDatabase) {
    this.database = database;
    this.platform = this.openTable();
    this.webhooks = new WebhookStore(this.platform);
    this.deliveries = new DeliveryStore(this.platform);
  }

  static async start(): Promise<DeliveryFixture> {
    return new DeliveryFixture(await startDatabase());
  }

  async stop(): Promise<void> {
    this.platform.client.destroy();
    await this.database.stop();
  }

  openTable(): PlatformTable {
    const { endpoint, tables } = this.database;
    return openPlatformTable({ table: tables.platform, endpoint, clock: this.clock });
  }

  /** Makes an endpoint that gets what comes from now on. */
  async webhook(url: string, rest: Partial<Webhook> = {}): Promise<Webhook> {
    const mark = `key ${this.#made++}`;
    const id = webhookIdOf(tenant, mark);
    const sealed = await this.secrets.seal(secret, { tenant, webhook: id });
    const sequence = this.feed.events.length;
    const made: Webhook = {
      tenant,
      id,
      url,
      types: [],
      ordered: false,
      status: 'enabled',
      secrets: [{ sealed, createdAt: this.clock.now() }],
      startsAfter: sequence,
      deliveredThrough: sequence,
      changesRecorded: 0,
      createdAt: this.clock.now(),
      version: 1,
      ...rest,
    };
    return this.webhooks.create(made, { mark, requestHash: '' });
  }

  /** Ends what a test began, so that the next one has the tenant for itself. */
  async clear(): Promise<void> {
    for (const { id } of await this.webhooks.all(tenant)) {
      await this.webhooks.delete(tenant, id, { mark: `delete ${id}`, requestHash: '' });
    }
    this.queue.take();
    this.verdicts.length = 0;
    this.putOff.length = 0;
    this.feed.events.length = 0;
  }

  async fanOut(
    events: readonly DeliverableEvent[],
    { platform = this.platform, queue = this.queue }: InstanceParts = {},
  ) {
    const webhooks = new WebhookStore(platform);
    const deliveries = new DeliveryStore(platform);
    return new FanOut({ webhooks, deliveries, queue, clock: this.clock }).distribute(tenant, events);
  }

  async sweep({ platform = this.platform, queue = this.queue }: InstanceParts = {}) {
    return new DueSweep(new DeliveryStore(platform), queue, this.clock).run(20_000);
  }

  async look(wakeUp: DeliveryWakeUp, parts: InstanceParts = {}): Promise<void> {
    const { platform = this.platform, queue = this.queue, timeLeftMs = () => 27_000 } = parts;
    const { secrets = this.secrets, post = new GuardedPost({ rule: 'any', timeoutMs: busyMachineMs }) } = parts;
    const ledgerTable = this.database.tables.ledger;
    const deliverer = createDeliverer({
      platform,
      ledgerTable,
      events: this.feed,
      secrets,
      post,
      queue,
      logger,
      random: () => 0,
    });
    await deliverer.look(wakeUp, {}, timeLeftMs, {
      made: ({ verdict }) => void this.verdicts.push(verdict),
      putOff: (delivery) => void this.putOff.push(delivery),
    });
  }

  /** Looks at what the queue holds until it holds nothing. Delays are not waited for: what is early is not due. */
  async pump(parts: InstanceParts = {}): Promise<void> {
    for (let messages = this.queue.take(); messages.length > 0; messages = this.queue.take()) {
      for (const message of messages) await this.look(message, parts);
    }
  }

  /** Turns the clock, then lets the sweep find what is due. */
  async later(milliseconds: number): Promise<void> {
    this.clock.turn(milliseconds);
    await this.sweep();
    await this.pump();
  }

  async delivery(webhook: Webhook, event: Pick<DeliverableEvent, 'id' | 'sequence'>): Promise<StoredDelivery> {
    const id: DeliveryId = deliveryIdOf(webhook.id, event);
    const found = await this.deliveries.find(tenant, webhook.id, id);
    if (!found) throw new Error(`there is no delivery ${id}`);
    return found;
  }
}

export function wakeUpOf({ tenant: of, webhook, id }: Delivery): DeliveryWakeUp {
  return { tenant: of, webhookId: webhook, deliveryId: id };
}
