import type { Cause, Clock } from '../dynamodb/index.ts';
import { LedgerError } from '../ledger/index.ts';
import type { LineWriter } from '../observability/index.ts';
import type { Delivery } from '../platform/delivery.ts';
import type { DeliveryStore } from '../platform/delivery-store.ts';
import type { Webhook } from '../platform/webhook.ts';
import type { WebhookStore } from '../platform/webhook-store.ts';
import type { SecretBox } from '../secrets/index.ts';
import type { QueueSender } from '../sqs/index.ts';
import { deliveryRequest } from './delivery-request.ts';
import type { Disabling } from './disabling.ts';
import type { GuardedPost } from './guarded-post.ts';
import { putOffAfter } from './retry-schedule.ts';
import { openedSecrets } from './sealed-secrets.ts';
import { judge, pingType, type Verdict } from './verdict.ts';
import { wakeUpFor } from './wake-up.ts';

/** The longest delay of a message in a standard queue. What is due later is found by the sweep. */
const maxDelaySeconds = 900;

/** What became of an attempt. `taken`: somebody else is at it. `put off`: there was none. */
export type AttemptEnd = 'succeeded' | 'failed' | 'taken' | 'put off';

/** An attempt that was made, before anything of it is written. */
export interface MadeAttempt {
  readonly webhook: Webhook;
  readonly delivery: Delivery;
  readonly verdict: Verdict;
}

/** A delivery that nothing was attempted for, since its secrets could not be opened. */
export interface PutOff {
  readonly webhook: Webhook;
  readonly delivery: Delivery;
  /** When it is due now, in milliseconds since 1970. */
  readonly until: number;
  readonly error: LedgerError;
}

/** Is told what is done, as it is done. */
export interface AttemptListener {
  made(attempt: MadeAttempt): void;
  putOff(delivery: PutOff): void;
}

export interface AttemptsOptions {
  readonly webhooks: WebhookStore;
  readonly deliveries: DeliveryStore;
  readonly disabling: Disabling;
  readonly secrets: SecretBox;
  readonly post: Pick<GuardedPost, 'send'>;
  readonly queue: Pick<QueueSender, 'send'>;
  readonly clock: Clock;
  readonly logger: LineWriter;
  /** From 0 to below 1. */
  readonly random?: () => number;
  /** A text that nobody else makes. */
  readonly nonce?: () => string;
}

/** Makes attempts to deliver. */
export class Attempts {
  readonly #options: Required<AttemptsOptions>;

  constructor(options: AttemptsOptions) {
    this.#options = { random: Math.random, nonce: () => crypto.randomUUID(), ...options };
  }

  /**
   * Makes the next attempt of a delivery, if nobody else does: claims it, sends it, and records what came of it. Whoever dies
   * in between leaves it to others after the lease; the receiver may then get the event twice.
   *
   * Where its secrets cannot be opened there is no attempt, the endpoint is blamed for nothing, and the delivery is put off.
   *
   * @throws LedgerError `unavailable`, `outcome_unknown`, `contention` where the tables could not be used
   */
  async make(webhook: Webhook, delivery: Delivery, listener: AttemptListener): Promise<AttemptEnd> {
    const { deliveries, secrets, post, clock, random, nonce } = this.#options;
    if (delivery.tries >= delivery.maxTries) {
      // Whoever made its last attempt died of it, or in it: nobody is to try for ever.
      await deliveries.giveUp(delivery, 'exhausted');
      return 'failed';
    }
    // Before the claim, which counts as an attempt.
    const opened = await openedSecrets(secrets, webhook, clock.now()).catch(unavailable);
    if (opened instanceof LedgerError) return this.#putOff(webhook, delivery, opened, listener);
    const claimed = await deliveries.claim(delivery, nonce());
    if (!claimed) return 'taken';
    const at = clock.now();
    const outcome = await post.send(deliveryRequest(webhook, claimed, opened, at));
    const verdict = judge(webhook, claimed, outcome, { at, now: clock.now(), random: random() });
    listener.made({ webhook, delivery: claimed, verdict });
    // The endpoint before the delivery: a death in between leaves the delivery to be attempted again, or given up.
    await this.#noteOnEndpoint(webhook, claimed, verdict);
    const isRecorded = await deliveries.record(claimed, verdict.attempt, verdict.course);
    if (isRecorded && verdict.course.status === 'pending') await this.#wakeAt(claimed, verdict.course.nextAttemptAt);
    return verdict.course.status === 'succeeded' ? 'succeeded' : 'failed';
  }

  /** The sweep finds it when it is due again: a message now would only come to wait. */
  async #putOff(
    webhook: Webhook,
    delivery: Delivery,
    error: LedgerError,
    listener: AttemptListener,
  ): Promise<'put off'> {
    const { deliveries, clock } = this.#options;
    const until = clock.now() + putOffAfter(clock.now() - delivery.scheduledAt);
    await deliveries.putOff(delivery, until);
    listener.putOff({ webhook, delivery, until, error });
    return 'put off';
  }

  /** Sends a wake-up for a delivery. Rejects where the queue does not take it. */
  async wake(delivery: Pick<Delivery, 'tenant' | 'webhook' | 'id'>, cause: Cause, delaySeconds = 0): Promise<void> {
    await this.#options.queue.send([wakeUpFor(delivery, cause, delaySeconds)]);
  }

  /** Saves the time until the sweep, which finds the delivery anyway. */
  async #wakeAt(delivery: Delivery, time: number): Promise<void> {
    const delaySeconds = Math.max(1, Math.ceil((time - this.#options.clock.now()) / 1_000));
    if (delaySeconds > maxDelaySeconds) return;
    try {
      await this.wake(delivery, delivery.cause, delaySeconds);
    } catch (error) {
      this.#options.logger.warn('a delivery is left to the sweep', { deliveryId: delivery.id, error: error as Error });
    }
  }

  /** Only changes are written: in good times, and through a row of failures, the endpoint is not touched. */
  async #noteOnEndpoint(webhook: Webhook, delivery: Delivery, { course, disable }: Verdict): Promise<void> {
    const { webhooks, disabling } = this.#options;
    if (delivery.eventType === pingType) return;
    if (disable !== undefined) await disabling.disable(webhook, disable, delivery.cause);
    else if (course.status === 'succeeded' && webhook.failingSince !== undefined)
      await webhooks.noteHealth(webhook, true);
    else if (course.status !== 'succeeded' && webhook.failingSince === undefined) {
      await webhooks.noteHealth(webhook, false);
    }
  }
}

/** Whatever else keeps the secrets from being opened is a fault of ours. */
function unavailable(error: unknown): LedgerError {
  if (error instanceof LedgerError && error.code === 'unavailable') return error;
  throw error;
}
