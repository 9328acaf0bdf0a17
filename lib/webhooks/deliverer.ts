import type { Cause, Clock } from '../dynamodb/index.ts';
import type { TenantId } from '../ledger/index.ts';
import type { DeliveryStore } from '../platform/delivery-store.ts';
import type { Webhook } from '../platform/webhook.ts';
import {
  type DeliveryId,
  parseDeliveryId,
  parseWebhookId,
  sequenceOfDelivery,
  type WebhookId,
} from '../platform/webhook-id.ts';
import type { WebhookStore } from '../platform/webhook-store.ts';
import { type DeliveryWakeUp, UnusableMessage } from '../sqs/index.ts';
import type { AttemptListener, Attempts } from './attempts.ts';
import { attemptTimeoutMs } from './limits.ts';
import { isDue } from './new-delivery.ts';
import type { OrderedLines } from './ordered-line.ts';
import { pingType } from './verdict.ts';

/** The writes around an attempt, and the opening of its secrets, in milliseconds: no attempt begins with less time than this and its own. */
const aroundMs = 6_500;

export interface DelivererOptions {
  readonly webhooks: WebhookStore;
  readonly deliveries: DeliveryStore;
  readonly attempts: Attempts;
  readonly lines: OrderedLines;
  readonly clock: Clock;
}

/** What is done when a delivery may be due. */
export class Deliverer {
  readonly #options: DelivererOptions;

  constructor(options: DelivererOptions) {
    this.#options = options;
  }

  /**
   * Looks at a delivery and does what is due, if anything is: any number of wake-ups, in any order, come to the same. Of an ordered
   * endpoint, what lies behind its cursor waits in its line; what lies before can only have been replayed, by itself. Its line is
   * gone on with in any case: whoever had this message before may have died on the way.
   *
   * @throws UnusableMessage for names of another form, LedgerError where the tables could not be used
   */
  async look(wakeUp: DeliveryWakeUp, cause: Cause, timeLeftMs: () => number, listener: AttemptListener): Promise<void> {
    const { tenant } = wakeUp;
    const webhookId = parseWebhookId(wakeUp.webhookId);
    const id = parseDeliveryId(wakeUp.deliveryId);
    if (!webhookId || !id) throw new UnusableMessage('the message names no delivery');
    const webhook = await this.#options.webhooks.find(tenant, webhookId);
    const hasLine = webhook?.ordered && webhook.status === 'enabled';
    if (!hasLine || sequenceOfDelivery(id) <= webhook.deliveredThrough) {
      await this.#lookAtOne(tenant, webhookId, id, webhook, listener);
    }
    if (!hasLine) return;
    const hasTime = () => timeLeftMs() >= attemptTimeoutMs + aroundMs;
    const end = await this.#options.lines.advance(webhook, hasTime, listener);
    // Somebody has to go on. Where that cannot be said, the message that led here comes again.
    if (end === 'unfinished') await this.#options.attempts.wake({ tenant, webhook: webhookId, id }, cause);
  }

  async #lookAtOne(
    tenant: TenantId,
    webhookId: WebhookId,
    id: DeliveryId,
    webhook: Webhook | undefined,
    listener: AttemptListener,
  ): Promise<void> {
    const { deliveries, attempts, clock } = this.#options;
    const delivery = await deliveries.find(tenant, webhookId, id);
    if (!delivery || !isDue(delivery, clock.now())) return;
    if (!webhook) await deliveries.giveUp(delivery, 'deleted');
    else if (webhook.status === 'disabled' && delivery.eventType !== pingType)
      await deliveries.giveUp(delivery, 'disabled');
    else await attempts.make(webhook, delivery, listener);
  }
}
