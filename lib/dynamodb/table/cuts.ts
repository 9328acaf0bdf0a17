import { LedgerError, maxClockSkewMs, maxSettlingMs } from '../../ledger/index.ts';
import type { ClockSkew } from './clock-skew.ts';
import type { Clock } from './patience.ts';

/**
 * Instants at which the books can be cut: nothing at or before them can change any more, whatever is under way. Since a
 * transaction has one time, each cut holds all of it or nothing, and every asset sums to zero in it.
 */
export class Cuts {
  readonly #clock: Clock;
  readonly #skew: ClockSkew;

  constructor(clock: Clock, skew: ClockSkew) {
    this.#clock = clock;
    this.#skew = skew;
  }

  /** The newest cut, or the one asked for where that is older; in milliseconds since 1970. */
  at(instant: number = Number.POSITIVE_INFINITY): number {
    return Math.min(instant, this.#clock.now() - maxSettlingMs);
  }

  /**
   * The cut that an earlier page was of, made by an instance whose clock may be ahead of this one's by as much as clocks may differ: all pages are of one
   * cut. A later instant, which only a cursor that was made up can name, is drawn back to that.
   */
  again(instant: number): number {
    return Math.min(instant, this.at() + 2 * maxClockSkewMs);
  }

  /**
   * To be called once something was read for a cut: by then the clock that made the cut has been compared with DynamoDB's.
   *
   * @throws LedgerError `unavailable` when it is too far ahead for the cut to be one
   */
  confirm(): void {
    if (this.#skew.milliseconds > maxClockSkewMs) {
      throw new LedgerError(
        'unavailable',
        'the clock of this machine is ahead; what it takes for old may still change',
      );
    }
  }
}
