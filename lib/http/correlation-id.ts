import { randomUUID } from 'node:crypto';
import type { Middleware } from './invocation.ts';

/** Visible ASCII only and bounded, since it ends up in logs and in headers of answers. */
const acceptable = /^[\x21-\x7e]{1,128}$/;

/** The caller's correlation id, or a new one where there is none fit to be logged and sent back. */
export function correlationIdOf(sent: string | undefined): string {
  return sent !== undefined && acceptable.test(sent) ? sent : randomUUID();
}

/** Takes the correlation id from the caller and puts it on every answer, whatever becomes of the request. */
export function correlationId(): Middleware {
  const answer: NonNullable<Middleware['after']> = ({ event, response }) => {
    if (response) response.headers = { ...response.headers, 'X-Correlation-Id': event.invocation.correlationId };
  };
  return {
    before: ({ event }) => {
      event.invocation.correlationId = correlationIdOf(event.headers['x-correlation-id']);
    },
    after: answer,
    onError: answer,
  };
}
