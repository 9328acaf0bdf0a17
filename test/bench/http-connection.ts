import { connect, type Socket } from 'node:net';

export type BenchRequest = {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly path: string;
  readonly idempotencyKey?: string;
  readonly prefer?: string;
  readonly body?: string;
};

export type BenchAnswer = { readonly status: number; readonly head: string; readonly body: string };

/** Far beyond any wait a server allows itself: a server that needs longer is broken. */
const ANSWER_TIMEOUT_MS = 60_000;
const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * One kept-alive HTTP/1.1 connection with one request at a time. It does only what this bench needs, so that generating load
 * takes little of the processors that the servers under test share with it.
 */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #fixedHead: string;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { resolve: (answer: BenchAnswer) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: Socket, url: string, apiKey: string) {
    this.#socket = socket;
    this.#fixedHead = `Host: ${new URL(url).host}\r\nAuthorization: Bearer ${apiKey}\r\n`;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.setTimeout(ANSWER_TIMEOUT_MS, () =>
      socket.destroy(new Error(`The server at ${url} did not answer in time.`)),
    );
    socket.on('close', () => this.#fail(new Error(`The server at ${url} closed the connection.`)));
  }

  static async open(url: string, apiKey: string): Promise<HttpConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new HttpConnection(socket, url, apiKey);
  }

  /** Sends a request and resolves with its answer; the one before must have been answered. */
  send(request: BenchRequest): Promise<BenchAnswer> {
    const { method, path, idempotencyKey, prefer, body } = request;
    const key = idempotencyKey === undefined ? '' : `Idempotency-Key: ${idempotencyKey}\r\n`;
    const preference = prefer === undefined ? '' : `Prefer: ${prefer}\r\n`;
    const length =
      body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(
        `${method} ${path} HTTP/1.1\r\n${this.#fixedHead}${key}${preference}${length}\r\n${body ?? ''}`,
      );
    });
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.#received.toString('latin1', 0, headEnd);
    const rest = this.#received.subarray(headEnd + HEAD_END.length);
    const length = /^content-length: *(\d+)/im.exec(head)?.[1];
    const body = length === undefined ? readChunks(rest) : readLength(rest, Number(length));
    if (body === undefined) return;
    this.#received = Buffer.alloc(0);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status: Number(head.slice(9, 12)), head, body });
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

function readLength(bytes: Buffer, length: number): string | undefined {
  return bytes.length < length ? undefined : bytes.toString('utf8', 0, length);
}

/** The body of an answer in chunks (RFC 9112, section 7.1), or undefined while its last chunk is not there. */
function readChunks(bytes: Buffer): string | undefined {
  let body = '';
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const length = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const start = lineEnd + 2;
    if (bytes.length < start + length + 2) return undefined;
    if (length === 0) return body;
    body += bytes.toString('utf8', start, start + length);
    at = start + length + 2;
  }
}
