import {
  type BalancePlace,
  type BalanceSpan,
  balanceKey,
  InvariantViolation,
  type JournalEvent,
  recordIdOfTransaction,
  type TenantId,
} from '../../ledger/index.ts';
import { parseEntry, type Row } from '../items/items.ts';
import { blockOf, type JournalRow, parseJournalRow } from '../items/journal-subject-item.ts';
import { entryKey, type Key, recordKey } from '../items/keys.ts';
import type { Reader } from '../table/reader.ts';
import { FrontierSearch } from './journal-frontier.ts';
import type { Frontier, JournalMemory } from './journal-memory.ts';

/** Rows kept while their turn has not come: some megabytes. Beyond it they are let go, and read again when it does. */
const maxLoaded = 2_000;

/** More than this many things that each wait for another cannot be without a circle among them. */
const maxDepth = 20_000;

/** Something that goes into the next block. */
export interface Planned {
  readonly key: Key;
  readonly event: JournalEvent;
}

/** What is to be done with a plan, and when. */
export interface Placing {
  readonly blockSize: number;
  /** Whether it is time to append what is planned, be it little or nothing. */
  readonly isLate: () => boolean;
  /** Makes the plan a block. */
  readonly onBlock: () => Promise<void>;
}

/**
 * Puts what is not in the journal yet into an order: each thing behind all that must precede it. What precedes and is not
 * in the journal either, however far back, comes with it.
 *
 * It goes down from a thing to what it must come behind, until something is ready, and up again. Along a balance it goes
 * straight to the oldest transaction that is not in the journal, so that it never goes deeper than there are balances, holds and
 * other things involved, and holds a page of each at the most.
 */
export class JournalRun {
  readonly #reader: Reader;
  readonly #tenant: TenantId;
  readonly #memory: JournalMemory;
  readonly #search: FrontierSearch;
  /** What was read, is not in the journal and not planned. */
  readonly #loaded = new Map<string, JournalRow>();
  /** The same, by the entries on balances: `<balance> <last sequence>`. */
  readonly #byEntry = new Map<string, JournalRow>();
  /** Ready for the next block, in order. */
  readonly #planned = new Map<string, JournalRow>();
  readonly #plannedFrontiers = new Map<string, { place: BalancePlace; frontier: Frontier }>();

  constructor(reader: Reader, tenant: TenantId, memory: JournalMemory) {
    this.#reader = reader;
    this.#tenant = tenant;
    this.#memory = memory;
    this.#search = new FrontierSearch(reader, tenant);
  }

