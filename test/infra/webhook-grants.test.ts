import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { areas } from '../../infra/areas.ts';
import type { FunctionNeeds, TableNeeds } from '../../infra/function-needs.ts';
import { workers } from '../../infra/workers.ts';
import { openAppender } from '../../lib/dynamodb/journal/journal-appender.ts';
import { envelopeText, Journal } from '../../lib/events/index.ts';
import type { TenantId } from '../../lib/ledger/index.ts';
import { type Call, loadFunctions, type TestApi } from '../functions/api.ts';
import { startApiWithMoney } from '../functions/money.ts';
import { lambdaContext } from '../functions/proxy-event.ts';
import { readTable } from '../support/books.ts';
import { type FaultProxy, type ProxiedCall, startFaultProxy } from '../support/fault-proxy.ts';
import { type Receiver, startReceiver, status } from '../webhooks/receiver.ts';
import { actionsOf } from './iam-actions.ts';
import { commonGrants, grantsUsed, narrowGrants, type PartitionUse, partitionUsesOf } from './partition-uses.ts';

/** What the functions of webhooks do with the tables, recorded while they do all they can do, is what they may do. */
const tenant = 'default' as TenantId;
type QueueHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

let api: TestApi;
let call: Call;
let proxy: FaultProxy;
let keyProxy: FaultProxy;
let receiver: Receiver;
const used = new Map<string, Set<string>>();
/** What was asked of the Platform table, by function. */
const platformUses = new Map<string, PartitionUse[]>();

beforeAll(async () => {
  api = await startApiWithMoney();
  receiver = await startReceiver();
  proxy = await startFaultProxy({ target: api.database.endpoint });
  keyProxy = await startFaultProxy({ target: process.env.AWS_ENDPOINT_URL_KMS ?? '' });
  process.env.AWS_ENDPOINT_URL_DYNAMODB = proxy.url;
  process.env.AWS_ENDPOINT_URL_KMS = keyProxy.url;
  process.env.WEBHOOK_TARGETS = 'any';
  jest.resetModules();
  call = await loadFunctions();
  await doEverything();
});
afterAll(async () => {
  await receiver.stop();
  await proxy.stop();
  await keyProxy.stop();
  await api.stop();
});

/** Does something; what it asks of DynamoDB counts as used by the function. */
async function as<T>(name: string, act: () => Promise<T>): Promise<T> {
  proxy.log.length = 0;
  keyProxy.log.length = 0;
  const result = await act();
  await Promise.all([proxy.settled(), keyProxy.settled()]);
  const actions = used.get(name) ?? new Set();
  for (const action of proxy.log.flatMap(actionsOf)) actions.add(named(action));
  for (const call of keyProxy.log) actions.add(keyActionOf(call));
  used.set(name, actions);
  const uses = proxy.log.flatMap((each) => partitionUsesOf(api.database.tables.platform, each));
  platformUses.set(name, [...(platformUses.get(name) ?? []), ...uses]);
  return result;
}

/** What IAM would check of a call to KMS, with the names of the context that the grant asks for. */
function keyActionOf({ operation, body }: ProxiedCall): string {
  expect(body.EncryptionContext).toEqual({ tenant, webhook: expect.stringMatching(/^wh_/) });
  return `kms:${operation}`;
}

const keyGrants = ({ secrets = [] }: FunctionNeeds) =>
  secrets.map((use) => (use === 'seal' ? 'kms:Encrypt' : 'kms:Decrypt'));

/** The action with the table's role in place of its generated name. */
function named(action: string): string {
  const { ledger, platform, idempotency } = api.database.tables;
  return action.replace(ledger, 'Ledger').replace(platform, 'Platform').replace(idempotency, 'Idempotency');
}

async function asApi(method: string, path: string, body?: unknown) {
  const answer = await as('webhooks', () => call(method, path, body));
  expect(answer.status).toBeLessThan(300);
  return answer.body;
}

/** Appends what was done to the journal, a block at a time. */
async function append(): Promise<void> {
  const { client, tables, endpoint } = api.database;
  const rows = await readTable(client, tables.ledger);
  const partitions = rows.filter(({ SK }) => SK === 'RECORD' || SK === 'CHANGE').map(({ PK }) => String(PK));
  await openAppender({ table: tables.ledger, endpoint }).append(tenant, partitions, 10_000);
}

function messages(bodies: readonly string[], receives = 1): SQSEvent {
  const Records = bodies.map((body) => ({
    messageId: randomUUID(),
    receiptHandle: 'handle',
    body,
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: '1',
      SenderId: 'sender',
      ApproximateFirstReceiveTimestamp: '1',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:queue',
    awsRegion: 'us-east-1',
  }));
  return { Records };
}

