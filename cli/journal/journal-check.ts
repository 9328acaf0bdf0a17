import type { BlockAnswer, EventAnswer } from './journal-answers.ts';
import { genesisHash, hashOfBlock, hashOfEvent } from './journal-hashes.ts';

/** The kinds of damage of a journal that can be seen from outside. */
export const journalDamageKinds = {
  block_missing: 'a block is missing, or stands in another place',
  sequence_gap: 'events are missing, or stand in another place',
  chain_broken: 'a block does not name the hash of the one before it',
  block_hash_mismatch: 'a block is not what was hashed',
  event_missing: 'a block has an event that is not shown in its place',
  event_hash_mismatch: 'an event is not what was hashed',
  order_contradicted: 'a balance, hold or account has another order than the journal',
} as const;

export type JournalDamageKind = keyof typeof journalDamageKinds;

/** One damage, and where it is. */
export interface JournalFinding {
  readonly kind: JournalDamageKind;
  readonly block: string;
  /** The event's sequence, where it is about one. */
  readonly sequence?: string;
  /** The balance, hold or account, where it is about one. */
  readonly subject?: string;
  readonly expected: string;
  readonly found: string;
}

/** Where a journal has come to. */
export interface JournalPlace {
  readonly number: bigint;
  readonly nextSequence: bigint;
  readonly hash: string;
}

export const journalBeginning: JournalPlace = { number: 0n, nextSequence: 1n, hash: genesisHash };

interface Entry {
  readonly account: string;
  readonly asset: string;
  readonly shard?: number;
  readonly sequence: string;
}

/**
 * Follows a journal, block by block. After damage it goes on from what the block says, so that one damage is one finding and not
 * one for each block behind it. It remembers the last number of each balance, hold and account.
 */
export class JournalCheck {
  readonly #tenant: string;
  readonly #isWhole: boolean;
  #place: JournalPlace;
  readonly #numbers = new Map<string, bigint>();

  /** @param from where to begin; only from the beginning on it is known where each balance must begin */
  constructor(tenant: string, from: JournalPlace = journalBeginning) {
    this.#tenant = tenant;
    this.#place = from;
    this.#isWhole = from.number === 0n;
  }

  get place(): JournalPlace {
    return this.#place;
  }

  /** Takes the next block with its events, and names what is wrong with them. */
  add(block: BlockAnswer, events: readonly EventAnswer[]): JournalFinding[] {
    const before = this.#place;
    const { number, firstSequence, previousHash, hash } = block;
    this.#place = { number: BigInt(number), nextSequence: BigInt(firstSequence) + BigInt(block.events.length), hash };
    const findings: JournalFinding[] = [];
    const compare = (kind: JournalDamageKind, expected: string, found: string, rest: Partial<JournalFinding> = {}) => {
      if (expected !== found) findings.push({ kind, block: number, ...rest, expected, found });
    };
    compare('block_missing', String(before.number + 1n), number);
    compare('sequence_gap', String(before.nextSequence), firstSequence);
    compare('chain_broken', before.hash, previousHash);
    compare('block_hash_mismatch', hashOfBlock(block, this.#tenant), hash);
    for (const [index, told] of block.events.entries()) {
      const sequence = String(BigInt(firstSequence) + BigInt(index));
      compare('sequence_gap', sequence, told.sequence, { sequence });
      const event = events[index];
      const place = ({ id, type, time }: Pick<EventAnswer, 'id' | 'type' | 'time'>) => `${id} ${type} ${time}`;
      compare('event_missing', place(told), event ? place(event) : 'nothing', { sequence });
      if (!event || event.id !== told.id) continue;
      compare('event_hash_mismatch', told.hash, hashOfEvent(event, this.#tenant), { sequence });
      findings.push(...this.#follow(event, number));
    }
    return findings;
  }

  /** Holds an event to what came before it on its balances, or on its hold or account. */
  #follow({ type, sequence, data }: EventAnswer, block: string): JournalFinding[] {
    const findings: JournalFinding[] = [];
    const advance = (subject: string, found: string, isGapless: boolean) => {
      const last = this.#numbers.get(subject) ?? (this.#isWhole ? 0n : undefined);
      const number = BigInt(found);
      const isNext = last === undefined || (isGapless ? number === last + 1n : number > last);
      if (!isNext) {
        const expected = isGapless ? String((last ?? 0n) + 1n) : `more than ${last}`;
        findings.push({ kind: 'order_contradicted', block, sequence, subject, expected, found });
      }
      this.#numbers.set(subject, number);
    };
    const { entries, id, version } = data as { entries?: readonly Entry[]; id?: string; version?: string };
    if (type === 'transaction.posted') {
      for (const { account, asset, shard = 0, sequence: entry } of entries ?? []) {
        advance([account, asset, ...(shard > 0 ? [`shard ${shard}`] : [])].join(' '), entry, true);
      }
    } else if (/^(hold|account)\./.test(type) && version !== undefined) advance(String(id), version, false);
    return findings;
  }
}
