import { listQuery, nothing } from './requests.ts';
import type { Route } from './route.ts';
import {
  createWebhookBody,
  deletedWebhook,
  deliveriesQuery,
  deliveryAnswer,
  deliveryPage,
  deliveryPath,
  replayAnswer,
  replayEventsBody,
  rotateSecretBody,
  updateWebhookBody,
  webhookAnswer,
  webhookPage,
  webhookPath,
  webhookWithSecret,
} from './webhook-schemas.ts';

const path = '/v1/webhooks';
const one = `${path}/{webhookId}` as const;

const read = { area: 'webhooks', scope: 'webhooks:read', tag: 'Webhooks', query: nothing } as const;
const write = { area: 'webhooks', scope: 'webhooks:write', tag: 'Webhooks', query: nothing } as const;
const changeProblems = ['not_found', 'in_progress', 'contention', 'outcome_unknown'] as const;

/** Where events are sent, and what became of each. */
export const webhookRoutes = [
  {
    ...write,
    method: 'POST',
    path,
    operationId: 'createWebhook',
    summary: 'Make a webhook',
    description:
      'It gets every event that comes into the journal from then on, so to make it takes the scope `events:read` too. The answer has its secret; no other answer ever has.',
    params: nothing,
    body: createWebhookBody,
    answers: {
      201: { description: 'Made.', schema: webhookWithSecret, headers: ['Location', 'Idempotent-Replayed'] },
    },
    problems: ['already_exists', 'in_progress', 'contention', 'outcome_unknown'],
  },
  {
    ...read,
    method: 'GET',
    path,
    operationId: 'listWebhooks',
    summary: 'List the webhooks',
    params: nothing,
    query: listQuery,
    answers: { 200: { description: 'A page, the oldest first.', schema: webhookPage } },
    problems: ['invalid_cursor'],
  },
  {
    ...read,
    method: 'GET',
    path: one,
    operationId: 'getWebhook',
    summary: 'Read a webhook',
    params: webhookPath,
    answers: { 200: { description: 'The webhook.', schema: webhookAnswer } },
    problems: ['not_found'],
  },
  {
    ...write,
    method: 'PATCH',
    path: one,
    operationId: 'updateWebhook',
    summary: 'Change a webhook, or switch it on or off',
    description:
      'An ordered webhook that is switched on goes on where it stood; another gets what happens from then on.',
    params: webhookPath,
    body: updateWebhookBody,
    answers: { 200: { description: 'Changed.', schema: webhookAnswer, headers: ['Idempotent-Replayed'] } },
    problems: changeProblems,
  },
  {
    ...write,
    method: 'DELETE',
    path: one,
    operationId: 'deleteWebhook',
    summary: 'Delete a webhook',
    params: webhookPath,
    answers: { 200: { description: 'Deleted.', schema: deletedWebhook, headers: ['Idempotent-Replayed'] } },
    problems: changeProblems,
  },
  {
    ...write,
    method: 'POST',
    path: `${one}/rotate-secret`,
    operationId: 'rotateWebhookSecret',
    summary: 'Give a webhook a new secret',
    description: 'Until the overlap is over, each message has a signature by the secret before, too.',
    params: webhookPath,
    body: rotateSecretBody,
    answers: {
      200: {
        description: 'The webhook with its new secret.',
        schema: webhookWithSecret,
        headers: ['Idempotent-Replayed'],
      },
    },
    problems: changeProblems,
  },
  {
    ...write,
    method: 'POST',
    path: `${one}/ping`,
    operationId: 'pingWebhook',
    summary: 'Send a webhook a test event',
    description:
      'An event `webhook.ping` that is in no journal. It is tried once, also where the webhook is switched off.',
    params: webhookPath,
    answers: {
      202: { description: 'On its way.', schema: deliveryAnswer, headers: ['Location', 'Idempotent-Replayed'] },
    },
    problems: ['not_found', 'in_progress', 'outcome_unknown'],
  },
  {
    ...read,
    method: 'GET',
    path: `${one}/deliveries`,
    operationId: 'listDeliveries',
    summary: 'List what was, or is to be, delivered to a webhook',
    description:
      'That of the newest event first, for 30 days. With a status a page may have few or none and still name a next one.',
    params: webhookPath,
    query: deliveriesQuery,
    answers: { 200: { description: 'A page.', schema: deliveryPage } },
    problems: ['not_found', 'invalid_cursor'],
  },
  {
    ...read,
    method: 'GET',
    path: `${one}/deliveries/{deliveryId}`,
    operationId: 'getDelivery',
    summary: 'Read a delivery with its attempts',
    params: deliveryPath,
    answers: { 200: { description: 'The delivery.', schema: deliveryAnswer } },
    problems: ['not_found'],
  },
  {
    ...write,
    method: 'POST',
    path: `${one}/deliveries/{deliveryId}/replay`,
    operationId: 'replayDelivery',
    summary: 'Deliver an event again',
    description: 'Whatever came of it before; its attempts begin anew, at once.',
    params: deliveryPath,
    answers: { 202: { description: 'On its way.', schema: deliveryAnswer, headers: ['Idempotent-Replayed'] } },
    problems: ['not_found', 'webhook_disabled', 'in_progress', 'outcome_unknown'],
  },
  {
    ...write,
    method: 'POST',
    path: `${one}/replays`,
    operationId: 'replayEvents',
    summary: 'Deliver a range of events, again or for the first time',
    description:
      'By their sequences in the journal; those that the webhook wants, also older ones than itself. What an ordered webhook has still to come to is left to its order.',
    params: webhookPath,
    body: replayEventsBody,
    answers: { 202: { description: 'On their way.', schema: replayAnswer, headers: ['Idempotent-Replayed'] } },
    problems: ['not_found', 'webhook_disabled', 'in_progress', 'outcome_unknown'],
  },
] as const satisfies readonly Route[];
