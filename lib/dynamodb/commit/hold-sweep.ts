import { expireHold, type ReleaseHold } from '../../ledger/index.ts';
import { type DueHold, holdBuckets } from '../items/hold-due.ts';
import type { Row } from '../items/items.ts';
import { type Clock, Patience } from '../table/patience.ts';
import type { CommitResult } from './commit-outcome.ts';
import type { ExpiredHolds } from './expired-holds.ts';

/** Holds released at once: they share writes, so many as one has room for. */
const holdsAtOnce = 40;

/** Holds looked at in one run; the next goes on. */
const maxHoldsPerRun = 4_000;

/** Below this a run ends: a release that was begun may take as long. */
const shortestStepMs = 2_000;

/** What a run came to. */
export interface SweepRun {
  readonly released: number;
  /** The age of the one that was overdue longest when it was found, in milliseconds; 0 where none was. */
  readonly longestOverdueMs: number;
  /** False where more may be due: for want of time, or by what is in `errors`. */
  readonly isComplete: boolean;
  /** What kept a bucket from being read or a hold from being released; the next run tries again. */
  readonly errors: readonly unknown[];
}

type Execute = (command: ReleaseHold, timeMs: number) => Promise<CommitResult>;

/**
 * Releases the holds whose time is over, through the committer like any other command: each once, however many sweeps
 * run, and in a race with a capture or a void by exactly one of them. Nothing depends on it but the funds that such
 * holds still keep back.
 */
export class HoldSweep {
  readonly #expired: ExpiredHolds;
  readonly #execute: Execute;
  readonly #clock: Clock;

  constructor(expired: ExpiredHolds, execute: Execute, clock: Clock) {
    this.#expired = expired;
    this.#execute = execute;
    this.#clock = clock;
  }

  /** One run, bounded in time and in holds. Rejects only by a bug of its own. */
  async run(timeMs: number): Promise<SweepRun> {
    const patience = new Patience(this.#clock, timeMs);
    const tally = new Tally(this.#clock.now());
    for (const bucket of this.#bucketsInTurn()) {
      let start: Row | undefined;
      do {
        if (patience.leftMs < shortestStepMs || tally.looked >= maxHoldsPerRun) return tally.run(false);
        try {
          const { holds, next } = await this.#expired.page(bucket, this.#clock.now(), patience, start);
          await this.#releaseAll(holds, patience, tally);
          start = next;
        } catch (error) {
          tally.errors.push(error);
          break;
        }
      } while (start);
    }
    return tally.run(tally.errors.length === 0);
  }

  async #releaseAll(holds: readonly DueHold[], patience: Patience, tally: Tally): Promise<void> {
    for (let from = 0; from < holds.length && patience.leftMs >= shortestStepMs; from += holdsAtOnce) {
      const group = holds.slice(from, from + holdsAtOnce);
      const results = await Promise.allSettled(
        group.map(({ tenant, id }) => this.#execute(expireHold(tenant, id), patience.leftMs)),
      );
      tally.add(group, results);
    }
  }

  /** Each run begins one bucket later, so that none is last for ever where time is short. */
  #bucketsInTurn(): string[] {
    const first = Math.floor(this.#clock.now() / 60_000) % holdBuckets.length;
    return [...holdBuckets.slice(first), ...holdBuckets.slice(0, first)];
  }
}

class Tally {
  readonly errors: unknown[] = [];
  readonly #startedAt: number;
  looked = 0;
  #released = 0;
  #longestOverdueMs = 0;

  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  add(holds: readonly DueHold[], results: readonly PromiseSettledResult<CommitResult>[]): void {
    this.looked += holds.length;
    for (const { expiresAt } of holds) {
      this.#longestOverdueMs = Math.max(this.#longestOverdueMs, this.#startedAt - expiresAt);
    }
    for (const [index, result] of results.entries()) {
      if (result.status === 'rejected') this.errors.push(result.reason);
      else if (result.value.kind === 'failed') {
        this.errors.push(new Error(`${holds[index]?.id} could not be released: ${result.value.code}`));
      } else if (result.value.kind === 'settled' && !result.value.replayed) this.#released++;
    }
  }

  run(isComplete: boolean): SweepRun {
    return {
      released: this.#released,
      longestOverdueMs: this.#longestOverdueMs,
      isComplete: isComplete && this.errors.length === 0,
      errors: this.errors,
    };
  }
}
