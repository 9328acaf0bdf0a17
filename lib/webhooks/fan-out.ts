import type { Clock } from '../dynamodb/index.ts';
import type { TenantId } from '../ledger/index.ts';
import type { DeliveryStore } from '../platform/delivery-store.ts';
import type { Webhook } from '../platform/webhook.ts';
import { deliveryIdOf } from '../platform/webhook-id.ts';
import type { WebhookStore } from '../platform/webhook-store.ts';
import type { OutgoingMessage, QueueSender } from '../sqs/index.ts';
import type { DeliverableEvent } from './deliverable-events.ts';
import { isWanted } from './event-filter.ts';
import { newDelivery } from './new-delivery.ts';
import { wakeUpFor } from './wake-up.ts';

export interface FanOutOptions {
  readonly webhooks: WebhookStore;
  readonly deliveries: DeliveryStore;
  readonly queue: Pick<QueueSender, 'send'>;
  readonly clock: Clock;
}

/** Makes an event's deliveries. */
export class FanOut {
  readonly #options: FanOutOptions;

  constructor(options: FanOutOptions) {
    this.#options = options;
  }

  /**
   * Makes a delivery of each event for each endpoint of the tenant that wants it, and wakes those who deliver. Endpoints are read
   * now, all of them: one that was made before an event was published gets it. However often an event comes, a delivery is made
   * once; the wake-up is sent again as long as nobody has begun with it, since the first may not have been sent.
   *
   * @returns how many deliveries were made or found not begun
   * @throws LedgerError where the tables could not be used, or whatever keeps the queue from taking messages
   */
  async distribute(tenant: TenantId, events: readonly DeliverableEvent[]): Promise<number> {
    const all = await this.#options.webhooks.all(tenant);
    const enabled = all.filter(({ status }) => status === 'enabled');
    const messages: OutgoingMessage[] = [];
    for (const event of events) {
      const made = await Promise.all(enabled.map((webhook) => this.#messageFor(webhook, event)));
      messages.push(...made.filter((message) => message !== undefined));
    }
    await this.#options.queue.send(messages);
    return messages.length;
  }

  async #messageFor(webhook: Webhook, event: DeliverableEvent): Promise<OutgoingMessage | undefined> {
    if (event.sequence <= webhook.startsAfter || !isWanted(webhook.types, event.type)) return undefined;
    if (webhook.ordered) {
      // Its line is read from the journal; the event only says that there is something in it.
      if (event.sequence <= webhook.deliveredThrough) return undefined;
    } else {
      const { deliveries, clock } = this.#options;
      const { status, attempt } = await deliveries.make(newDelivery(webhook, event, clock.now()));
      if (status !== 'pending' || attempt > 0) return undefined;
    }
    const { tenant, id } = webhook;
    return wakeUpFor({ tenant, webhook: id, id: deliveryIdOf(id, event) }, event.cause);
  }
}
