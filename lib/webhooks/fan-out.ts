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
   * @returns how many wake-ups were sent: one for each delivery that was made or not begun, and for each ordered line
   * @throws LedgerError where the tables could not be used, or whatever keeps the queue from taking messages
   */
  async distribute(tenant: TenantId, events: readonly DeliverableEvent[]): Promise<number> {
    const all = await this.#options.webhooks.all(tenant);
    const enabled = all.filter(({ status }) => status === 'enabled');
    const messages = await Promise.all(
      enabled.flatMap((webhook) => {
        const wanted = events.filter(
          ({ sequence, type }) => sequence > webhook.startsAfter && isWanted(webhook.types, type),
        );
        if (webhook.ordered) return [Promise.resolve(lineMessage(webhook, wanted))];
        return wanted.map((event) => this.#deliveryMessage(webhook, event));
      }),
    );
    const sent = messages.filter((message) => message !== undefined);
    await this.#options.queue.send(sent);
    return sent.length;
  }

  async #deliveryMessage(webhook: Webhook, event: DeliverableEvent): Promise<OutgoingMessage | undefined> {
    const { deliveries, clock } = this.#options;
    const { status, attempt } = await deliveries.make(newDelivery(webhook, event, clock.now()));
    return status === 'pending' && attempt === 0 ? messageFor(webhook, event) : undefined;
  }
}

/** One for a whole line, which is read from the journal: an event only says that there is something in it. */
function lineMessage(webhook: Webhook, wanted: readonly DeliverableEvent[]): OutgoingMessage | undefined {
  const last = wanted.findLast(({ sequence }) => sequence > webhook.deliveredThrough);
  return last && messageFor(webhook, last);
}

function messageFor({ tenant, id: webhook }: Webhook, event: DeliverableEvent): OutgoingMessage {
  return wakeUpFor({ tenant, webhook, id: deliveryIdOf(webhook, event) }, event.cause);
}
