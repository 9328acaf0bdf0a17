import { readFile } from 'node:fs/promises';
import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A request as a receiver got it. */
export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Answering = (response: ServerResponse, request: ReceivedRequest) => void;

/** Answers with a status and nothing else. */
export function status(code: number, headers: Record<string, string> = {}): Answering {
  return (response) => response.writeHead(code, headers).end();
}

/** A receiver of webhooks on this machine: a real server. */
export interface Receiver {
  readonly url: string;
  readonly requests: ReceivedRequest[];
  /** How it answers from now on. */
  answering: Answering;
  stop(): Promise<void>;
}

/** The certificate of receivers, which is its own authority. */
export function certificate(name: 'receiver' | 'receiver-key'): Promise<string> {
  return readFile(new URL(`certificates/${name}.pem`, import.meta.url), 'utf8');
}

/** Starts a receiver that answers 200 until told otherwise. */
export async function startReceiver({ https = false } = {}): Promise<Receiver> {
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const received = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() };
    receiver.requests.push(received);
    receiver.answering(response, received);
  };
  const server = https
    ? createHttpsServer({ cert: await certificate('receiver'), key: await certificate('receiver-key') }, handle)
    : createHttpServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `${https ? 'https' : 'http'}://127.0.0.1:${port}/hook`,
    requests: [],
    answering: status(200),
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return receiver;
}
