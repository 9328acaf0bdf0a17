import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One call of a function: what it was called with, and how it is to end. */
export interface Call<Record> {
  readonly functionName: string;
  readonly records: readonly Record[];
  /** What the function was told of its trace. */
  readonly trace: string;
  /** Has the function return this. */
  answer(result: unknown): void;
  /** Has the function throw. */
  fail(message: string): void;
}

export interface RelayServer<Record> {
  readonly url: string;
  /** Every call so far, in the order of arrival. */
  readonly calls: readonly Call<Record>[];
  /** Decides on each call from now on; until then they succeed. */
  onCall(decide: (call: Call<Record>) => void): void;
  /** Resolves when the condition holds, which is looked at after each call. */
  until(condition: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

const patienceMs = 60_000;

/** Stands behind the functions of a relay application. */
export async function startRelayServer<Record>(): Promise<RelayServer<Record>> {
  const calls: Call<Record>[] = [];
  const watchers = new Set<() => void>();
  let decide = (call: Call<Record>): void => call.answer(null);
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      const end = (status: number, body: string): void => {
        response.writeHead(status).end(body);
      };
      const call: Call<Record> = {
        functionName: request.url?.slice(1) ?? '',
        records: JSON.parse(text).Records,
        trace: String(request.headers['x-trace']),
        answer: (result) => end(200, JSON.stringify(result)),
        fail: (message) => end(500, message),
      };
      calls.push(call);
      decide(call);
      for (const watch of watchers) watch();
    });
  });
  await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    onCall(other) {
      decide = other;
    },
    until: (condition) =>
      new Promise((fulfil, reject) => {
        const timer = setTimeout(() => {
          watchers.delete(watch);
          reject(new Error(`Not so within ${patienceMs} ms, after ${calls.length} calls.`));
        }, patienceMs);
        function watch(): void {
          if (!condition()) return;
          clearTimeout(timer);
          watchers.delete(watch);
          fulfil();
        }
        watchers.add(watch);
        watch();
      }),
    async stop() {
      server.closeAllConnections();
      await new Promise((fulfil) => server.close(fulfil));
    },
  };
}
