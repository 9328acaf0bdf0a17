import {
  createMonitorBody,
  deletedMonitor,
  monitorAnswer,
  monitorList,
  monitorPath,
  monitorsPath,
  updateMonitorBody,
} from './monitor-schemas.ts';
import { nothing } from './requests.ts';
import type { Route } from './route.ts';

const path = '/v1/accounts/{accountId}/monitors';
const one = `${path}/{monitorId}` as const;

const read = { area: 'monitors', scope: 'monitors:read', tag: 'Balance monitors', query: nothing } as const;
const write = { area: 'monitors', scope: 'monitors:write', tag: 'Balance monitors', query: nothing } as const;
const changeProblems = ['not_found', 'in_progress', 'contention', 'outcome_unknown'] as const;

/** Thresholds of balances, each crossing of which is an event. */
export const monitorRoutes = [
  {
    ...write,
    method: 'POST',
    path,
    operationId: 'createMonitor',
    summary: 'Watch a balance',
    description: 'It begins in the state that the balance is in; the first event is of the next crossing.',
    params: monitorsPath,
    body: createMonitorBody,
    answers: { 201: { description: 'Made.', schema: monitorAnswer, headers: ['Location', 'Idempotent-Replayed'] } },
    problems: [...changeProblems, 'asset_not_found', 'already_exists'],
  },
  {
    ...read,
    method: 'GET',
    path,
    operationId: 'listMonitors',
    summary: 'List the monitors of an account',
    params: monitorsPath,
    answers: { 200: { description: 'All of them.', schema: monitorList } },
    problems: ['not_found'],
  },
  {
    ...read,
    method: 'GET',
    path: one,
    operationId: 'getMonitor',
    summary: 'Read a monitor',
    params: monitorPath,
    answers: { 200: { description: 'The monitor.', schema: monitorAnswer, headers: ['ETag'] } },
    problems: ['not_found'],
  },
  {
    ...write,
    method: 'PATCH',
    path: one,
    operationId: 'updateMonitor',
    summary: 'Change the threshold or the description of a monitor',
    params: monitorPath,
    body: updateMonitorBody,
    answers: { 200: { description: 'Changed.', schema: monitorAnswer, headers: ['ETag', 'Idempotent-Replayed'] } },
    problems: changeProblems,
  },
  {
    ...write,
    method: 'DELETE',
    path: one,
    operationId: 'deleteMonitor',
    summary: 'Delete a monitor',
    params: monitorPath,
    answers: { 200: { description: 'Deleted.', schema: deletedMonitor, headers: ['Idempotent-Replayed'] } },
    problems: changeProblems,
  },
] as const satisfies readonly Route[];
