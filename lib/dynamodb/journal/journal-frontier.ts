import { type BalancePlace, InvariantViolation, recordIdOfTransaction, type TenantId } from '../../ledger/index.ts';
import { parseEntry, type Row } from '../items/items.ts';
import { blockOf } from '../items/journal-subject-item.ts';
import { balancePartition, entrySortKey, lastEntryAt, recordKey } from '../items/keys.ts';
import type { Reader } from '../table/reader.ts';
import { beforeFirst, type Frontier } from './journal-memory.ts';

/** Entries looked at together, first and then: most gaps are short. */
const pageSizes = [10, 100];
const longestPage = 100;

/** An entry as the search needs it, with the record of its transaction. */
interface Position extends Frontier {
  readonly record: Row;
}

/**
 * Finds how far along a balance the journal has got. What is in the journal is a beginning of each balance's entries, so
 * its end is found by halving, however long the history is and however much of it is not in the journal yet.
 *
 * All throw LedgerError `unavailable`, and InvariantViolation where an entry has no record.
 */
export class FrontierSearch {
  readonly #reader: Reader;
  readonly #tenant: TenantId;

  constructor(reader: Reader, tenant: TenantId) {
    this.#reader = reader;
    this.#tenant = tenant;
  }

  /** The last entry before a position whose transaction is in the journal. Two reads where it is one of the ten before. */
  async before(place: BalancePlace, position: Frontier): Promise<Frontier> {
    let oldest = position;
    for (const size of pageSizes) {
      const page = await this.#page(place, { from: beforeFirst, before: oldest, newestFirst: true }, size);
      for (const one of page) {
        if (blockOf(one.record) !== undefined) return frontierOf(one);
        oldest = frontierOf(one);
      }
      if (oldest.sequence <= 1) return beforeFirst;
    }
    return this.#halve(place, oldest);
  }

  /** Records of the transactions behind a frontier and before a position, oldest first: a page of them. */
  async behind(place: BalancePlace, frontier: Frontier, position: Frontier): Promise<Row[]> {
    const range = { from: frontier, before: position, newestFirst: false };
    return (await this.#page(place, range, longestPage)).map(({ record }) => record);
  }

  /** Halves the time between what is in the journal and what is not, and in the end the sequences of one millisecond. */
  async #halve(place: BalancePlace, position: Frontier): Promise<Frontier> {
    let journaled = beforeFirst;
    let open = position;
    // Every entry between the two is of this time or later.
    let earliest = 0;
    while (open.sequence - journaled.sequence > 1) {
      const time = Math.floor((earliest + open.time) / 2);
      const isInstant = earliest === open.time;
      const before = isInstant
        ? { time, sequence: Math.floor((journaled.sequence + open.sequence) / 2) + 1 }
        : { time: time + 1, sequence: 0 };
      const from = { time: earliest, sequence: journaled.sequence };
      const [found] = await this.#page(place, { from, before, newestFirst: true }, 1);
      if (found && blockOf(found.record) === undefined) {
        open = frontierOf(found);
        continue;
      }
      if (found) journaled = frontierOf(found);
      if (!isInstant) earliest = time + 1;
    }
    return journaled;
  }

  /** Entries behind one position and before another. */
  async #page(
    place: BalancePlace,
    { from, before, newestFirst }: { from: Frontier; before: Frontier; newestFirst: boolean },
    limit: number,
  ): Promise<Position[]> {
    const first = entrySortKey(place.asset, from.time, from.sequence + 1);
    const last =
      before.sequence > 0
        ? entrySortKey(place.asset, before.time, before.sequence - 1)
        : lastEntryAt(place.asset, before.time - 1);
    if (first > last) return [];
    const { rows } = await this.#reader.query({
      KeyConditionExpression: 'PK = :balance AND SK BETWEEN :first AND :last',
      ExpressionAttributeValues: { ':balance': balancePartition(this.#tenant, place), ':first': first, ':last': last },
      ScanIndexForward: !newestFirst,
      Limit: limit,
    });
    const entries = rows.map(parseEntry);
    const keys = entries.map((entry) => recordKey(this.#tenant, recordIdOfTransaction(entry.transactionId)));
    const records = new Map((await this.#reader.getAll(keys)).map((row) => [String(row.PK), row]));
    return entries.map(({ sequence, createdAt, transactionId }, index) => {
      const record = records.get(String(keys[index]?.PK));
      if (!record) throw new InvariantViolation(`an entry names ${transactionId}, which has no record`);
      return { sequence, time: createdAt, record };
    });
  }
}

function frontierOf({ sequence, time }: Frontier): Frontier {
  return { sequence, time };
}
