import type { AppliedKey, Cause, Clock } from '../dynamodb/index.ts';
import { eventSchema } from '../events/index.ts';
import { base32, digestOf } from '../ledger/index.ts';
import type { LineWriter } from '../observability/index.ts';
import type { Delivery } from '../platform/delivery.ts';
import type { StoredDelivery } from '../platform/delivery-item.ts';
import type { DeliveryStore } from '../platform/delivery-store.ts';
import type { Webhook } from '../platform/webhook.ts';
import { type DeliveryId, sequenceOfDelivery } from '../platform/webhook-id.ts';
import type { QueueSender } from '../sqs/index.ts';
import type { DeliverableEvent, DeliverableEvents } from './deliverable-events.ts';
import { newDelivery } from './new-delivery.ts';
import { pingType } from './verdict.ts';
import { wakeUpFor } from './wake-up.ts';

/** Deliveries written at once. */
const atOnce = 10;

/** A ping is of no event, and comes before all. */
const noSequence = 0;

export interface ReplaysOptions {
  readonly deliveries: DeliveryStore;
  readonly events: DeliverableEvents;
  readonly queue: Pick<QueueSender, 'send'>;
  readonly clock: Clock;
  readonly logger: LineWriter;
}

/** A range of sequences, both ends included. */
export interface SequenceRange {
  readonly from: number;
  readonly to: number;
}

/** Deliveries that owners ask for. They are on their way once they are due in the index; wake-ups only save the time until the sweep. */
export class Replays {
  readonly #options: ReplaysOptions;

  constructor(options: ReplaysOptions) {
    this.#options = options;
  }

  /** Sends an endpoint a test event that is in no journal. It is tried once, and says nothing about the endpoint's health. */
  async ping(webhook: Webhook, keyApplied: AppliedKey, cause: Cause): Promise<Delivery> {
    const { deliveries, clock } = this.#options;
    const now = clock.now();
    const event = pingEvent(webhook, keyApplied, now, cause);
    const delivery = await deliveries.make(newDelivery(webhook, event, now, 1), keyApplied);
    await this.#wake([delivery]);
    return delivery;
  }

  /**
   * Begins a delivery's schedule anew, whatever came of it, with the event as it is by now. One that somebody is just at is left alone.
   *
   * @throws LedgerError `not_found`, `idempotency_key_reused`, `unavailable`, `outcome_unknown`
   */
  async one(webhook: Webhook, id: DeliveryId, keyApplied: AppliedKey): Promise<Delivery> {
    const { deliveries } = this.#options;
    const found = await deliveries.get(webhook.tenant, webhook.id, id);
    const restarted = await deliveries.restart(found, { keyApplied, body: await this.#bodyOf(found) });
    await this.#wake([restarted]);
    return restarted;
  }

  /**
   * Delivers again, or for the first time, every event of a range that the endpoint wants; also what is older than the endpoint. Of
   * an ordered one, what its line has still to come to is left to the line.
   *
   * @returns how many deliveries are on their way, and the last sequence looked at
   * @throws LedgerError `idempotency_key_reused`, `unavailable`, `outcome_unknown`: the same key does what is missing
   */
  async range(
    webhook: Webhook,
    { from, to }: SequenceRange,
    keyApplied: AppliedKey,
  ): Promise<{ replayed: number; through: number }> {
    const { events } = this.#options;
    const last = webhook.ordered ? Math.min(to, webhook.deliveredThrough) : to;
    let through = from - 1;
    let replayed = 0;
    while (through < last) {
      const page = await events.after(webhook.tenant, through, webhook.types, last - through);
      if (page.end === through) break;
      const wanted = page.events.filter(({ sequence }) => sequence <= last);
      for (let first = 0; first < wanted.length; first += atOnce) {
        const group = wanted.slice(first, first + atOnce);
        await this.#wake(await Promise.all(group.map((event) => this.#replay(webhook, event, keyApplied))));
      }
      replayed += wanted.length;
      through = Math.min(page.end, last);
    }
    return { replayed, through };
  }

  async #replay(webhook: Webhook, event: DeliverableEvent, keyApplied: AppliedKey): Promise<StoredDelivery> {
    const { deliveries, clock } = this.#options;
    const delivery = await deliveries.make(newDelivery(webhook, event, clock.now()), keyApplied);
    return deliveries.restart(delivery, { keyApplied, body: event.body });
  }

  /** The event as the journal shows it now: something may have been redacted since it was sent. A ping is in no journal. */
  async #bodyOf({ tenant, id, eventId, body }: Delivery): Promise<string> {
    const sequence = sequenceOfDelivery(id);
    if (sequence === noSequence) return body;
    const { events } = await this.#options.events.after(tenant, sequence - 1, [], 1);
    return events.find((event) => event.id === eventId)?.body ?? body;
  }

  async #wake(deliveries: readonly Delivery[]): Promise<void> {
    try {
      await this.#options.queue.send(deliveries.map((delivery) => wakeUpFor(delivery, delivery.cause)));
    } catch (error) {
      this.#options.logger.warn('deliveries are left to the sweep', { error: error as Error });
    }
  }
}

function pingEvent({ tenant, id }: Webhook, { mark }: AppliedKey, now: number, cause: Cause): DeliverableEvent {
  const eventId = `evt_${base32(Buffer.from(digestOf(['ping', id, mark]), 'hex'))}`;
  const body = JSON.stringify({
    specversion: '1.0',
    id: eventId,
    source: `urn:florin:tenant:${tenant}`,
    type: `io.florin.${pingType}`,
    subject: id,
    time: new Date(now).toISOString(),
    datacontenttype: 'application/json',
    dataschema: eventSchema,
    tenant,
    ...(cause.correlationId !== undefined && { correlationid: cause.correlationId }),
    ...(cause.traceparent !== undefined && { traceparent: cause.traceparent }),
    data: { id },
  });
  return { id: eventId, type: pingType, sequence: noSequence, body, cause };
}
