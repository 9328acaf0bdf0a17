import type { IncomingMessage, ServerResponse } from 'node:http';
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts';

/** An answer of a service: the status, and what the body says. */
export type Reply = readonly [status: number, body: object];

/** What an operation of a service answers; the request is undefined where its body is no JSON, or too long. */
export type AnswerOperation = (operation: string, request: unknown) => Reply;

/**
 * Plays a service of AWS that speaks AWS JSON 1.1 on a free port of the loopback interface. Source: Smithy, "AWS JSON 1.1 protocol".
 *
 * @param maximumRequestBytes of a body; more than any real one has
 */
export function startJsonService(answer: AnswerOperation, maximumRequestBytes: number): Promise<LoopbackServer> {
  return startLoopbackServer((incoming, outgoing) => {
    receive(incoming, maximumRequestBytes)
      .then((body) => answer(String(incoming.headers['x-amz-target']), parsed(body)))
      .then(
        ([status, body]) => send(outgoing, status, body),
        // Whoever was sending has gone.
        () => outgoing.destroy(),
      );
  });
}

/** The members of a JSON object; of anything else none. */
export function members(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** An error, as clients of AWS know it by its type. */
export function refusal(type: string, message: string): Reply {
  return [400, { __type: type, message }];
}

function parsed(body: string | undefined): unknown {
  if (body === undefined) return undefined;
  try {
    return JSON.parse(body);
  } catch {
    // Told apart from nothing by nobody: both are refused.
    return undefined;
  }
}

/** The body, or undefined for one that is too long. */
async function receive(incoming: IncomingMessage, maximumBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maximumBytes) chunks.push(chunk);
  }
  return bytes <= maximumBytes ? Buffer.concat(chunks).toString() : undefined;
}

function send(outgoing: ServerResponse, status: number, body: object): void {
  const payload = JSON.stringify(body);
  outgoing.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(payload),
  });
  outgoing.end(payload);
}
