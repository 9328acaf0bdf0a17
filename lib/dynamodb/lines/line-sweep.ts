import { ledgerTable } from '../../config/ledger-table.ts';
import type { AccountId, TenantId } from '../../ledger/index.ts';
import type { Row } from '../items/items.ts';
import { type DuePlace, lineBuckets, parseDuePlace } from '../items/line-item.ts';
import type { Clock } from '../table/patience.ts';
import type { Reader } from '../table/reader.ts';

/** Places read at once. */
const placesPerPage = 1_000;

/**
 * Places looked at in one bucket at the most. The longest-waiting come first, so a line that is stuck with more than these
 * would hide the others of its bucket; the age that is reported tells of it long before.
 */
const maxPlacesPerBucket = 10_000;
const timeDigits = 13;

/** A line that waits too long. */
export interface OverdueLine {
  readonly tenant: TenantId;
  readonly account: AccountId;
}

export interface LineSweepRun {
  readonly lines: readonly OverdueLine[];
  /** Places that were accepted longer ago than asked for. */
  readonly overdue: number;
  /** The age of the one that waits longest, in milliseconds; 0 where none does. */
  readonly oldestAgeMs: number;
}

/** Finds the lines that nobody serves, by the index `due`: eventually consistent, so a sweep may see what has just left. */
export class LineSweep {
  readonly #reader: Reader;
  readonly #clock: Clock;

  constructor(reader: Reader, clock: Clock) {
    this.#reader = reader;
    this.#clock = clock;
  }

  /** The lines with places older than this, in milliseconds. @throws LedgerError `unavailable` */
  async run(olderThanMs: number): Promise<LineSweepRun> {
    const now = this.#clock.now();
    const until = String(now - olderThanMs).padStart(timeDigits, '0');
    // All end before this does, also where one fails: none is left on its way when the function is frozen.
    const pages = await Promise.allSettled(lineBuckets.map((bucket) => this.#places(bucket, until)));
    const places = pages.flatMap((page) => {
      if (page.status === 'rejected') throw page.reason;
      return page.value;
    });
    const lines = new Map(places.map(({ tenant, account }) => [`${tenant}#${account}`, { tenant, account }]));
    const oldest = places.reduce((least, { acceptedAt }) => Math.min(least, acceptedAt), now);
    return { lines: [...lines.values()], overdue: places.length, oldestAgeMs: now - oldest };
  }

  async #places(bucket: string, until: string): Promise<readonly DuePlace[]> {
    const { name } = ledgerTable.indexes.due;
    const places: DuePlace[] = [];
    let start: Row | undefined;
    do {
      const { rows, lastKey } = await this.#reader.query({
        IndexName: name,
        KeyConditionExpression: 'dueBucket = :bucket AND dueAt <= :until',
        ExpressionAttributeValues: { ':bucket': bucket, ':until': until },
        Limit: placesPerPage,
        ...(start && { ExclusiveStartKey: start }),
      });
      places.push(...rows.map(parseDuePlace));
      start = lastKey;
    } while (start && places.length < maxPlacesPerBucket);
    return places;
  }
}
