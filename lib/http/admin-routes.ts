import {
  deadLetterAnswer,
  deadLetterPage,
  deadLetterPath,
  deadLettersQuery,
  discardBody,
  reprocessManyAnswer,
  reprocessManyBody,
} from './admin-schemas.ts';
import { nothing } from './requests.ts';
import type { Route } from './route.ts';

const path = '/v1/admin/dead-letters';
const one = `${path}/{deadLetterId}` as const;

/** For operators: what could not be done, and what to do about it. */
export const adminRoutes = [
  {
    method: 'GET',
    path,
    operationId: 'listDeadLetters',
    area: 'admin',
    scope: 'admin:read',
    tag: 'Operations',
    summary: 'List the dead letters',
    description:
      'The newest first, of the tenant and of those that do not say whose they are. A page may have few or none and still name a next one: go on until there is none.',
    params: nothing,
    query: deadLettersQuery,
    answers: { 200: { description: 'A page.', schema: deadLetterPage } },
    problems: ['invalid_cursor'],
  },
  {
    method: 'GET',
    path: one,
    operationId: 'getDeadLetter',
    area: 'admin',
    scope: 'admin:read',
    tag: 'Operations',
    summary: 'Read a dead letter, with its message',
    params: deadLetterPath,
    query: nothing,
    answers: { 200: { description: 'The dead letter.', schema: deadLetterAnswer, headers: ['ETag'] } },
    problems: ['not_found'],
  },
  {
    method: 'POST',
    path: `${path}/reprocess`,
    operationId: 'reprocessDeadLetters',
    area: 'admin',
    scope: 'admin:write',
    tag: 'Operations',
    summary: 'Reprocess many dead letters',
    description:
      'By their ids, or the open ones that match a filter. Each is told of by itself; what failed can be tried again under a new key.',
    params: nothing,
    query: nothing,
    body: reprocessManyBody,
    answers: {
      200: { description: 'What became of each.', schema: reprocessManyAnswer, headers: ['Idempotent-Replayed'] },
    },
    problems: ['in_progress'],
  },
  {
    method: 'POST',
    path: `${one}/reprocess`,
    operationId: 'reprocessDeadLetter',
    area: 'admin',
    scope: 'admin:write',
    tag: 'Operations',
    summary: 'Reprocess a dead letter',
    description:
      'A message is sent to its queue again. A failed transaction is accepted anew, as another transaction, and the two name each other.',
    params: deadLetterPath,
    query: nothing,
    answers: { 200: { description: 'Reprocessed.', schema: deadLetterAnswer, headers: ['Idempotent-Replayed'] } },
    problems: [
      'not_found',
      'dead_letter_not_open',
      'not_reprocessable',
      'in_progress',
      'contention',
      'outcome_unknown',
    ],
  },
  {
    method: 'POST',
    path: `${one}/discard`,
    operationId: 'discardDeadLetter',
    area: 'admin',
    scope: 'admin:write',
    tag: 'Operations',
    summary: 'Discard a dead letter, for a reason',
    description: 'It stays, with the reason; a failed transaction stays failed.',
    params: deadLetterPath,
    query: nothing,
    body: discardBody,
    answers: { 200: { description: 'Discarded.', schema: deadLetterAnswer, headers: ['Idempotent-Replayed'] } },
    problems: ['not_found', 'dead_letter_not_open', 'in_progress', 'contention', 'outcome_unknown'],
  },
] as const satisfies readonly Route[];
