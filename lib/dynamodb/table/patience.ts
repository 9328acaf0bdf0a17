/** Time as the committer uses it; entered from outside, so that tests can turn the clock. */
export interface Clock {
  /** Milliseconds since 1970: the time that transactions carry. */
  now(): number;
  /** Milliseconds since some start, never turned back: for measuring waits. */
  elapsed(): number;
  sleep(milliseconds: number): Promise<void>;
}

export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

const firstPauseMs = 10;
const longestPauseMs = 400;

/** The time a piece of work has, and how it waits between attempts: every wait is bounded by what is left. */
export class Patience {
  readonly #clock: Clock;
  readonly #endsAt: number;

  constructor(clock: Clock, milliseconds: number) {
    this.#clock = clock;
    this.#endsAt = clock.elapsed() + milliseconds;
  }

  get leftMs(): number {
    return this.#endsAt - this.#clock.elapsed();
  }

  get isOver(): boolean {
    return this.leftMs <= 0;
  }

  /**
   * Waits before another attempt (1 is the first pause): a random part of a span that doubles. Source: "full jitter",
   * AWS Architecture Blog, Exponential Backoff And Jitter.
   */
  async pause(attempt: number): Promise<void> {
    const span = Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1), this.leftMs);
    if (span > 0) await this.#clock.sleep(Math.random() * span);
  }
}
