import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** How the store answers the next calls: with the parameters' values, or in one of the ways it can go wrong. */
export type StoreMood = 'answers' | 'hangs' | 'drips' | 'resets' | 'fails' | 'throttles' | 'talks nonsense';

/** SSM as far as `GetParameter` goes, over HTTP. */
export interface TestParameterStore {
  readonly endpoint: string;
  readonly parameters: Map<string, string>;
  /** The names asked for, in order. */
  readonly asked: string[];
  mood: StoreMood;
  /** While it is set, no call is answered before it resolves. */
  gate: Promise<void> | undefined;
  /** Answers that have been begun and are neither finished nor cut off. */
  openAnswers(): number;
  stop(): Promise<void>;
}

const jsonType = { 'Content-Type': 'application/x-amz-json-1.1' };

/** Starts a parameter store on a free port. Source of its words: AWS Systems Manager API Reference, GetParameter. */
export async function startParameterStore(parameters: Record<string, string> = {}): Promise<TestParameterStore> {
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    open.add(response);
    response.once('close', () => open.delete(response));
    void answer(store, request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const store: TestParameterStore = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    parameters: new Map(Object.entries(parameters)),
    asked: [],
    mood: 'answers',
    gate: undefined,
    openAnswers: () => open.size,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return store;
}

async function answer(store: TestParameterStore, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = request.headers['x-amz-target'];
  const { Name } = JSON.parse(await text(request)) as { Name: string };
  store.asked.push(Name);
  await store.gate;
  const fail = (status: number, type: string): void => {
    response.writeHead(status, jsonType).end(JSON.stringify({ __type: type, message: 'as the test wishes' }));
  };
  switch (store.mood) {
    case 'hangs':
      return;
    case 'drips':
      response.writeHead(200, jsonType).write('{"Parameter":');
      return;
    case 'resets':
      request.socket.destroy();
      return;
    case 'fails':
      return fail(500, 'InternalServerError');
    case 'throttles':
      return fail(400, 'ThrottlingException');
    case 'talks nonsense':
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>Welcome</html>');
      return;
    case 'answers': {
      const Value = store.parameters.get(Name);
      if (target !== 'AmazonSSM.GetParameter') return fail(400, 'UnknownOperationException');
      if (Value === undefined) return fail(400, 'ParameterNotFound');
      response.writeHead(200, jsonType).end(JSON.stringify({ Parameter: { Name, Type: 'String', Value, Version: 1 } }));
    }
  }
}
