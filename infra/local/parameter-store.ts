import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { accountId, region } from './stack-scope.ts';

/** A parameter as it stands now. */
export interface StoredParameter {
  readonly name: string;
  readonly value: string;
  /** 1 at first, one more with each change. */
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
}

/** The embedded Systems Manager Parameter Store, as far as functions read it. */
export interface ParameterStore {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** An answer of the service: the status, and what the body says. */
type Reply = readonly [status: number, body: object];

/** A GetParameter request is a name and two switches. */
const maximumRequestBytes = 8 * 1_024;

/**
 * Serves `GetParameter` (AWS JSON 1.1) on a free port of the loopback interface.
 * @param find looks a parameter up by its full name, each time it is asked for.
 */
export async function startParameterStore(
  find: (name: string) => StoredParameter | undefined,
): Promise<ParameterStore> {
  const server = createServer((incoming, outgoing) => {
    receive(incoming)
      .then((body) => answer(incoming, body, find))
      .then(
        ([status, body]) => send(outgoing, status, body),
        // Whoever was sending has gone.
        () => outgoing.destroy(),
      );
  });
  await new Promise<void>((fulfil, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', fulfil);
  });
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      const closed = new Promise((fulfil) => server.close(fulfil));
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(
  incoming: IncomingMessage,
  body: string | undefined,
  find: (name: string) => StoredParameter | undefined,
): Reply {
  const operation = incoming.headers['x-amz-target'];
  if (operation !== 'AmazonSSM.GetParameter') {
    return refusal(
      'UnknownOperationException',
      `The embedded parameter store has no ${operation ?? 'such operation'}.`,
    );
  }
  const name = nameIn(body);
  if (name === undefined) {
    return refusal('ValidationException', 'The body must be a JSON object with a Name.');
  }
  const found = find(name);
  return found ? [200, { Parameter: describe(found) }] : refusal('ParameterNotFound', `There is no ${name}.`);
}

function describe({ name, value, version, modifiedAt }: StoredParameter): object {
  return {
    ARN: `arn:aws:ssm:${region}:${accountId}:parameter/${name.replace(/^\//, '')}`,
    DataType: 'text',
    LastModifiedDate: modifiedAt / 1_000,
    Name: name,
    Type: 'String',
    Value: value,
    Version: version,
  };
}

function refusal(type: string, message: string): Reply {
  return [400, { __type: type, message }];
}

function nameIn(body: string | undefined): string | undefined {
  try {
    const { Name: name } = JSON.parse(body ?? '') as { Name?: unknown };
    return typeof name === 'string' && name !== '' ? name : undefined;
  } catch {
    // Not JSON, or not an object: refused by the caller.
    return undefined;
  }
}

/** The body, or undefined for one that is longer than any real one. */
async function receive(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maximumRequestBytes) chunks.push(chunk);
  }
  return bytes <= maximumRequestBytes ? Buffer.concat(chunks).toString() : undefined;
}

function send(outgoing: ServerResponse, status: number, body: object): void {
  const payload = JSON.stringify(body);
  outgoing.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(payload),
  });
  outgoing.end(payload);
}
