import type { Clock } from '../dynamodb/index.ts';
import type { StoredDelivery } from '../platform/delivery-item.ts';
import type { DeliveryStore } from '../platform/delivery-store.ts';
import type { Webhook } from '../platform/webhook.ts';
import type { WebhookStore } from '../platform/webhook-store.ts';
import type { AttemptListener, Attempts } from './attempts.ts';
import type { DeliverableEvent, DeliverableEvents, DeliverablePage } from './deliverable-events.ts';
import { isDue, newDelivery } from './new-delivery.ts';

/** Events read at once. */
const pageSize = 25;

/** How a look at a line ended: all delivered, the head has to wait (or somebody else is at it), or no time was left to go on. */
export type LineEnd = 'empty' | 'waiting' | 'unfinished';

export interface OrderedLinesOptions {
  readonly webhooks: WebhookStore;
  readonly deliveries: DeliveryStore;
  readonly events: DeliverableEvents;
  readonly attempts: Attempts;
  readonly clock: Clock;
}

/**
 * Delivers to ordered endpoints: the events of the journal one after the other, the next only after the one before succeeded. What
 * the endpoint has is said by its cursor; of what lies behind it, only the first that it wants has a delivery. So it holds nothing
 * back from anybody else, and a line of any length costs one item.
 */
export class OrderedLines {
  readonly #options: OrderedLinesOptions;

  constructor(options: OrderedLinesOptions) {
    this.#options = options;
  }

  /**
   * Goes on with an endpoint's line, as long as there is time for another attempt.
   *
   * @throws LedgerError where the tables could not be used
   */
  async advance(webhook: Webhook, hasTime: () => boolean, listener: AttemptListener): Promise<LineEnd> {
    const { webhooks, events } = this.#options;
    let current: Webhook | undefined = webhook;
    while (current?.status === 'enabled') {
      const { tenant, deliveredThrough, types } = current;
      const page = await events.after(tenant, deliveredThrough, types, pageSize);
      if (page.end === deliveredThrough) return 'empty';
      const end = await this.#deliver(current, page, hasTime, listener);
      if (end !== 'delivered') return end;
      // It may have been changed meanwhile; a page is the longest that this goes unnoticed.
      current = await webhooks.find(webhook.tenant, webhook.id);
    }
    return 'waiting';
  }

  async #deliver(
    webhook: Webhook,
    { events, end }: DeliverablePage,
    hasTime: () => boolean,
    listener: AttemptListener,
  ): Promise<LineEnd | 'delivered'> {
    let cursor = webhook.deliveredThrough;
    for (const event of events) {
      if (!hasTime()) return 'unfinished';
      if (!(await this.#deliverOne(webhook, event, listener))) return 'waiting';
      if (!(await this.#moveCursor(webhook, cursor, event.sequence))) return 'waiting';
      cursor = event.sequence;
    }
    const isMoved = end === cursor || (await this.#moveCursor(webhook, cursor, end));
    return isMoved ? 'delivered' : 'waiting';
  }

  async #deliverOne(webhook: Webhook, event: DeliverableEvent, listener: AttemptListener): Promise<boolean> {
    const { deliveries, attempts, clock } = this.#options;
    const head = await this.#head(webhook, event);
    // Its success was recorded, and whoever did it died before he moved the cursor.
    if (head.status === 'succeeded') return true;
    if (head.status === 'pending' && !isDue(head, clock.now())) return false;
    // The endpoint was switched off because of it, and is on again.
    const due = head.status === 'failed' ? await deliveries.restart(head, { body: event.body }) : head;
    return (await attempts.make(webhook, due, listener)) === 'succeeded';
  }

  #head(webhook: Webhook, event: DeliverableEvent): Promise<StoredDelivery> {
    return this.#options.deliveries.make(newDelivery(webhook, event, this.#options.clock.now()));
  }

  #moveCursor(webhook: Webhook, from: number, to: number): Promise<boolean> {
    return this.#options.webhooks.advance(webhook, from, to);
  }
}
