import { createHash, randomUUID } from 'node:crypto';
import { paginateScan } from '@aws-sdk/client-dynamodb';
import type { AreaHandler } from '../../lib/http/index.ts';
import type { Area } from '../../lib/http/routes.ts';
import { type CanonicalValue, canonicalJson } from '../../lib/ledger/index.ts';
import { startDatabase, type TestDatabase } from '../support/dynoxide.ts';
import { startTestKeys } from '../support/key-service.ts';
import { startParameterStore, type TestParameterStore } from '../support/parameter-store.ts';
import { startTestQueues, type TestQueues } from '../support/queues.ts';
import { until } from '../support/until.ts';
import { lambdaContext, proxyEvent, type TestRequest } from './proxy-event.ts';

/** Where the functions find their flags. */
export const flagsParameter = '/florin/test/flags';

export const apiKey = 'flk_dev_0123456789abcdefghijABCDEFGHIJ01';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body as JSON; undefined where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever they expect, and fail where it is not there.
  readonly body: any;
}

export type Call = (method: string, path: string, body?: unknown, options?: CallOptions) => Promise<ApiAnswer>;

export interface CallOptions extends Omit<TestRequest, 'method' | 'path' | 'body'> {
  readonly key?: string;
  /** How long the function has; then it is called once, whatever it answers. */
  readonly timeMs?: number;
  /** It is not called again, although it answers after a time-out. */
  readonly isFinal?: boolean;
  /** Send no credentials and no key unless `headers` has them. */
  readonly bare?: boolean;
}

/** The real functions, on a DynamoDB and an SQS of their own. */
export interface TestApi {
  readonly database: TestDatabase;
  readonly parameters: TestParameterStore;
  readonly queues: TestQueues;
  readonly call: Call;
  /** Every item of both tables as canonical JSON, to tell whether anything was written. */
  contents(): Promise<ReadonlySet<string>>;
  stop(): Promise<void>;
}

/** Starts a database and loads the functions as Lambda does: by their environment. */
export async function startApi(): Promise<TestApi> {
  const [database, parameters, queues, keys] = await Promise.all([
    startDatabase(),
    startParameterStore({ [flagsParameter]: '{}' }),
    startTestQueues(),
    startTestKeys(),
  ]);
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: database.endpoint,
    AWS_ENDPOINT_URL_SQS: queues.endpoint,
    AWS_ENDPOINT_URL_SSM: parameters.endpoint,
    AWS_ENDPOINT_URL_KMS: keys.endpoint,
    SECRETS_KEY_ID: keys.keyId,
    FLAGS_PARAMETER: flagsParameter,
    FLAGS_WHEN_UNREADABLE: 'open',
    LEDGER_TABLE: database.tables.ledger,
    PLATFORM_TABLE: database.tables.platform,
    IDEMPOTENCY_TABLE: database.tables.idempotency,
    LINES_QUEUE_URL: queues.urlOf('lines'),
    DELIVERIES_QUEUE_URL: queues.urlOf('deliveries'),
    JOURNAL_QUEUE_URL: queues.urlOf('journal'),
    PUBLICATION_QUEUE_URL: queues.urlOf('publication'),
    WEBHOOK_EVENTS_QUEUE_URL: queues.urlOf('webhookEvents'),
    BALANCE_EVENTS_QUEUE_URL: queues.urlOf('balanceEvents'),
    WEBHOOK_TARGETS: 'public',
    API_KEY_SHA256: createHash('sha256').update(apiKey).digest('hex'),
    TOKEN_ISSUERS: '[]',
    KEY_LABEL: 'test',
    POWERTOOLS_SERVICE_NAME: 'florin-test',
    POWERTOOLS_METRICS_NAMESPACE: 'Florin/test',
    POWERTOOLS_LOG_LEVEL: process.env.POWERTOOLS_LOG_LEVEL ?? 'SILENT',
  });
  return {
    database,
    parameters,
    queues,
    call: await loadFunctions(),
    contents: () => contentsOf(database),
    async stop() {
      await Promise.all([parameters.stop(), queues.stop(), keys.stop()]);
      await database.stop();
    },
  };
}

