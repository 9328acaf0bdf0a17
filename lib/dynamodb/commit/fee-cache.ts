import { type FeeTimeline, maxFeeTimelineAgeMs, type TenantId } from '../../ledger/index.ts';
import type { Clock } from '../table/patience.ts';

/** Tenants whose fee schedules an instance remembers; most have none, and the largest take some 100 KB. */
const capacity = 200;

interface Remembered {
  readonly timeline: FeeTimeline;
  /** When the read was sent, by the clock that is never turned back. */
  readonly askedAt: number;
}

/**
 * The fee schedules that this instance read in the last half minute.
 *
 * What is remembered is not the last word, and yet right: a version takes effect a minute after it is made, so
 * whatever is half a minute old knows every version that is in force. What is older is never used.
 */
export class FeeCache {
  readonly #clock: Pick<Clock, 'elapsed'>;
  readonly #tenants = new Map<TenantId, Remembered>();

  constructor(clock: Pick<Clock, 'elapsed'>) {
    this.#clock = clock;
  }

  /** The time that a read about to be sent is as old as. */
  get now(): number {
    return this.#clock.elapsed();
  }

  get(tenant: TenantId): FeeTimeline | undefined {
    const remembered = this.#tenants.get(tenant);
    if (!remembered || this.now - remembered.askedAt > maxFeeTimelineAgeMs) return undefined;
    return remembered.timeline;
  }

  /** Takes what a read found that was sent at this time. */
  learn(tenant: TenantId, timeline: FeeTimeline, askedAt: number): void {
    this.#tenants.delete(tenant);
    this.#tenants.set(tenant, { timeline, askedAt });
    if (this.#tenants.size > capacity) this.#tenants.delete(this.#tenants.keys().next().value as TenantId);
  }
}
