import { type JournalReader, keyOfEvent } from '../dynamodb/journal/journal-reader.ts';
import { type Block, type EventType, InvariantViolation, type JournalEvent, type TenantId } from '../ledger/index.ts';
import { type EventView, viewOf } from './event-view.ts';

/** Blocks read with one call, each some 10 KB, from call to call: the next event wanted is mostly near, and may be far. */
const blocksPerCall = [2, 10, 50, 100, 100, 100];

/** What the events of one page may come to as JSON, in bytes: far below the 6 MB that Lambda can answer. */
const maxPageBytes = 1_000_000;

/** Positions remembered, so that readers who go on from where they ended find their block at once. */
const maxPositions = 1_000;

/** An event's place: its sequence, and its block where that is known. */
export interface FeedPosition {
  /** 0 before the first event. */
  readonly sequence: number;
  readonly block?: number;
}

export interface FeedRequest {
  readonly after: FeedPosition;
  /** All types where it is absent. */
  readonly types?: readonly EventType[] | undefined;
  readonly limit: number;
}

export interface FeedPage {
  readonly events: readonly EventView[];
  /** How far was looked: where to go on, also when there is nothing more yet. */
  readonly end: FeedPosition;
}

interface Found {
  readonly event: JournalEvent;
  readonly position: Required<FeedPosition>;
}

/**
 * A tenant's events, in the order of its journal. A page is one or a few Queries of blocks, and one BatchGetItem for what its
 * events are about.
 *
 * All throw LedgerError `unavailable`, and InvariantViolation where an event's record is missing or damaged.
 */
export class EventFeed {
  readonly #journal: JournalReader;
  readonly #positions = new Map<string, number>();

  constructor(journal: JournalReader) {
    this.#journal = journal;
  }

  /** The sequence of the newest event; 0 before the first. */
  async lastSequence(tenant: TenantId): Promise<number> {
    return (await this.#journal.head(tenant)).nextSequence - 1;
  }

  /** The events of a block, with what they are about. */
  async ofBlock(tenant: TenantId, block: Block): Promise<EventView[]> {
    return this.#views(tenant, eventsOf(block));
  }

  /** Events behind a position, oldest first. Where none of the types wanted is near, a page may be empty and still end further on. */
  async page(tenant: TenantId, { after, types, limit }: FeedRequest): Promise<FeedPage> {
    const found: Found[] = [];
    let end = after;
    for await (const blocks of this.#blocksBehind(tenant, after)) {
      for (const one of blocks.flatMap(eventsOf)) {
        if (one.position.sequence <= after.sequence || found.length >= limit) continue;
        end = one.position;
        if (!types || types.includes(one.event.type)) found.push(one);
      }
      if (found.length >= limit) break;
    }
    const events = withinBytes(await this.#views(tenant, found));
    const lastShown = found[events.length - 1];
    if (events.length < found.length && lastShown) end = lastShown.position;
    this.#remember(tenant, end);
    return { events, end };
  }

  /** Blocks from the one that has the event behind a position on, as many as one page looks at. */
  async *#blocksBehind(tenant: TenantId, { sequence, block }: FeedPosition): AsyncGenerator<readonly Block[]> {
    const known = sequence === 0 ? 1 : (block ?? this.#positions.get(positionKey(tenant, sequence)));
    let number = known ?? (await this.#journal.blockWith(tenant, sequence + 1))?.number;
    for (const count of blocksPerCall) {
      if (number === undefined) return;
      let blocks = await this.#journal.blocksFrom(tenant, number, count);
      // A position may be made up: from a later block on, events would be left out.
      if (number === known && number > 1 && !(blocks[0] && blocks[0].firstSequence <= sequence + 1)) {
        const first = await this.#journal.blockWith(tenant, sequence + 1);
        blocks = first ? [first] : [];
      }
      yield blocks;
      const last = blocks.at(-1);
      number = last && last.number + 1;
    }
  }

  async #views(tenant: TenantId, found: readonly Found[]): Promise<EventView[]> {
    if (found.length === 0) return [];
    const rows = await this.#journal.rowsOf(
      tenant,
      found.map(({ event }) => event),
    );
    return found.map(({ event, position }) => {
      const row = rows.get(keyOfEvent(tenant, event).PK);
      if (!row) throw new InvariantViolation(`what ${event.id} is about is not there`);
      return viewOf(event, position.sequence, row);
    });
  }

  #remember(tenant: TenantId, { sequence, block }: FeedPosition): void {
    if (block === undefined) return;
    const key = positionKey(tenant, sequence);
    this.#positions.delete(key);
    this.#positions.set(key, block);
    const [oldest] = this.#positions.keys();
    if (this.#positions.size > maxPositions && oldest !== undefined) this.#positions.delete(oldest);
  }
}

function positionKey(tenant: TenantId, sequence: number): string {
  return `${tenant}#${sequence}`;
}

function eventsOf({ number, firstSequence, events }: Block): Found[] {
  return events.map((event, index) => ({ event, position: { sequence: firstSequence + index, block: number } }));
}

/** As many as fit in one answer, and always one: none is larger than an answer may be. */
function withinBytes(events: readonly EventView[]): EventView[] {
  let bytes = 0;
  const fitting = events.findIndex(({ data }, index) => {
    bytes += Buffer.byteLength(JSON.stringify(data));
    return index > 0 && bytes > maxPageBytes;
  });
  return fitting < 0 ? [...events] : events.slice(0, fitting);
}
