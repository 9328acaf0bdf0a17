import { type AttributeValue, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';
import { type Area, areas } from '../../infra/areas.ts';
import type { FunctionNeeds } from '../../infra/function-needs.ts';
import { type QueueName, queueNames } from '../../infra/queue-list.ts';
import { deadLettersNameOf, queueNameOf } from '../../infra/queue-name.ts';
import { type Worker, workers } from '../../infra/workers.ts';
import type { AreaHandler } from '../../lib/http/index.ts';
import { routeKey } from '../../lib/http/route.ts';
import { routes } from '../../lib/http/routes.ts';
import { type Call, callWith } from '../functions/api.ts';
import { lambdaContext } from '../functions/proxy-event.ts';
import { queueRecord } from '../platform/platform-fixture.ts';
import { readTable } from '../support/books.ts';
import type { Fault } from '../support/faults.ts';
import type { Worker as QueueHandler } from '../support/queues.ts';
import { commonGrants, grantsUsed, narrowGrants, type PartitionUse, partitionUsesOf } from './partition-uses.ts';
import { type Recording, startRecording } from './recording.ts';
import { namedGrants } from './table-grants.ts';

/**
 * What happens by itself after requests, from the stream to the dead letters, by the real functions: what they ask of tables and queues is
 * compared with what the stack grants. Those of webhooks have a test of their own.
 */
let recording: Recording;
let call: Call;
const used = new Map<Area | Worker, Set<string>>();
/** What was asked of the Platform table, by function. */
const platformUses = new Map<Area | Worker, PartitionUse[]>();
const succeeded = new Set<string>();

/** What it asks counts as used by the function. */
async function as(name: Area | Worker, act: () => Promise<unknown>): Promise<void> {
  const actions = await recording.during(act);
  used.set(name, (used.get(name) ?? new Set()).union(new Set(actions)));
  const { platform } = recording.database.tables;
  const uses = recording.proxy.log.flatMap((each) => partitionUsesOf(platform, each));
  platformUses.set(name, [...(platformUses.get(name) ?? []), ...uses]);
}

function recorded(area: Area, handler: AreaHandler): AreaHandler {
  return async (event, context) => {
    let result: Awaited<ReturnType<AreaHandler>> | undefined;
    await as(area, async () => {
      result = await handler(event, context);
    });
    if (!result) throw new Error('the handler answered nothing');
    if (result.statusCode < 300) succeeded.add(`${event.httpMethod} ${event.resource}`);
    return result;
  };
}

/** Serves a queue until it is empty, and then gives the worker a message that nobody can read, for the last time. */
async function serve(name: Worker, queue: QueueName, handler: QueueHandler): Promise<void> {
  await as(name, async () => {
    const served = recording.queues.serve(queue, handler, { context: () => lambdaContext(20_000) });
    await served.drained();
    await served.stop();
  });
  const unreadable = queueRecord(`${name}-unreadable`, 'not JSON', {
    eventSourceARN: `arn:aws:sqs:eu-central-1:000000000000:${queueNameOf('test', queue)}`,
  });
  unreadable.attributes.ApproximateReceiveCount = '5';
  const event: SQSEvent = { Records: [unreadable] };
  await as(name, () => handler(event, lambdaContext(20_000)));
}

/** What the stream would tell of everything that is in the table. */
async function streamOf(): Promise<DynamoDBStreamEvent> {
  const { client, tables } = recording.database;
  const rows = await readTable(client, tables.ledger);
  const concerning = rows.filter(({ SK }) => SK === 'RECORD' || SK === 'CHANGE' || String(SK).startsWith('P#'));
  return {
    Records: concerning.map(({ PK, SK }, index) => ({
      eventID: `event-${index}`,
      eventName: 'INSERT',
      dynamodb: { Keys: { PK: { S: String(PK) }, SK: { S: String(SK) } } },
    })),
  };
}

/** Makes the command of a transaction that waits one that nobody can read; answers what puts it back. */
async function damage(transactionId: string): Promise<() => Promise<unknown>> {
  const put = async (command: AttributeValue, status: string) =>
    recording.database.client.send(
      new UpdateItemCommand({
        TableName: recording.database.tables.ledger,
        Key: { PK: { S: `T#default#X#${transactionId.replace(/^tx_/, '')}` }, SK: { S: 'RECORD' } },
        UpdateExpression: 'SET #command = :command',
        ConditionExpression: '#status = :status',
        ExpressionAttributeNames: { '#command': 'command', '#status': 'status' },
        ExpressionAttributeValues: { ':command': command, ':status': { S: status } },
        ReturnValues: 'ALL_OLD',
      }),
    );
  const { Attributes } = await put({ M: { kind: { S: 'nonsense' } } }, 'pending');
  const sound = Attributes?.command;
  if (!sound) throw new Error(`${transactionId} had no command`);
  return () => put(sound, 'failed');
}

/** Lets the places in a line be due since long. */
async function ageLine(account: string): Promise<void> {
  const { client, tables } = recording.database;
  for (const { PK, SK } of await readTable(client, tables.ledger)) {
    if (PK !== `T#default#L#${account}`) continue;
    await client.send(
      new UpdateItemCommand({
        TableName: tables.ledger,
        Key: { PK: { S: String(PK) }, SK: { S: String(SK) } },
        UpdateExpression: 'SET dueAt = :long',
        ExpressionAttributeValues: { ':long': { S: '0000000000001' } },
      }),
    );
  }
}

/** Lets one write of many items fail in one way while something is done. */
async function amid(fault: Fault, act: () => Promise<unknown>): Promise<void> {
  const { rules } = recording.proxy;
  rules.push({ fault, operation: ['TransactWriteItems'], count: 1 });
  await act();
  rules.length = 0;
}

/** Calls a worker with one message, and with so much time. */
async function tell(name: Worker, handler: QueueHandler, message: unknown, timeMs: number): Promise<void> {
  await as(name, () => handler({ Records: [queueRecord(`${name}-${timeMs}`, message)] }, lambdaContext(timeMs)));
}

/** Lets nearly all the time of a worker be over as soon as it has written something. */
async function hurried(act: () => Promise<unknown>): Promise<void> {
  const elapsed = performance.now.bind(performance);
  const hasWritten = () => recording.proxy.log.some(({ operation }) => operation === 'TransactWriteItems');
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => elapsed() + (hasWritten() ? 16_000 : 0));
  await act();
  clock.mockRestore();
}