async function doEverything(): Promise<void> {
  const fanOut: QueueHandler = (await import('../../functions/workers/fan-out-webhooks.ts')).handler;
  const deliver: QueueHandler = (await import('../../functions/workers/deliver-webhooks.ts')).handler;
  const wake = (await import('../../functions/workers/wake-due-deliveries.ts')).handler;
  const deposit = () => call('POST', '/v1/accounts/system:revenue/deposits', { asset: 'USD/2', amount: '5' });
  const delivered = async () => {
    const bodies = api.queues.take(api.queues.queue('deliveries')).map(({ body }) => body);
    await as('deliver-webhooks', () => deliver(messages(bodies), lambdaContext(30_000)));
  };
  await append();
  const webhook = await asApi('POST', '/v1/webhooks', { url: receiver.url });
  const ordered = await asApi('POST', '/v1/webhooks', { url: receiver.url, ordered: true });
  const path = `/v1/webhooks/${webhook.id}`;
  // Several blocks, so that what is wanted lies in one that has to be looked for.
  for (let blocks = 0; blocks < 4; blocks++) {
    await deposit();
    await append();
  }
  const { feed } = new Journal({ table: api.database.tables.ledger, endpoint: api.database.endpoint });
  const after = { sequence: Number(webhook.startsAfter) };
  const { events } = await feed.page(tenant, { after, limit: 100 });
  const published = events.map((event) => envelopeText(tenant, event));
  await as('fan-out-webhooks', () => fanOut(messages(published), lambdaContext(20_000)));
  await as('fan-out-webhooks', () => fanOut(messages(['not JSON'], 5), lambdaContext(20_000)));
  await as('deliver-webhooks', () => deliver(messages(['not JSON'], 5), lambdaContext(20_000)));
  await delivered();
  expect(receiver.requests.length).toBeGreaterThanOrEqual(8);
  await asApi('PATCH', path, { description: 'Books' });
  await asApi('PATCH', `/v1/webhooks/${ordered.id}`, { status: 'disabled' });
  await asApi('POST', `${path}/rotate-secret`, {});
  await asApi('POST', `${path}/ping`);
  await asApi('GET', '/v1/webhooks');
  await asApi('GET', path);
  const [delivery] = (await asApi('GET', `${path}/deliveries`)).data;
  await asApi('GET', `${path}/deliveries/${delivery.id}`);
  await asApi('POST', `${path}/deliveries/${delivery.id}/replay`);
  const [first, last] = [events[0]?.sequence, events.at(-1)?.sequence];
  await asApi('POST', `${path}/replays`, { from: String(first), to: String(last) });
  await as('wake-due-deliveries', () => wake({}, lambdaContext(50_000)));
  // The last answers switch the endpoint off, together with a change record in the ledger.
  receiver.answering = status(410);
  await delivered();
  expect((await asApi('GET', path)).status).toBe('disabled');
  await asApi('DELETE', path);
}

/** What is granted on a table and its indexes, on all of its items or on some. */
function grantsOn(table: string, needs: TableNeeds = { actions: [] }): string[] {
  const { actions, narrowActions = [], indexes = [] } = needs;
  return [
    ...[...actions, ...narrowActions.flatMap((narrow) => narrow.actions)].map((action) => `${action} on ${table}`),
    ...indexes.map(({ name }) => `dynamodb:Query on ${table}/index/${name}`),
  ];
}

describe.each<[string, FunctionNeeds]>([
  ['webhooks', areas.webhooks],
  ['fan-out-webhooks', workers['fan-out-webhooks']],
  ['deliver-webhooks', workers['deliver-webhooks']],
  ['wake-due-deliveries', workers['wake-due-deliveries']],
])('the grants of %s', (name, needs) => {
  it('are what its function uses, no less and no more', () => {
    const actions = [...(used.get(name) ?? [])].filter((action) => !action.endsWith(' on Idempotency'));
    expect(actions.sort()).toEqual(
      [...grantsOn('Ledger', needs.ledger), ...grantsOn('Platform', needs.platform), ...keyGrants(needs)].sort(),
    );
  });

  it('are of the kinds of items in the Platform table that it works with, no less and no more', () => {
    const grants = narrowGrants(needs.platform?.narrowActions);
    expect(grantsUsed(platformUses.get(name) ?? [], grants)).toEqual(commonGrants(needs.platform?.narrowActions));
  });
});
