import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seal, unseal } from './sealing.ts';

/** The embedded Key Management Service, as far as functions use it. */
export interface KeyService {
  readonly endpoint: string;
  stop(): Promise<void>;
}

export interface KeyServiceOptions {
  /** The keys that there are, by their ARNs. They share the one that seals. */
  readonly keyArns: readonly string[];
  /** 32 bytes. */
  readonly key: Buffer;
  /** Called when something is to be opened that was sealed with another key. */
  readonly onForeign: () => void;
}

/** An answer of the service: the status, and what the body says. */
type Reply = readonly [status: number, body: object];

interface Request {
  readonly KeyId?: unknown;
  readonly Plaintext?: unknown;
  readonly CiphertextBlob?: unknown;
  readonly EncryptionContext?: unknown;
}

/** KMS takes 4 KB to seal, and twice as much of context. */
const maximumRequestBytes = 32 * 1_024;

/**
 * Serves `Encrypt` and `Decrypt` (AWS JSON 1.1) on a free port of the loopback interface. Source: AWS Key Management Service API Reference.
 */
export async function startKeyService(options: KeyServiceOptions): Promise<KeyService> {
  const server = createServer((incoming, outgoing) => {
    receive(incoming)
      .then((body) => answer(String(incoming.headers['x-amz-target']), body, options))
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

function answer(operation: string, body: string | undefined, options: KeyServiceOptions): Reply {
  const request = requestIn(body);
  if (!request) return refusal('ValidationException', 'The body must be a JSON object with a context of texts.');
  const { KeyId: keyArn, Plaintext, CiphertextBlob, context } = request;
  if (typeof keyArn !== 'string' || !options.keyArns.includes(keyArn)) {
    return refusal('NotFoundException', `There is no key ${keyArn}.`);
  }
  if (operation === 'TrentService.Encrypt' && typeof Plaintext === 'string') {
    const sealed = seal(options.key, Buffer.from(Plaintext, 'base64'), context);
    return [
      200,
      { CiphertextBlob: sealed.toString('base64'), KeyId: keyArn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
    ];
  }
  if (operation === 'TrentService.Decrypt' && typeof CiphertextBlob === 'string') {
    const opened = unseal(options.key, Buffer.from(CiphertextBlob, 'base64'), context);
    if (opened === 'foreign') options.onForeign();
    if (typeof opened === 'string') {
      const reason =
        opened === 'foreign' ? 'It was sealed with another key.' : 'It was not sealed in this context, or was changed.';
      return refusal('InvalidCiphertextException', reason);
    }
    return [200, { Plaintext: opened.toString('base64'), KeyId: keyArn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }];
  }
  return refusal('UnknownOperationException', `The embedded key service has no ${operation} of this form.`);
}

function requestIn(body: string | undefined): (Request & { readonly context: Record<string, string> }) | undefined {
  try {
    const request = JSON.parse(body ?? '') as Request;
    const context = Object.entries(request.EncryptionContext ?? {});
    const areTexts = context.every((pair): pair is [string, string] => typeof pair[1] === 'string');
    return areTexts ? { ...request, context: Object.fromEntries(context) } : undefined;
  } catch {
    // Not JSON, or not an object: refused by the caller.
    return undefined;
  }
}

function refusal(type: string, message: string): Reply {
  return [400, { __type: type, message }];
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
