import type { APIGatewayProxyResult } from 'aws-lambda';
import { LedgerError } from '../ledger/index.ts';
import type { LineWriter } from '../observability/index.ts';
import { basePathOf, fullPathOf } from './base-path.ts';
import type { GatewayEvent, Middleware } from './invocation.ts';
import {
  HttpProblem,
  type ProblemCode,
  type ProblemExtensions,
  problemBody,
  problems,
  retryHeaders,
} from './problem.ts';

/** Puts a problem into API Gateway's form. */
export function problemResult(
  code: ProblemCode,
  detail: string,
  instance: string,
  extensions: ProblemExtensions = {},
  headers: Readonly<Record<string, string>> = {},
): APIGatewayProxyResult {
  return {
    statusCode: problems[code].status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...retryHeaders(code),
      ...headers,
    },
    body: JSON.stringify(problemBody(code, detail, instance, extensions)),
  };
}

function resultOf(event: GatewayEvent, error: unknown): APIGatewayProxyResult {
  const path = fullPathOf(event);
  if (error instanceof HttpProblem) {
    const instance = error.instance === undefined ? path : basePathOf(event) + error.instance;
    return problemResult(error.code, error.message, instance, error.extensions, error.headers);
  }
  // A ledger error's message is made for clients, and its evidence names ids and amounts of their own.
  if (error instanceof LedgerError) return problemResult(error.code, detailOf(error), path, extensionsOf(error));
  return problemResult('internal', problems.internal.detail, path);
}

/** How to go on, where a message says only what happened. */
const advice: Partial<Record<ProblemCode, string>> = {
  contention: ' Nothing was decided; retry with the same key.',
  unavailable: ' Nothing was decided; retry with the same key.',
  outcome_unknown: ' The request may have taken effect. Retry with the same key, only: it finds out.',
  idempotency_key_reused: ' Make a new key for a new request.',
};

function detailOf({ code, message }: LedgerError): string {
  if (code === 'invalid_request') return problems[code].detail;
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.${advice[code] ?? ''}`;
}

/** A fault that the ledger finds is one of the body as a whole: what is wrong shows only against what is stored. */
function extensionsOf({ code, message, evidence }: LedgerError): ProblemExtensions {
  if (code !== 'invalid_request') return evidence;
  return { ...evidence, errors: [{ in: 'body', pointer: '', detail: message }] };
}

/**
 * Turns whatever a request failed with into a problem document. What is not an expected outcome becomes `internal`,
 * and is written to the log instead of into the answer; so is what a `503` was caused by.
 */
export function problemAnswers(writer: LineWriter): Middleware {
  return {
    onError: (request) => {
      const { event, error } = request;
      request.response = resultOf(event, error);
      const { route, correlationId, logged } = event.invocation;
      const about = { operation: route.operationId, correlationId };
      if (error instanceof HttpProblem || error instanceof LedgerError) {
        logged.code = error.code;
        // The client is told to try again; what kept the service from answering is for its operators.
        if (error.cause !== undefined && problems[error.code].status === 503) {
          writer.warn('a request could not be answered for now', { ...about, error });
        }
        return;
      }
      logged.code = 'internal';
      writer.error('a request failed unexpectedly', {
        ...about,
        error: error instanceof Error ? error : new Error('something that is no Error was thrown', { cause: error }),
      });
    },
  };
}
