import { createHash } from 'node:crypto';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { Ledger } from '../../lib/dynamodb/index.ts';
import type { Call } from '../../test/functions/api.ts';
import { startDatabase, type TestDatabase } from '../../test/support/dynoxide.ts';
import { type FaultProxy, startFaultProxy } from '../../test/support/fault-proxy.ts';
import { account, tenant, transfer, usd } from '../../test/support/ledger-fixture.ts';
import { startParameterStore } from '../../test/support/parameter-store.ts';
import { startTestQueues } from '../../test/support/queues.ts';

/** Entries of the account whose history is read: more than a page. */
const historyLength = 30;

/** The trace header of a request that is not sampled, as Lambda gives it: the lines carry its id. */
const traceHeader = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=557abcec3ee5a047;Sampled=0';

const flags = '/florin/cost/flags';
export const details = { description: 'Lunch', metadata: { order: '1007' } };

/** The real functions on an embedded DynamoDB that reports the units consumed. */
export interface MeasuredFunctions {
  readonly call: Call;
  readonly proxy: FaultProxy;
  /** In front of the queues. */
  readonly queues: FaultProxy;
  readonly database: TestDatabase;
  /** Another instance on the same table: what it does is not measured, and the measured one learns nothing of it. */
  readonly elsewhere: Ledger;
  stop(): Promise<void>;
}

/** Starts them with a few accounts, each function called once before. It writes to this process's environment. */
export async function startMeasuredFunctions(): Promise<MeasuredFunctions> {
  const database = await startDatabase();
  const proxy = await startFaultProxy({ target: database.endpoint, measureCapacity: true });
  const parameters = await startParameterStore({ [flags]: '{}' });
  const messaging = await startTestQueues();
  const queues = await startFaultProxy({ target: messaging.endpoint });
  const stop = async () => {
    await queues.stop();
    await messaging.stop();
    await parameters.stop();
    await proxy.stop();
    await database.stop();
  };
  try {
    const sns = new SNSClient({ endpoint: messaging.endpoint });
    const Attributes = { FifoTopic: 'true' };
    const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'florin-test-events.fifo', Attributes }));
    sns.destroy();
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_SQS: queues.url,
      AWS_ENDPOINT_URL_SNS: messaging.endpoint,
      EVENTS_TOPIC_ARN: TopicArn,
      LINES_QUEUE_URL: messaging.urlOf('lines'),
      JOURNAL_QUEUE_URL: messaging.urlOf('journal'),
      PUBLICATION_QUEUE_URL: messaging.urlOf('publication'),
      DELIVERIES_QUEUE_URL: messaging.urlOf('deliveries'),
      WEBHOOK_EVENTS_QUEUE_URL: messaging.urlOf('webhookEvents'),
      BALANCE_EVENTS_QUEUE_URL: messaging.urlOf('balanceEvents'),
      WEBHOOK_TARGETS: 'public',
    });
    const call = await loadMeasuredFunctions(database, proxy.url, parameters.endpoint);
    const elsewhere = new Ledger({ table: database.tables.ledger, endpoint: database.endpoint });
    await prepare(elsewhere, call);
    return { call, proxy, queues, database, elsewhere, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function loadMeasuredFunctions(database: TestDatabase, dynamodb: string, ssm: string): Promise<Call> {
  const key = 'flk_dev_0123456789abcdefghijABCDEFGHIJ01';
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
    AWS_ENDPOINT_URL_SSM: ssm,
    FLAGS_PARAMETER: flags,
    FLAGS_WHEN_UNREADABLE: 'open',
    LEDGER_TABLE: database.tables.ledger,
    PLATFORM_TABLE: database.tables.platform,
    IDEMPOTENCY_TABLE: database.tables.idempotency,
    API_KEY_SHA256: createHash('sha256').update(key).digest('hex'),
    TOKEN_ISSUERS: '[]',
    KEY_LABEL: 'prod',
    // No request that is measured seals or opens anything.
    SECRETS_KEY_ID: 'arn:aws:kms:eu-central-1:000000000000:key/00000000-0000-4000-8000-000000000000',
    POWERTOOLS_SERVICE_NAME: 'florin-transactions',
    POWERTOOLS_METRICS_NAMESPACE: 'Florin/prod',
    POWERTOOLS_LOG_LEVEL: 'INFO',
    _X_AMZN_TRACE_ID: traceHeader,
  });
  const { loadFunctions, apiKey } = await import('../../test/functions/api.ts');
  if (apiKey !== key) throw new Error('the functions are called with another key than they know');
  return loadFunctions();
}

async function prepare(elsewhere: Ledger, call: Call): Promise<void> {
  await elsewhere.assets.create({ tenant, code: usd, keyApplied: { mark: 'usd', requestHash: '' } });
  for (const id of ['world', 'alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'fresh', 'settled', 'gina', 'hugo']) {
    const keyApplied = { mark: id, requestHash: '' };
    const unbounded = id === 'world';
    await elsewhere.accounts.create({
      tenant,
      id: account(id),
      unbounded,
      floors: new Map(),
      metadata: {},
      keyApplied,
    });
  }
  for (const id of ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'gina', 'hugo'])
    await post(elsewhere, transfer('world', id, 10_000));
  for (let i = 0; i < historyLength; i++) await post(elsewhere, transfer('erin', 'frank', 1, details));
  // The first request of each function reads flags and loads what is loaded once.
  await call('POST', '/v1/transfers', transferBody('alice', 'bob', 1));
  await call('GET', '/v1/accounts/alice');
}

/** Posts through another instance than the measured one. */
export async function post(ledger: Ledger, command: ReturnType<typeof transfer>): Promise<void> {
  const outcome = await ledger.post(command, 5_000);
  if (outcome.kind !== 'settled') throw new Error(`could not prepare: ${JSON.stringify(outcome)}`);
}

/** The body of a transfer as a client may write it, in minor units. */
export function transferBody(source: string, destination: string, amount: number) {
  return { source, destination, asset: usd, amount: String(amount), ...details };
}
