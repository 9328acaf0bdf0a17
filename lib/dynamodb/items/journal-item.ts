import * as z from 'zod';
import {
  type Block,
  type EventId,
  eventIdOf,
  eventTypes,
  type JournalEvent,
  recordIdOfEvent,
  type TenantId,
} from '../../ledger/index.ts';
import { count, hash, hashBytes, parseRow, type Row } from './items.ts';
import { blockKey, parseBlockNumber } from './keys.ts';

const blockRow = z.object({
  SK: z.string(),
  firstSequence: count,
  previousHash: hash,
  hash,
  createdAt: count,
  // Each event about 100 bytes: 99 of them are what makes a block cost what it does.
  events: z.array(z.object({ id: z.string(), type: z.enum(eventTypes), time: count, hash })),
});

/** The number is in the key. */
export function blockItem(tenant: TenantId, block: Block): Row {
  const { number, previousHash, hash: ownHash, events, ...rest } = block;
  return {
    ...blockKey(tenant, number),
    ...rest,
    previousHash: hashBytes(previousHash),
    hash: hashBytes(ownHash),
    events: events.map(({ id, type, time, hash: eventHash }) => ({
      id: recordIdOfEvent(id),
      type,
      time,
      hash: hashBytes(eventHash),
    })),
  };
}

export function parseBlock(row: Row): Block {
  const { SK, events, ...rest } = parseRow(blockRow, row);
  return { number: parseBlockNumber(SK), ...rest, events: events.map(parseEvent) };
}

function parseEvent({ id, ...rest }: Omit<JournalEvent, 'id'> & { readonly id: string }): JournalEvent {
  return { id: eventIdOf(id) as EventId, ...rest };
}
