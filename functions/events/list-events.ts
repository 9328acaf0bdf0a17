import * as z from 'zod';
import type { EventFeed, EventView, FeedPosition } from '../../lib/events/index.ts';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import { timeText } from '../../lib/http/representations.ts';
import type { TenantId } from '../../lib/ledger/index.ts';

/** A sequence as clients give it. No cursor looks like one. */
const sequencePattern = /^(0|[1-9][0-9]{0,14})$/;

const position = z.tuple([z.int().nonnegative(), z.int().nonnegative()]);

/** The types wanted are no part of it: whoever goes on may want others. */
function bindingOf(tenant: TenantId) {
  return { operation: 'listEvents', tenant };
}

export function listEvents(feed: EventFeed): Operation<'listEvents'> {
  return async ({ query: { after = '0', types, limit }, caller: { tenant } }) => {
    const from = positionOf(after, tenant);
    const { events, end } = await feed.page(tenant, { after: from, types, limit });
    const { sequence, block = 0 } = end;
    return json(200, { data: events.map(eventOf), nextCursor: encodeCursor(bindingOf(tenant), [sequence, block]) });
  };
}

function positionOf(after: string, tenant: TenantId): FeedPosition {
  if (sequencePattern.test(after)) return { sequence: Number(after) };
  const [sequence, block] = decodeCursor(after, bindingOf(tenant), position);
  return block === 0 ? { sequence } : { sequence, block };
}

function eventOf({ id, sequence, type, time, data }: EventView) {
  return { id, sequence: String(sequence), type, time: timeText(time), data };
}
