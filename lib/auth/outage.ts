import type { EmbeddedMetrics, LineWriter } from '../observability/index.ts';

/** How often it is told that an outage lasts, in milliseconds. */
export const outageToldEveryMs = 60_000;

/** By what an outage is told. */
export interface OutageTelling {
  readonly logger: LineWriter;
  readonly metrics: Pick<EmbeddedMetrics, 'fields'>;
}

/**
 * Tells that the access check has to do without something: when that begins, each minute while it lasts, for an alarm to see that it does, and when
 * it is over. Failures in between are not worth a line each.
 */
export class Outage {
  readonly #telling: OutageTelling;
  /** When it was told last, in milliseconds since 1970. */
  #toldAt: number | undefined;

  constructor(telling: OutageTelling) {
    this.#telling = telling;
  }

  /** @param now milliseconds since 1970 */
  note(now: number, message: string, fields: { readonly error: Error; readonly issuer?: string }): void {
    // A clock that was turned back says nothing about how long ago it was.
    if (this.#toldAt !== undefined && now >= this.#toldAt && now - this.#toldAt < outageToldEveryMs) return;
    this.#toldAt = now;
    const { logger, metrics } = this.#telling;
    logger.warn(message, { ...fields, ...metrics.fields({ accessOutages: 1 }, now) });
  }

  /** Tells it if there was one. */
  over(message: string, fields: { readonly issuer?: string } = {}): void {
    if (this.#toldAt === undefined) return;
    this.#toldAt = undefined;
    this.#telling.logger.info(message, fields);
  }
}
