import type { Row } from '../dynamodb/items/items.ts';
import { type Clock, Patience } from '../dynamodb/table/patience.ts';
import { deliveryBuckets } from '../platform/delivery-due.ts';
import type { DeliveryStore } from '../platform/delivery-store.ts';
import type { QueueSender } from '../sqs/index.ts';
import { wakeUpFor } from './wake-up.ts';

/** Deliveries woken in one run at most. What is left over is the most recent of its bucket, and the next run's. */
const maxDeliveriesPerRun = 4_000;

/** Read at once. */
const pageSize = 100;

/** Below this a run ends. */
const shortestStepMs = 2_000;

/** What a run came to. */
export interface DueSweepRun {
  /** Deliveries found due, each woken. */
  readonly due: number;
  /** How long the one that was due longest had been so, in milliseconds; 0 where none was. */
  readonly longestOverdueMs: number;
  /** False where more may be due: for want of time or of room, or by what is in `errors`. */
  readonly isComplete: boolean;
  readonly errors: readonly unknown[];
}

/**
 * Wakes the deliveries that are due: those whose pause is longer than a queue can wait, and those whose wake-up got lost or whose
 * worker died. A wake-up too many does no harm.
 */
export class DueSweep {
  readonly #deliveries: DeliveryStore;
  readonly #queue: Pick<QueueSender, 'send'>;
  readonly #clock: Clock;

  constructor(deliveries: DeliveryStore, queue: Pick<QueueSender, 'send'>, clock: Clock) {
    this.#deliveries = deliveries;
    this.#queue = queue;
    this.#clock = clock;
  }

  /** One run, bounded in time and in deliveries. Rejects only by a bug of its own. */
  async run(timeMs: number): Promise<DueSweepRun> {
    const patience = new Patience(this.#clock, timeMs);
    const now = this.#clock.now();
    const errors: unknown[] = [];
    let due = 0;
    let longestOverdueMs = 0;
    let isComplete = true;
    for (const bucket of bucketsInTurn(now)) {
      let start: Row | undefined;
      do {
        if (patience.leftMs < shortestStepMs || due >= maxDeliveriesPerRun) {
          return { due, longestOverdueMs, isComplete: false, errors };
        }
        try {
          const page = await this.#deliveries.due(bucket, now, pageSize, start);
          await this.#queue.send(page.due.map((delivery) => wakeUpFor(delivery)));
          due += page.due.length;
          for (const { dueAt } of page.due) longestOverdueMs = Math.max(longestOverdueMs, now - dueAt);
          start = page.next;
        } catch (error) {
          errors.push(error);
          isComplete = false;
          break;
        }
      } while (start);
    }
    return { due, longestOverdueMs, isComplete, errors };
  }
}

/** Each run begins one bucket later, so that none is last for ever where time is short. */
function bucketsInTurn(now: number): string[] {
  const first = Math.floor(now / 60_000) % deliveryBuckets.length;
  return [...deliveryBuckets.slice(first), ...deliveryBuckets.slice(0, first)];
}
