import { blockAnswer, blockPath, eventPage, eventsQuery } from './event-schemas.ts';
import { nothing } from './requests.ts';
import type { Route } from './route.ts';

/** What happened, in the order of the journal. */
export const eventRoutes = [
  {
    method: 'GET',
    path: '/v1/events',
    operationId: 'listEvents',
    area: 'events',
    scope: 'events:read',
    tag: 'Events',
    summary: 'Replay what happened, oldest first',
    description:
      'Every event there is, in an order that contradicts no balance, hold or account, and without gaps. An event is here shortly after its write, and whoever goes on from `nextCursor` misses none.',
    params: nothing,
    query: eventsQuery,
    answers: { 200: { description: 'A page.', schema: eventPage } },
    problems: ['invalid_cursor'],
  },
  {
    method: 'GET',
    path: '/v1/journal/blocks/{blockNumber}',
    operationId: 'getBlock',
    area: 'events',
    scope: 'events:read',
    tag: 'Events',
    summary: 'A block of the journal',
    description: 'With its hashes, by which the journal can be verified from outside: see `florin journal verify`.',
    params: blockPath,
    query: nothing,
    answers: { 200: { description: 'The block.', schema: blockAnswer, headers: ['ETag'] } },
    problems: ['not_found'],
  },
] as const satisfies readonly Route[];