/** Loads the functions from the environment as it is, and calls them. */
export async function loadFunctions(): Promise<Call> {
  const handlers: Record<Area, AreaHandler> = {
    assets: (await import('../../functions/assets/index.ts')).handler,
    accounts: (await import('../../functions/accounts/index.ts')).handler,
    transactions: (await import('../../functions/transactions/index.ts')).handler,
    holds: (await import('../../functions/holds/index.ts')).handler,
    fees: (await import('../../functions/fees/index.ts')).handler,
    reports: (await import('../../functions/reports/index.ts')).handler,
    events: (await import('../../functions/events/index.ts')).handler,
    webhooks: (await import('../../functions/webhooks/index.ts')).handler,
    monitors: (await import('../../functions/monitors/index.ts')).handler,
    admin: (await import('../../functions/admin/index.ts')).handler,
    audit: (await import('../../functions/audit/index.ts')).handler,
    clients: (await import('../../functions/clients/index.ts')).handler,
    privacy: (await import('../../functions/privacy/index.ts')).handler,
    documents: (await import('../../functions/documents/index.ts')).handler,
  };
  return callWith(handlers);
}

/** A little less than the shortest time after which a function says that something has not answered. */
const shortestTimeoutMs = 400;
const maxTries = 5;

/**
 * Calls functions. Where a machine stands still for a second, DynamoDB has not answered in time and a function says so, rightly; then it is called
 * again with the same key. A 503 for any other reason comes at once and is the answer.
 */
export function callWith(handlers: Partial<Record<Area, AreaHandler>>): Call {
  const call = callOnceWith(handlers);
  return async (method, path, body, { isFinal = false, ...options } = {}) => {
    const again = { ...options, key: options.key ?? randomUUID() };
    for (let tries = 1; ; tries++) {
      const from = performance.now();
      const answer = await call(method, path, body, again);
      const hasWaited = answer.status === 503 && performance.now() - from > shortestTimeoutMs;
      if (!hasWaited || isFinal || options.timeMs !== undefined || tries === maxTries) return answer;
    }
  };
}

function callOnceWith(handlers: Partial<Record<Area, AreaHandler>>): Call {
  return async (method, path, body, { key, timeMs, bare = false, headers, ...rest } = {}) => {
    const defaults: Record<string, string> = bare ? {} : { Authorization: `Bearer ${apiKey}` };
    if (!bare && method !== 'GET') defaults['Idempotency-Key'] = key ?? randomUUID();
    if (body !== undefined && !bare) defaults['Content-Type'] = 'application/json';
    const { event, area } = proxyEvent({ method, path, body, headers: { ...defaults, ...headers }, ...rest });
    const result = await handlers[area]?.(event, lambdaContext(timeMs));
    if (!result) throw new Error(`no handler for ${area}`);
    const isJson = /json(;|$)/.test(String(result.headers?.['Content-Type']));
    return {
      status: result.statusCode,
      headers: (result.headers ?? {}) as Record<string, string>,
      text: result.body,
      body: isJson ? JSON.parse(result.body) : undefined,
    };
  };
}

/**
 * Makes a call again with its key for as long as its answer is not final, as a user would: for what a test needs and is not about. Where a busy
 * machine keeps DynamoDB from answering in time, functions say so.
 */
export function insistingly(call: Call): Call {
  return (method, path, body, options = {}) => {
    const key = options.key ?? randomUUID();
    return until('the answer is final', async () => {
      const answer = await call(method, path, body, { ...options, key });
      return answer.status !== 503 && answer.body?.code !== 'in_progress' && answer;
    });
  };
}

async function contentsOf({ client, tables }: TestDatabase): Promise<ReadonlySet<string>> {
  const items = new Set<string>();
  for (const table of [tables.ledger, tables.idempotency]) {
    for await (const page of paginateScan({ client }, { TableName: table, ConsistentRead: true })) {
      for (const item of page.Items ?? []) items.add(canonicalJson(item as unknown as CanonicalValue));
    }
  }
  return items;
}
