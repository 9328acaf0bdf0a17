import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
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
  // The client is gone, or an answer is on its way: nothing more can be said on this connection.
  if (error.code === 'ECONNRESET' || !socket.writable || hasAnswered(socket)) {
    socket.destroy();
    return;
  }
  const { status, body } = refusalOf(error.code);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Cache-Control: no-store',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options: nosniff',
    `X-Correlation-Id: ${randomUUID()}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function refusalOf(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') {
    const { status, detail } = problems.headers_too_large;
    return { status, body: JSON.stringify(problemBody('headers_too_large', detail, '')) };
  }
  const isLate = code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const detail = isLate ? 'The request did not arrive in time.' : 'The request is not HTTP/1.1 as RFC 9112 defines it.';
  const status = isLate ? 408 : problems.invalid_request.status;
  return { status, body: JSON.stringify({ ...problemBody('invalid_request', detail, ''), status }) };
}

/** Node keeps the answer that a connection is busy with on the socket itself. */
function hasAnswered(socket: Duplex): boolean {
  const { _httpMessage: message } = socket as { readonly _httpMessage?: { readonly headersSent: boolean } | null };
  return message?.headersSent ?? false;
}