/** The partitions of the records that there are. */
async function recordPartitions(): Promise<Set<string>> {
  const { client, tables } = recording.database;
  const rows = await readTable(client, tables.ledger);
  return new Set(rows.filter(({ SK }) => SK === 'RECORD').map(({ PK }) => String(PK)));
}

/** Less than any worker begins something with. */
const tooLittleMs = 3_050;

/** What puts back the command of the transaction that was given up. */
let heal: () => Promise<unknown>;

const gold = { asset: 'GOLD', amount: '10' };
const later = { headers: { Prefer: 'respond-async' } };

beforeAll(async () => {
  recording = await startRecording();
  call = callWith({
    assets: (await import('../../functions/assets/index.ts')).handler,
    accounts: (await import('../../functions/accounts/index.ts')).handler,
    transactions: (await import('../../functions/transactions/index.ts')).handler,
    holds: (await import('../../functions/holds/index.ts')).handler,
    events: recorded('events', (await import('../../functions/events/index.ts')).handler),
    monitors: recorded('monitors', (await import('../../functions/monitors/index.ts')).handler),
    admin: recorded('admin', (await import('../../functions/admin/index.ts')).handler),
  });
  await call('POST', '/v1/assets', { code: 'GOLD' });
  for (const id of ['system:external', 'ada', 'bob']) {
    await call('POST', '/v1/accounts', { id, unbounded: id === 'system:external' });
  }
  await call('POST', '/v1/accounts', { id: 'wide', unbounded: true, shards: 4 });
  await watchAccounts();
  await transfersThatWait();
  await dispatchAndApply();
  await appendAll();
  await publishAndWatch();
  await bringBackToWork();
});
afterAll(() => recording.stop());

async function watchAccounts(): Promise<void> {
  const path = '/v1/accounts/bob/monitors';
  const { body: low } = await call('POST', path, { asset: 'GOLD', below: '5' }, { key: 'low' });
  await call('POST', path, { asset: 'GOLD', below: '5' }, { key: 'low' });
  await call('POST', path, { asset: 'GOLD', above: '5' });
  await call('POST', '/v1/accounts/wide/monitors', { asset: 'GOLD', above: '5' });
  await call('GET', path);
  await call('GET', `${path}/${low.id}`);
  await call('PATCH', `${path}/${low.id}`, { below: '4' });
}

async function transfersThatWait(): Promise<void> {
  await call('POST', '/v1/accounts/ada/deposits', { asset: 'GOLD', amount: '100' });
  await call('POST', '/v1/accounts/wide/deposits', gold);
  const transfer = { source: 'ada', destination: 'bob', ...gold };
  await call('POST', '/v1/transfers', transfer, later);
  // Where something is held, a want of funds is looked into.
  await call('POST', '/v1/holds', { account: 'ada', asset: 'GOLD', amount: '1' });
  await call('POST', '/v1/transfers', { ...transfer, amount: '1000' }, later);
  const poisoned = await call('POST', '/v1/transfers', transfer, later);
  expect(poisoned.status).toBe(202);
  heal = await damage(poisoned.body.id);
}

async function dispatchAndApply(): Promise<void> {
  const { handler: dispatch } = await import('../../functions/workers/dispatch-wake-ups.ts');
  const { handler: apply } = await import('../../functions/workers/process-transfers.ts');
  const { handler: sweep } = await import('../../functions/workers/wake-pending-transfers.ts');
  await ageLine('ada');
  await as('wake-pending-transfers', () => sweep({}, lambdaContext(60_000)));
  await as('dispatch-wake-ups', async () => dispatch(await streamOf(), lambdaContext(20_000)));
  await tell('process-transfers', apply, { tenant: 'default', account: 'ada' }, tooLittleMs);
  await amid({ kind: 'dropAnswer' }, () => serve('process-transfers', 'lines', apply));
}

