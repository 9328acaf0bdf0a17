import { setTimeout as pause } from 'node:timers/promises';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Context } from 'aws-lambda';
import type { AppliedKey, Cause } from '../dynamodb/index.ts';
import type { Answer } from '../http/index.ts';
import { HttpProblem } from '../http/index.ts';
import { type CanonicalValue, canonicalJson, digestOf, keyMark, type TenantId } from '../ledger/index.ts';
import type { LineWriter } from '../observability/index.ts';
import { IdempotencyRecords } from './records.ts';

/** How long an answer is replayed. Beyond it the key that the change itself carries takes over. */
const replayForSeconds = 24 * 60 * 60;

/** How long a duplicate waits for the answer of the request in flight, in milliseconds, and how often it looks. */
const waitForAnswerMs = 3_000;
const lookEveryMs = 60;

/** Keeps the keys of a stage's functions together whatever they are called. */
const recordPrefix = 'florin';

/** A mutation that moves no money, as its operation sees it. */
export interface Mutation {
  readonly tenant: TenantId;
  readonly key: string;
  readonly context: Context;
  /** The request, for the log. */
  readonly cause: Cause;
  /** What was asked, in one normal form: equal requests have equal texts. */
  readonly request: CanonicalValue;
  remainingTimeInMillis(): number;
  /** Makes the change, carrying the key it is given in the change itself. */
  change(keyApplied: AppliedKey): Promise<Answer>;
}

/** Runs a mutation once for its key and replays its answer to every later request with the same key and content. */
export type Once = (mutation: Mutation) => Promise<Answer>;

/** What became of the change itself, whatever became of the record about it. */
type Course =
  | { readonly kind: 'not begun' }
  | { readonly kind: 'done'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly error: unknown };

/** What Powertools is given: the first three make the key of the record, the last its validation. */
interface Payload {
  readonly tenant: string;
  readonly operation: string;
  readonly key: string;
  readonly body: string;
}

/** A client for idempotency records. Its own retries are few, since a request waits for them. */
export function createIdempotencyClient(endpoint?: string): DynamoDBClient {
  const client = new DynamoDBClient({
    ...(endpoint !== undefined && { endpoint }),
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 1_500, throwOnRequestTimeout: true },
  });
  // It builds a filtered copy of every request and answer for a logger that discards them.
  client.middlewareStack.remove('loggerMiddleware');
  return client;
}

/**
 * Makes the `Once` of one operation. It must not guard money: between change and record there is a moment in which a
 * crash leaves the record in progress, and the change is made again when that expires. Here the change carries its key,
 * so that the second time changes nothing.
 *
 * The answers it adds to the change's own:
 * - another content under the key: `idempotency_key_reused`
 * - a request with the key still in flight after three seconds: `in_progress`
 * - no access to the records: `unavailable`, and nothing was done
 */
export function createOnce(operation: string, table: string, client: DynamoDBClient, logger: LineWriter): Once {
  const persistenceStore = new IdempotencyRecords({ tableName: table, awsSdkV3Client: client });

  return async (mutation) => {
    const { tenant, key, request, context, cause } = mutation;
    const about = { operation, ...(cause.correlationId !== undefined && { correlationId: cause.correlationId }) };
    const keyApplied = { mark: keyMark(tenant, operation, key), requestHash: digestOf({ v: 1, operation, request }) };
    const payload: Payload = { tenant, operation, key, body: canonicalJson(request) };
    const until = performance.now() + Math.min(waitForAnswerMs, mutation.remainingTimeInMillis());
    for (;;) {
      let course: Course = { kind: 'not begun' };
      const change = async (_payload: Payload): Promise<Answer> => {
        try {
          const answer = await mutation.change(keyApplied);
          course = { kind: 'done', answer };
          return answer;
        } catch (error) {
          course = { kind: 'failed', error };
          throw error;
        }
      };
      try {
        return await makeIdempotent(change, {
          persistenceStore,
          config: configFor(context),
          keyPrefix: recordPrefix,
        })(payload);
      } catch (error) {
        const answer = answerDespite(error, course, logger, about);
        if (answer) return answer;
        if (performance.now() >= until) throw new HttpProblem('in_progress');
      }
      await pause(lookEveryMs);
    }
  };
}

function configFor(context: Context): IdempotencyConfig {
  const config = new IdempotencyConfig({
    eventKeyJmesPath: '[tenant, operation, key]',
    payloadValidationJmesPath: 'body',
    throwOnNoIdempotencyKey: true,
    expiresAfterSeconds: replayForSeconds,
    hashFunction: 'sha256',
    responseHook: (answer) => ({ ...(answer as unknown as Answer), replayed: true }),
  });
  config.registerLambdaContext(context);
  return config;
}

/** The answer where there is one all the same, nothing while another request is in flight; throws what the request ends with else. */
function answerDespite(
  error: unknown,
  course: Course,
  logger: LineWriter,
  about: Readonly<Record<string, string>>,
): Answer | undefined {
  if (course.kind === 'failed') throw course.error;
  if (course.kind === 'done') {
    // The change is made and carries its key. Only replays are worse off: they find out from the change.
    logger.warn('an idempotency record could not be completed', { ...about, error: error as Error });
    return course.answer;
  }
  const name = error instanceof Error ? error.name : '';
  switch (name) {
    case 'IdempotencyAlreadyInProgressError':
      return undefined;
    case 'IdempotencyValidationError':
      throw new HttpProblem('idempotency_key_reused');
    case 'IdempotencyPersistenceLayerError':
    case 'IdempotencyInconsistentStateError':
      logger.warn('the idempotency records could not be used', { ...about, error: error as Error });
      throw new HttpProblem('unavailable');
    default:
      throw error;
  }
}
