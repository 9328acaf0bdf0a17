import {
  clientAnswer,
  clientPage,
  clientPath,
  clientQuery,
  clientsQuery,
  clientWithKey,
  createClientBody,
  revokeBody,
  rotateKeyBody,
  updateClientBody,
} from './client-schemas.ts';
import { nothing } from './requests.ts';
import type { Route } from './route.ts';

const path = '/v1/admin/clients';
const one = `${path}/{clientId}` as const;

const read = { area: 'clients', scope: 'clients:read', tag: 'Access' } as const;
const write = { area: 'clients', scope: 'clients:write', tag: 'Access' } as const;
const changeProblems = ['not_found', 'client_revoked', 'in_progress', 'contention', 'outcome_unknown'] as const;
const withinAMinute = 'Every instance knows of it within a minute.';

/** Who may call the API, and with what. */
export const clientRoutes = [
  {
    ...write,
    method: 'POST',
    path,
    operationId: 'createClient',
    summary: 'Make an API client with its first key',
    description:
      'The answer has the key; no other answer ever has. Nobody gives a client what his own credentials do not allow.',
    params: nothing,
    query: nothing,
    body: createClientBody,
    answers: {
      201: { description: 'Made.', schema: clientWithKey, headers: ['Location', 'Idempotent-Replayed'] },
    },
    problems: ['already_exists', 'in_progress', 'contention', 'outcome_unknown'],
  },
  {
    ...read,
    method: 'GET',
    path,
    operationId: 'listClients',
    summary: 'List the API clients',
    params: nothing,
    query: clientsQuery,
    answers: { 200: { description: 'A page, in the order of the ids.', schema: clientPage } },
    problems: ['invalid_cursor'],
  },
  {
    ...read,
    method: 'GET',
    path: one,
    operationId: 'getClient',
    summary: 'Read an API client',
    params: clientPath,
    query: clientQuery,
    answers: { 200: { description: 'The client.', schema: clientAnswer } },
    problems: ['not_found'],
  },
  {
    ...write,
    method: 'PATCH',
    path: one,
    operationId: 'updateClient',
    summary: 'Change what an API client may do, or its name',
    description: `${withinAMinute} Who changes a client must have all that it may do, before and after.`,
    params: clientPath,
    query: clientQuery,
    body: updateClientBody,
    answers: { 200: { description: 'Changed.', schema: clientAnswer, headers: ['Idempotent-Replayed'] } },
    problems: changeProblems,
  },
  {
    ...write,
    method: 'POST',
    path: `${one}/rotate-key`,
    operationId: 'rotateClientKey',
    summary: 'Give an API client a new key',
    description:
      'The keys before are valid until the overlap is over; of five that are valid at once the oldest ends. Who makes the key must have all that the client may do.',
    params: clientPath,
    query: clientQuery,
    body: rotateKeyBody,
    answers: {
      200: { description: 'The client with its new key.', schema: clientWithKey, headers: ['Idempotent-Replayed'] },
    },
    problems: changeProblems,
  },
  {
    ...write,
    method: 'POST',
    path: `${one}/revoke`,
    operationId: 'revokeClient',
    summary: 'Revoke all keys of an API client, for ever',
    description: `${withinAMinute} A client may revoke itself.`,
    params: clientPath,
    query: clientQuery,
    body: revokeBody,
    answers: { 200: { description: 'Revoked.', schema: clientAnswer, headers: ['Idempotent-Replayed'] } },
    problems: ['not_found', 'in_progress', 'contention', 'outcome_unknown'],
  },
] as const satisfies readonly Route[];
