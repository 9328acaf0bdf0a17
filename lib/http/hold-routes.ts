import { holdAnswer, postedTransaction } from './answers.ts';
import { acceptedAnswer, moneyProblems } from './money-answers.ts';
import { ownAccountInBody } from './owner-access.ts';
import { captureHoldBody, createHoldBody, holdPath, nothing } from './requests.ts';
import type { Route } from './route.ts';

/** Reservations. */
export const holdRoutes = [
  {
    method: 'POST',
    path: '/v1/holds',
    operationId: 'createHold',
    area: 'holds',
    scope: 'holds:write',
    owners: ownAccountInBody,
    tag: 'Holds',
    summary: 'Reserve an amount of an account',
    description:
      'What is available falls at once. It lasts until it is captured or voided, or its time is over; a week by default.',
    params: nothing,
    query: nothing,
    body: createHoldBody,
    answers: { 201: { description: 'Reserved.', schema: holdAnswer, headers: ['Location', 'Idempotent-Replayed'] } },
    problems: [
      'insufficient_funds',
      'account_frozen',
      'account_closed',
      'limit_exceeded',
      'account_not_found',
      'asset_not_found',
      'contention',
      'outcome_unknown',
    ],
  },
  {
    method: 'GET',
    path: '/v1/holds/{holdId}',
    operationId: 'getHold',
    area: 'holds',
    scope: 'holds:read',
    owners: 'by operation',
    tag: 'Holds',
    summary: 'Read a hold',
    description: 'One whose time is over is `expired`, also in the moments until its rest is given back.',
    params: holdPath,
    query: nothing,
    answers: { 200: { description: 'The hold.', schema: holdAnswer, headers: ['ETag'] } },
    problems: ['not_found'],
  },
  {
    method: 'POST',
    path: '/v1/holds/{holdId}/captures',
    operationId: 'captureHold',
    area: 'holds',
    scope: 'holds:write',
    tag: 'Holds',
    summary: 'Post what a hold reserves, or a part of it',
    description:
      'To any account, and as often as something remains. With `final`, what remains after it is given back.',
    params: holdPath,
    query: nothing,
    body: captureHoldBody,
    answers: {
      201: { description: 'Posted.', schema: postedTransaction, headers: ['Location', 'Idempotent-Replayed'] },
      202: acceptedAnswer,
    },
    problems: [...moneyProblems, 'exceeds_remaining', 'hold_not_open', 'not_found'],
  },
  {
    method: 'POST',
    path: '/v1/holds/{holdId}/void',
    operationId: 'voidHold',
    area: 'holds',
    scope: 'holds:write',
    tag: 'Holds',
    summary: 'End a hold and give back what remains of it',
    params: holdPath,
    query: nothing,
    answers: { 200: { description: 'Voided.', schema: holdAnswer, headers: ['Idempotent-Replayed'] } },
    problems: ['hold_not_open', 'not_found', 'contention', 'outcome_unknown'],
  },
] as const satisfies readonly Route[];
