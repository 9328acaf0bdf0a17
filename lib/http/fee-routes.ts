import { createFeeScheduleBody, feeScheduleAnswer, feeSchedulePage, feeSchedulePath } from './fee-schemas.ts';
import { listQuery, nothing } from './requests.ts';
import type { Route } from './route.ts';

/** Versions of the fee schedule. */
export const feeRoutes = [
  {
    method: 'POST',
    path: '/v1/fee-schedules',
    operationId: 'createFeeSchedule',
    area: 'fees',
    scope: 'fees:write',
    tag: 'Fees',
    summary: 'Make the next version of the fee schedule',
    description: 'It replaces the one before from `effectiveAt` on, a minute after it is made at the earliest.',
    params: nothing,
    query: nothing,
    body: createFeeScheduleBody,
    answers: { 201: { description: 'Made.', schema: feeScheduleAnswer, headers: ['Location', 'Idempotent-Replayed'] } },
    problems: [
      'already_exists',
      'account_not_found',
      'asset_not_found',
      'in_progress',
      'contention',
      'outcome_unknown',
    ],
  },
  {
    method: 'GET',
    path: '/v1/fee-schedules',
    operationId: 'listFeeSchedules',
    area: 'fees',
    scope: 'fees:read',
    tag: 'Fees',
    summary: 'List the versions of the fee schedule',
    params: nothing,
    query: listQuery,
    answers: { 200: { description: 'A page, the newest first.', schema: feeSchedulePage } },
    problems: ['invalid_cursor'],
  },
  {
    method: 'GET',
    path: '/v1/fee-schedules/{version}',
    operationId: 'getFeeSchedule',
    area: 'fees',
    scope: 'fees:read',
    tag: 'Fees',
    summary: 'Read a version of the fee schedule',
    params: feeSchedulePath,
    query: nothing,
    answers: { 200: { description: 'The version.', schema: feeScheduleAnswer, headers: ['ETag'] } },
    problems: ['not_found'],
  },
] as const satisfies readonly Route[];
