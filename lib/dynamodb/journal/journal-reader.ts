import {
  type Block,
  emptyJournal,
  headAfter,
  isChangeEvent,
  type JournalEvent,
  type JournalHead,
  recordIdOfEvent,
  type TenantId,
} from '../../ledger/index.ts';
import type { Row } from '../items/items.ts';
import { parseBlock } from '../items/journal-item.ts';
import { blockKey, changeKey, journalPartition, type Key, recordKey } from '../items/keys.ts';
import type { Reader } from '../table/reader.ts';

/** Blocks as they were appended. All its reads are consistent, and throw LedgerError `unavailable` where DynamoDB does not answer in time. */
export class JournalReader {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** One block; undefined where there is none of this number yet. */
  async block(tenant: TenantId, number: number): Promise<Block | undefined> {
    const row = await this.#reader.get(blockKey(tenant, number));
    return row && parseBlock(row);
  }

  /** The blocks from a number on, in order: at most so many, and fewer where they come to a megabyte. One Query. */
  async blocksFrom(tenant: TenantId, number: number, limit: number): Promise<Block[]> {
    const { rows } = await this.#reader.query({
      KeyConditionExpression: 'PK = :journal AND SK >= :first',
      ExpressionAttributeValues: { ':journal': journalPartition(tenant), ':first': blockKey(tenant, number).SK },
      Limit: limit,
    });
    return rows.map(parseBlock);
  }

  async last(tenant: TenantId): Promise<Block | undefined> {
    const { rows } = await this.#reader.query({
      KeyConditionExpression: 'PK = :journal',
      ExpressionAttributeValues: { ':journal': journalPartition(tenant) },
      ScanIndexForward: false,
      Limit: 1,
    });
    return rows[0] && parseBlock(rows[0]);
  }

  /** Where the journal stands. One Query. */
  async head(tenant: TenantId): Promise<JournalHead> {
    const last = await this.last(tenant);
    return last ? headAfter(last) : emptyJournal;
  }

  /**
   * The block that has an event, by its sequence; undefined where it is yet to come. A block has at least one event, so it is
   * found by halving: some twenty reads in a journal of a million blocks.
   */
  async blockWith(tenant: TenantId, sequence: number): Promise<Block | undefined> {
    const last = await this.last(tenant);
    if (!last || sequence >= last.firstSequence)
      return last && sequence < headAfter(last).nextSequence ? last : undefined;
    let low = 1;
    let high = last.number - 1;
    while (low <= high) {
      const middle = Math.floor((low + high) / 2);
      const block = await this.block(tenant, middle);
      if (!block) return undefined;
      if (sequence < block.firstSequence) high = middle - 1;
      else if (sequence >= headAfter(block).nextSequence) low = middle + 1;
      else return block;
    }
    return undefined;
  }

  /** What events are about: their records and change records, by partition key. One BatchGetItem for a hundred. */
  async rowsOf(tenant: TenantId, events: readonly JournalEvent[]): Promise<Map<string, Row>> {
    const rows = await this.#reader.getAll(events.map((event) => keyOfEvent(tenant, event)));
    return new Map(rows.map((row) => [String(row.PK), row]));
  }
}

/** Where the record or change record of an event lies. */
export function keyOfEvent(tenant: TenantId, { id, type }: Pick<JournalEvent, 'id' | 'type'>): Key {
  const record = recordIdOfEvent(id);
  return isChangeEvent(type) ? changeKey(tenant, record) : recordKey(tenant, record);
}
