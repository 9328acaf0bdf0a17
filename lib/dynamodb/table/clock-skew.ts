import { maxClockSkewMs } from '../../ledger/index.ts';

/** The `Date` header counts whole seconds, cut off. */
const dateResolutionMs = 1_000;

/**
 * How far this machine's clock is from DynamoDB's, by the `Date` header of its answers. A transaction takes its time
 * from this machine; one wrong clock would push the time of every balance it touches, so a commit is refused beyond
 * two seconds.
 */
export class ClockSkew {
  #skewMs = 0;

  /** Takes the header of an answer to a request sent and answered at these local times, in milliseconds. */
  observe(dateHeader: string, sentAt: number, answeredAt: number): void {
    const serverTime = Date.parse(dateHeader);
    if (Number.isNaN(serverTime)) return;
    // The server wrote the header somewhere between both local times, within a second after what it says.
    if (answeredAt < serverTime) this.#skewMs = answeredAt - serverTime;
    else if (sentAt > serverTime + dateResolutionMs) this.#skewMs = sentAt - serverTime - dateResolutionMs;
    else this.#skewMs = 0;
  }

  /** Milliseconds this clock is certainly ahead (positive) or behind (negative). */
  get milliseconds(): number {
    return this.#skewMs;
  }

  get isExcessive(): boolean {
    return Math.abs(this.#skewMs) > maxClockSkewMs;
  }
}
