import { DynamoDBClient, type ServiceInputTypes, type ServiceOutputTypes } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { SerializeMiddleware } from '@smithy/types';
import type { ClockSkew } from './clock-skew.ts';
import type { Patience } from './patience.ts';

/** How long one call may take before its outcome counts as unknown, in milliseconds. */
const requestTimeoutMs = 1_500;

const connectionTimeoutMs = 1_000;

/** The time-out of one call, in milliseconds: never longer than the time that is left. */
export function boundedTimeout(patience: Patience): number {
  return Math.max(1, Math.min(requestTimeoutMs, Math.ceil(patience.leftMs)));
}

/**
 * The client of the Ledger table.
 *
 * The SDK's own retries are off: a commit is retried by the committer, which knows what a lost answer means, and a
 * read by whoever bounds its time. Numbers are read as bigint, so that no amount passes through a float.
 * The answers' clock is watched by `skew`.
 */
export function createLedgerClient(skew: ClockSkew, endpoint?: string): DynamoDBDocumentClient {
  const client = new DynamoDBClient({
    ...(endpoint !== undefined && { endpoint }),
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: 64 },
      httpsAgent: { keepAlive: true, maxSockets: 64 },
    },
  });
  // It builds a filtered copy of every request and answer for a logger that discards them: an eighth of a read's time.
  client.middlewareStack.remove('loggerMiddleware');
  dropClientRequestToken(client);
  watchClock(client, skew);
  return DynamoDBDocumentClient.from(client, {
    // The marshaller knows a plain object by its `constructor`, which metadata may name as well as anything.
    marshallOptions: { removeUndefinedValues: true, convertClassInstanceToMap: true },
    unmarshallOptions: { wrapNumbers: BigInt },
  });
}

/**
 * The SDK adds a random token to every `TransactWriteItems`. Each of our writes is idempotent by its key records,
 * so the token does nothing but cost the service, and some emulators much more. User text cannot look like it:
 * inside a string its quotes are escaped, and as a name it is followed by an object.
 */
function dropClientRequestToken(client: DynamoDBClient): void {
  client.middlewareStack.addRelativeTo(
    ((next, context) => (args) => {
      if (context.commandName !== 'TransactWriteItemsCommand') return next(args);
      const request = args.request as { body?: unknown };
      const text = textOf(request.body);
      request.body = text.replace(/"ClientRequestToken":"[^"]*",|,"ClientRequestToken":"[^"]*"/, '');
      return next(args);
    }) satisfies SerializeMiddleware<ServiceInputTypes, ServiceOutputTypes>,
    { name: 'dropClientRequestToken', relation: 'after', toMiddleware: 'serializerMiddleware' },
  );
}

/** The SDK's serializers make texts or bytes, by its version. @throws TypeError where they make something else */
function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  if (!(body instanceof Uint8Array)) throw new TypeError('the SDK made a request of no known form');
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
}

function watchClock(client: DynamoDBClient, skew: ClockSkew): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const sentAt = Date.now();
      const result = await next(args);
      const { headers } = result.response as { headers?: Record<string, string> };
      if (headers?.date) skew.observe(headers.date, sentAt, Date.now());
      return result;
    },
    { name: 'watchClock', step: 'deserialize', priority: 'low' },
  );
}