  get planned(): Planned[] {
    return [...this.#planned.values()].map(({ key, subject }) => ({ key, event: subject.event }));
  }

  /** What was planned is in the journal now. */
  commit(): void {
    for (const partition of this.#planned.keys()) this.#memory.add(partition);
    for (const { place, frontier } of this.#plannedFrontiers.values()) {
      this.#memory.advance(this.#tenant, place, frontier);
    }
    this.#planned.clear();
    this.#plannedFrontiers.clear();
  }

  /** Reads these items, and what they must come behind, as far as that takes two reads. Those not in the journal yet are returned, oldest first. */
  async load(keys: readonly Key[]): Promise<JournalRow[]> {
    const rows = this.#take(await this.#reader.getAll(keys.filter(({ PK }) => !this.#isSettled(PK))));
    const unknown = rows.flatMap((row) =>
      row.subject.precedence.balances.flatMap((span) => this.#entryBefore(row, span)),
    );
    const entries = (await this.#reader.getAll(unknown)).map(parseEntry);
    const previous = entries.flatMap(({ previousTransactionId: id }) =>
      id === null ? [] : [recordKey(this.#tenant, recordIdOfTransaction(id))],
    );
    const behind = [...previous, ...rows.flatMap((row) => row.behind)];
    this.#take(await this.#reader.getAll(behind.filter(({ PK }) => !this.#isSettled(PK) && !this.#loaded.has(PK))));
    return rows.toSorted((a, b) => a.subject.event.time - b.subject.event.time);
  }

  /** Plans a thing behind all it must come behind. */
  async place(target: JournalRow, { blockSize, isLate, onBlock }: Placing): Promise<void> {
    const waiting = [target];
    for (let top = waiting.at(-1); top; top = waiting.at(-1)) {
      if (waiting.length > maxDepth) throw new InvariantViolation(`${top.key.PK} must come behind itself`);
      if (isLate()) await onBlock();
      const first = this.#isSettled(top.key.PK) ? undefined : await this.#precedent(top);
      if (first) {
        waiting.push(first);
        continue;
      }
      waiting.pop();
      if (this.#isSettled(top.key.PK)) continue;
      this.#plan(top);
      if (this.#planned.size >= blockSize) await onBlock();
      if (this.#loaded.size > maxLoaded) this.#letGo();
    }
  }

  /** One thing that must be in the journal before and is not; undefined where there is none. */
  async #precedent(row: JournalRow): Promise<JournalRow | undefined> {
    for (const key of row.behind) {
      const found = await this.#unsettled(key);
      if (found) return found;
    }
    for (const span of row.subject.precedence.balances) {
      const found = await this.#oldestBefore(row, span);
      if (found) return found;
    }
    return undefined;
  }

  async #unsettled(key: Key): Promise<JournalRow | undefined> {
    if (this.#isSettled(key.PK)) return undefined;
    const known = this.#loaded.get(key.PK);
    if (known) return known;
    const [row] = await this.#reader.getAll([key]);
    if (!row) throw new InvariantViolation(`${key.PK} must be in the journal first, and is not there`);
    const [loaded] = this.#take([row]);
    if (!loaded && !this.#isSettled(key.PK))
      throw new InvariantViolation(`${key.PK} must be in the journal first, and is pending`);
    return loaded;
  }

  /** The transaction to be journaled next on a balance before one that stands further along it. */
  async #oldestBefore(row: JournalRow, { place, first }: BalanceSpan): Promise<JournalRow | undefined> {
    const position = { sequence: first, time: row.subject.event.time };
    for (;;) {
      const known = this.#frontier(place);
      if (first === 1 || (known && known.sequence >= first - 1)) return undefined;
      const next = this.#byEntry.get(`${balanceKey(place)} ${known ? known.sequence + 1 : first - 1}`);
      if (next) return next;
      // Only what was found is remembered: what is merely planned may come to nothing.
      const frontier = known ?? (await this.#findFrontier(place, position));
      if (frontier.sequence >= first - 1) return undefined;
      this.#take(await this.#search.behind(place, frontier, position));
      const oldest = this.#byEntry.get(`${balanceKey(place)} ${frontier.sequence + 1}`);
      if (oldest) return oldest;
      // Another appender has been there meanwhile, or what was read says that something is wrong.
      const now = this.#frontier(place);
      if (!now || now.sequence <= frontier.sequence) {
        throw new InvariantViolation(`entry ${frontier.sequence + 1} of ${balanceKey(place)} is in no transaction`);
      }
    }
  }

  async #findFrontier(place: BalancePlace, position: Frontier): Promise<Frontier> {
    const found = await this.#search.before(place, position);
    this.#memory.advance(this.#tenant, place, found);
    return found;
  }

  /** The entry by which the transaction before is found, where what is known does not tell. */
  #entryBefore({ subject: { event } }: JournalRow, { place, first }: BalanceSpan): Key[] {
    const isKnown = first === 1 || this.#frontier(place) !== undefined;
    if (isKnown || this.#byEntry.has(`${balanceKey(place)} ${first - 1}`)) return [];
    return [entryKey(this.#tenant, place, event.time, first)];
  }

  /** Sorts rows into what is in the journal, which is remembered, and what is not. */
  #take(rows: readonly Row[]): JournalRow[] {
    return rows.flatMap((row) => {
      const parsed = parseJournalRow(this.#tenant, row);
      if (!parsed || this.#planned.has(parsed.key.PK)) return [];
      const { key, subject } = parsed;
      if (blockOf(row) !== undefined) {
        this.#memory.add(key.PK);
        for (const { place, last } of subject.precedence.balances) {
          this.#memory.advance(this.#tenant, place, { sequence: last, time: subject.event.time });
        }
        return [];
      }
      this.#loaded.set(key.PK, parsed);
      for (const { place, first, last } of subject.precedence.balances) {
        for (const sequence of new Set([first, last])) this.#byEntry.set(`${balanceKey(place)} ${sequence}`, parsed);
      }
      return [parsed];
    });
  }

  #plan(row: JournalRow): void {
    const { key, subject } = row;
    this.#planned.set(key.PK, row);
    this.#forget(row);
    for (const { place, last } of subject.precedence.balances) {
      this.#plannedFrontiers.set(balanceKey(place), {
        place,
        frontier: { sequence: last, time: subject.event.time },
      });
    }
  }

  #forget({ key, subject }: JournalRow): void {
    this.#loaded.delete(key.PK);
    for (const { place, first, last } of subject.precedence.balances) {
      this.#byEntry.delete(`${balanceKey(place)} ${first}`);
      this.#byEntry.delete(`${balanceKey(place)} ${last}`);
    }
  }

  #letGo(): void {
    this.#loaded.clear();
    this.#byEntry.clear();
  }

  /** What is known to be in the journal may be ahead of what is planned, where others append too: then the plan comes to nothing. */
  #frontier(place: BalancePlace): Frontier | undefined {
    const journaled = this.#memory.frontier(this.#tenant, place);
    const planned = this.#plannedFrontiers.get(balanceKey(place))?.frontier;
    if (!journaled || !planned) return journaled ?? planned;
    return journaled.sequence > planned.sequence ? journaled : planned;
  }

  #isSettled(partition: string): boolean {
    return this.#planned.has(partition) || this.#memory.has(partition);
  }
}
