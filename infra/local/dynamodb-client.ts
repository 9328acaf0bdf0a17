import { Agent, request } from 'node:http';
import { request as secureRequest } from 'node:https';

/** DynamoDB's answer to a refused call. */
export class DynamoDBError extends Error {
  override readonly name = 'DynamoDBError';
  /** The exception's name without its namespace, as in `ResourceNotFoundException`. */
  readonly type: string;

  constructor(type: string, message: string) {
    super(`${type}: ${message}`);
    this.type = type;
  }
}

/** Calls one operation with a JSON body and returns the JSON answer. */
export type DynamoDBCall = (operation: string, body: object) => Promise<unknown>;

const answerTimeoutMs = 10_000;
/** What the API of streams does; all else is the API of tables. */
const streamOperations = new Set(['DescribeStream', 'GetShardIterator', 'GetRecords']);

/**
 * A DynamoDB client that is just large enough to create tables and to read streams. The SDK would cost the runtime's own process
 * some 30 MB and 200 ms; an emulator wants a signature to be there but does not check it.
 */
export function dynamodbClient(endpoint: string): { call: DynamoDBCall; close(): void } {
  const url = new URL(endpoint);
  const secure = url.protocol === 'https:';
  const agent = secure ? undefined : new Agent({ keepAlive: true });
  const call: DynamoDBCall = (operation, body) =>
    new Promise((fulfil, reject) => {
      const payload = JSON.stringify(body);
      const outgoing = (secure ? secureRequest : request)(
        url,
        { method: 'POST', agent, timeout: answerTimeoutMs, headers: headersFor(operation, payload) },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () => {
            try {
              fulfil(parseAnswer(answer.statusCode ?? 0, Buffer.concat(chunks).toString()));
            } catch (error) {
              reject(error);
            }
          });
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`${endpoint} did not answer ${operation} in time.`)));
      outgoing.on('error', reject);
      outgoing.end(payload);
    });
  return { call, close: () => agent?.destroy() };
}

function headersFor(operation: string, payload: string): Record<string, string | number> {
  const date = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
  return {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(payload),
    'x-amz-target': `${streamOperations.has(operation) ? 'DynamoDBStreams' : 'DynamoDB'}_20120810.${operation}`,
    'x-amz-date': date,
    authorization: `AWS4-HMAC-SHA256 Credential=embedded/${date.slice(0, 8)}/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
  };
}

function parseAnswer(status: number, text: string): unknown {
  if (status === 200) {
    return JSON.parse(text);
  }
  let refusal: { __type?: string; message?: string; Message?: string };
  try {
    refusal = JSON.parse(text);
  } catch {
    throw new Error(`The answer (status ${status}) is not DynamoDB's: ${text.slice(0, 200)}`);
  }
  throw new DynamoDBError(
    refusal.__type?.split('#').at(-1) ?? String(status),
    refusal.message ?? refusal.Message ?? text,
  );
}
