import type { TenantId } from './account.ts';
import { digestOf } from './canonical-json.ts';
import { genesisHash } from './entry.ts';
import type { JournalEvent } from './journal-event.ts';
import { maxActionsPerWrite } from './limits.ts';

/** The version of the hashed form; it changes only together with a documented new form. */
const blockHashVersion = 1;

/** Events of one block: its write puts the block and tells each event's record its number. */
export const maxEventsPerBlock = maxActionsPerWrite - 1;

/** Where a journal stands: what its next block goes on from. */
export interface JournalHead {
  /** The number of the last block; 0 before the first. */
  readonly number: number;
  /** The sequence that the next event will have, from 1. */
  readonly nextSequence: number;
  /** The hash of the last block. */
  readonly hash: string;
}

/** A part of a tenant's journal: immutable, gapless by number, chained by hash. */
export interface Block {
  /** 1, 2, 3 … per tenant. */
  readonly number: number;
  /** The sequence of its first event; the others follow without gaps, here and from block to block. */
  readonly firstSequence: number;
  /** The hash of the block before; of the first block 64 zeros. */
  readonly previousHash: string;
  readonly hash: string;
  /** When it was appended, in milliseconds since 1970. */
  readonly createdAt: number;
  /** 1 to 99. */
  readonly events: readonly JournalEvent[];
}

/** A journal without a block. */
export const emptyJournal: JournalHead = { number: 0, nextSequence: 1, hash: genesisHash };

/** Where a journal stands once this is its last block. */
export function headAfter({ number, firstSequence, hash, events }: Block): JournalHead {
  return { number, nextSequence: firstSequence + events.length, hash };
}

/** The block that follows, with these events in this order. */
export function nextBlock(
  tenant: TenantId,
  head: JournalHead,
  events: readonly JournalEvent[],
  createdAt: number,
): Block {
  const content = {
    number: head.number + 1,
    firstSequence: head.nextSequence,
    previousHash: head.hash,
    createdAt,
    events,
  };
  return { ...content, hash: blockHash(tenant, content) };
}

/**
 * The hash that chains a block to the one before. SHA-256 over canonical JSON; number and sequence as decimal strings, times
 * as RFC 3339 UTC with milliseconds. What an event holds is bound by the event's own hash.
 */
export function blockHash(tenant: TenantId, block: Omit<Block, 'hash'>): string {
  return digestOf({
    v: blockHashVersion,
    tenant,
    number: String(block.number),
    firstSequence: String(block.firstSequence),
    previousHash: block.previousHash,
    createdAt: new Date(block.createdAt).toISOString(),
    events: block.events.map(({ id, type, time, hash }) => ({ id, type, time: new Date(time).toISOString(), hash })),
  });
}