async function appendAll(): Promise<void> {
  const { handler: dispatch } = await import('../../functions/workers/dispatch-wake-ups.ts');
  const { handler: append } = await import('../../functions/workers/append-journal.ts');
  const { body: hold } = await call('POST', '/v1/holds', { account: 'ada', asset: 'GOLD', amount: '2' });
  await call('POST', `/v1/holds/${hold.id}/captures`, { destination: 'bob', amount: '1' });
  const before = await recordPartitions();
  await call('POST', `/v1/holds/${hold.id}/void`);
  const items = [...(await recordPartitions()).difference(before)];
  // Told of the end of a hold only, it looks for its beginning.
  await tell('append-journal', append, { tenant: 'default', items }, 20_000);
  // More than a block takes, and time for one only.
  for (let count = 0; count < 110; count++) await call('POST', '/v1/accounts/bob/deposits', gold);
  const all = [...(await recordPartitions())];
  await hurried(() => tell('append-journal', append, { tenant: 'default', items: all }, 20_000));
  // What came out of the lines; what was told before is told again, as a stream may.
  await dispatch(await streamOf(), lambdaContext(20_000));
  await serve('append-journal', 'journal', append);
}

async function publishAndWatch(): Promise<void> {
  const { handler: publish } = await import('../../functions/workers/publish-events.ts');
  const { handler: watch } = await import('../../functions/workers/watch-balances.ts');
  await tell('publish-events', publish, { tenant: 'default' }, tooLittleMs);
  await serve('publish-events', 'publication', publish);
  await amid({ kind: 'conflict' }, () => serve('watch-balances', 'balanceEvents', watch));
  await call('GET', '/v1/events?limit=5');
  await call('GET', '/v1/events?after=3&types=transaction.posted');
  await call('GET', '/v1/journal/blocks/1');
}

async function bringBackToWork(): Promise<void> {
  const { handler: keep } = await import('../../functions/workers/keep-dead-letters.ts');
  for (const queue of queueNames) {
    const letter = queueRecord(
      queue,
      { tenant: 'default', account: 'ada' },
      { eventSourceARN: `arn:aws:sqs:eu-central-1:000000000000:${deadLettersNameOf('test', queue)}` },
    );
    await keep({ Records: [letter] }, lambdaContext(20_000));
  }
  await heal();
  const path = '/v1/admin/dead-letters';
  const { body: list } = await call('GET', path);
  expect(list.data.length).toBe(queueNames.length + 1);
  const [transaction] = (await call('GET', `${path}?kind=transaction`)).body.data;
  const [message] = (await call('GET', `${path}?kind=message&source=lines`)).body.data;
  await call('GET', `${path}/${message.id}`);
  await amid({ kind: 'dropAnswer' }, () => call('POST', `${path}/${transaction.id}/reprocess`));
  await call('POST', `${path}/reprocess`, { filter: {} });
  const record = queueRecord('again', 'not JSON', {
    eventSourceARN: `arn:aws:sqs:eu-central-1:000000000000:${deadLettersNameOf('test', 'lines')}`,
  });
  await keep({ Records: [record] }, lambdaContext(20_000));
  const [left] = (await call('GET', `${path}?status=open`)).body.data;
  await call('POST', `${path}/${left.id}/discard`, { reason: 'seen to' });
  const { data: monitors } = (await call('GET', '/v1/accounts/bob/monitors')).body;
  await call('DELETE', `/v1/accounts/bob/monitors/${monitors[0].id}`);
}

const flowAreas: readonly Area[] = ['events', 'monitors', 'admin'];
const flowWorkers: readonly Worker[] = [
  'dispatch-wake-ups',
  'process-transfers',
  'wake-pending-transfers',
  'append-journal',
  'publish-events',
  'watch-balances',
];

describe('the recording', () => {
  it('saw every operation of its areas succeed', () => {
    const expected = routes.filter(({ area }) => flowAreas.includes(area)).map(routeKey);
    expect([...succeeded].sort()).toEqual(expected.sort());
  });
});

describe.each<Area | Worker>([...flowAreas, ...flowWorkers])('the grants of %s', (name) => {
  it('are what its function uses of tables and queues, no less and no more', () => {
    const needs = name in workers ? workers[name as Worker] : areas[name as Area];
    // Looking for the URL of its queue and putting off a message's return are granted with the mapping.
    const own = [...(used.get(name) ?? [])].filter(
      (action) => !/ on Idempotency$|^sqs:(ChangeMessageVisibility|GetQueueUrl)/.test(action),
    );
    expect(own.sort()).toEqual(namedGrants(needs));
  });

  it('are of the kinds of items in the Platform table that it works with, no less and no more', () => {
    const needs: FunctionNeeds = name in workers ? workers[name as Worker] : areas[name as Area];
    const grants = narrowGrants(needs.platform?.narrowActions);
    const expected = name in workers ? commonGrants(needs.platform?.narrowActions) : grants.toSorted();
    expect(grantsUsed(platformUses.get(name) ?? [], grants)).toEqual(expected);
  });
});
