import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { problemBody, problems } from '../../lib/http/problem.ts';

/** What becomes of a request that is no HTTP, or not in time: it never reaches a route, so no template describes it. */
interface Refusal {
  readonly status: number;
  readonly body: string;
}

/**
 * Answers what Node's parser refuses, and closes the connection: what follows on it cannot be told from what was refused.
 * API Gateway's front refuses the same before it is anybody's API, with answers of its own.
 */
export function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  // The client is gone.
  if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
  else if (!hasAnswerToCome(socket)) refuse(refusalOf(error.code), socket);
}

/** Answers a request for a tunnel: there is nothing behind this server to be connected with. */
export function refuseTunnel(_request: IncomingMessage, socket: Duplex): void {
  refuse(invalid(problems.invalid_request.status, 'This server is no proxy.'), socket);
}

/** Answers what Node's parser takes and we do not. */
export function refuseUnclear(outgoing: ServerResponse): void {
  answer(refusalOf(undefined), outgoing);
}

/** Answers a request that is only to be taken if something is done for it that nobody does. Source: RFC 9110, section 10.1.1. */
export function refuseExpectation(_request: IncomingMessage, outgoing: ServerResponse): void {
  answer(invalid(417, 'The only expectation that is met is 100-continue.'), outgoing);
}

function answer({ status, body }: Refusal, outgoing: ServerResponse): void {
  outgoing.shouldKeepAlive = false;
  outgoing.writeHead(status, headersOf(body)).end(body);
}

function refuse({ status, body }: Refusal, socket: Duplex): void {
  const headers = Object.entries(headersOf(body)).map(([name, value]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'Connection: close', ...headers];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function headersOf(body: string): Readonly<Record<string, string | number>> {
  return {
    'Cache-Control': 'no-store',
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'X-Correlation-Id': randomUUID(),
  };
}

function refusalOf(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const { status, detail } = problems.headers_too_large;
    return { status, body: JSON.stringify(problemBody('headers_too_large', detail, '')) };
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return invalid(408, 'The request did not arrive in time.');
  return invalid(problems.invalid_request.status, 'The request is not HTTP/1.1 as RFC 9112 defines it.');
}

function invalid(status: number, detail: string): Refusal {
  return { status, body: JSON.stringify({ ...problemBody('invalid_request', detail, ''), status }) };
}

/** The answer that a connection is busy with, which Node keeps on the socket itself. */
interface Busy {
  readonly _httpMessage?: ServerResponse | null;
}

/**
 * Whether there is an answer to come that a refusal must not be taken for: what was refused stands behind a request that is being worked
 * on, and may well have moved money. Its answer is the last on this connection then.
 */
function hasAnswerToCome(socket: Duplex): boolean {
  const { _httpMessage: answer } = socket as Busy;
  if (!answer) return false;
  if (answer.headersSent) socket.end();
  else if (answer.req.complete) answer.shouldKeepAlive = false;
  else return false;
  return true;
}
