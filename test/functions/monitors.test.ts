import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { workers } from '../../infra/workers.ts';
import { openAppender } from '../../lib/dynamodb/journal/journal-appender.ts';
import { envelopeText, Journal } from '../../lib/events/index.ts';
import { monitorAnswer, monitorList } from '../../lib/http/monitor-schemas.ts';
import type { TenantId } from '../../lib/ledger/index.ts';
import { actionsOf } from '../infra/iam-actions.ts';
import { grantsOnTable } from '../infra/table-grants.ts';
import { queueRecord } from '../platform/platform-fixture.ts';
import { readTable } from '../support/books.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import type { Worker } from '../support/queues.ts';
import type { ApiAnswer, TestApi } from './api.ts';
import { fundedAccount, startApiWithMoney } from './money.ts';
import { lambdaContext } from './proxy-event.ts';

const tenant = 'default' as TenantId;

let api: TestApi;
let proxy: FaultProxy;
let watch: Worker;
beforeAll(async () => {
  api = await startApiWithMoney();
  proxy = await startFaultProxy({ target: api.database.endpoint });
  await make(await fundedAccount(api, 100), { below: '100' });
  // Clients find their endpoint when they are used first: the worker's go through the proxy, and they alone.
  process.env.AWS_ENDPOINT_URL_DYNAMODB = proxy.url;
  watch = (await import('../../functions/workers/watch-balances.ts')).handler;
  await look();
  process.env.AWS_ENDPOINT_URL_DYNAMODB = api.database.endpoint;
});
afterAll(async () => {
  await proxy.stop();
  await api.stop();
});

async function demand(status: number, call: Promise<ApiAnswer>): Promise<ApiAnswer> {
  const answer = await call;
  if (answer.status !== status) throw new Error(`${answer.status} ${answer.text}`);
  return answer;
}

const pathOf = (id: string) => `/v1/accounts/${id}/monitors`;
const make = (id: string, body: object, key: string = randomUUID()) =>
  demand(201, api.call('POST', pathOf(id), { asset: 'USD/2', ...body }, { key }));

describe('balance monitors', () => {
  it('are made, replayed, read, listed, changed and deleted', async () => {
    const id = await fundedAccount(api, 100);
    const key = randomUUID();
    const made = await make(id, { below: '100', description: 'Low' }, key);
    expect(monitorAnswer.parse(made.body)).toMatchObject({
      account: id,
      asset: 'USD/2',
      below: '100',
      description: 'Low',
      state: 'quiet',
      crossings: 0,
      version: '1',
    });
    const location = String(made.headers.Location);
    expect(location).toBe(`${pathOf(id)}/${made.body.id}`);
    const replay = await make(id, { below: '100', description: 'Low' }, key);
    expect([replay.text, replay.headers['Idempotent-Replayed']]).toEqual([made.text, 'true']);
    const other = await make(id, { above: '1000' });
    expect(monitorList.parse((await api.call('GET', pathOf(id))).body).data).toEqual([made.body, other.body]);

    const read = await demand(200, api.call('GET', location));
    expect(read.body).toEqual(made.body);
    const headers = { 'If-None-Match': String(read.headers.ETag) };
    expect((await api.call('GET', location, undefined, { headers })).status).toBe(304);
    const changed = await demand(200, api.call('PATCH', location, { above: '50', description: null }));
    const { below: _, description: __, ...rest } = made.body;
    expect(changed.body).toEqual({ ...rest, above: '50', state: 'crossed', version: '2' });
    expect((await api.call('GET', location, undefined, { headers })).status).toBe(200);

    const ending = randomUUID();
    for (let time = 0; time < 2; time++) {
      const deleted = await demand(200, api.call('DELETE', location, undefined, { key: ending }));
      expect(deleted.body).toEqual({ id: made.body.id, status: 'deleted' });
    }
    expect((await api.call('GET', location)).status).toBe(404);
    expect((await api.call('DELETE', location)).status).toBe(404);
    expect((await api.call('GET', pathOf(id))).body.data).toEqual([other.body]);
  });

  it('are refused where account or asset does not exist, or one side is missing or too many', async () => {
    const id = await fundedAccount(api, 0);
    const code = async (path: string, body: object) => (await api.call('POST', path, body)).body.code;
    expect(await code(pathOf('nobody'), { asset: 'USD/2', below: '1' })).toBe('not_found');
    expect((await api.call('GET', pathOf('nobody'))).status).toBe(404);
    expect(await code(pathOf(id), { asset: 'NONE', below: '1' })).toBe('asset_not_found');
    expect(await code(pathOf(id), { asset: 'USD/2' })).toBe('invalid_request');
    expect(await code(pathOf(id), { asset: 'USD/2', below: '1', above: '2' })).toBe('invalid_request');
    for (let n = 0; n < 16; n++) await make(id, { below: '1' });
    expect(await code(pathOf(id), { asset: 'USD/2', below: '1' })).toBe('already_exists');
  });
});

let published = 0;

/** Takes up in the journal what happened, and answers the events that are new as messages of the queue. */
async function newEvents() {
  const { client, tables, endpoint } = api.database;
  const rows = await readTable(client, tables.ledger);
  const partitions = rows.filter(({ SK }) => SK === 'RECORD' || SK === 'CHANGE').map(({ PK }) => String(PK));
  await openAppender({ table: tables.ledger, endpoint }).append(tenant, partitions, 10_000);
  const { feed } = new Journal({ table: tables.ledger, endpoint });
  const { events } = await feed.page(tenant, { after: { sequence: published }, limit: 100 });
  published = events.at(-1)?.sequence ?? published;
  return events.map((event) =>
    queueRecord(randomUUID(), envelopeText(tenant, event), {
      eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:florin-test-balance-events.fifo',
      messageAttributes: {},
    }),
  );
}

/** Has the worker look at what happened, each event twice and the last ones first. */
async function look(): Promise<void> {
  const events = await newEvents();
  const messages = [...events, ...events].toReversed();
  for (let from = 0; from < messages.length; from += 10) {
    const Records = messages.slice(from, from + 10);
    expect(await watch({ Records }, lambdaContext(20_000))).toEqual({ batchItemFailures: [] });
  }
}

/** The events of an account's monitors. */
async function crossings(id: string): Promise<{ type: string; data: Record<string, string> }[]> {
  await newEvents();
  const { body } = await api.call('GET', '/v1/events?types=balance.*&limit=100');
  return body.data.filter(({ data }: { data: { account: string } }) => data.account === id);
}

const move = (id: string, flow: 'deposits' | 'spends', amount: string) =>
  demand(201, api.call('POST', `/v1/accounts/${id}/${flow}`, { asset: 'USD/2', amount }));

describe('watch-balances', () => {
  it('makes one event of each crossing, by whatever it came about, in the journal for all to read', async () => {
    const id = await fundedAccount(api, 150);
    const { body: monitor } = await make(id, { below: '100', description: 'Low' });
    await look();
    expect(await crossings(id)).toEqual([]);

    await move(id, 'spends', '60');
    await look();
    await move(id, 'deposits', '60');
    await look();
    const hold = await demand(201, api.call('POST', '/v1/holds', { account: id, asset: 'USD/2', amount: '70' }));
    await look();
    await demand(200, api.call('POST', `/v1/holds/${hold.body.id}/void`));
    await look();
    await demand(200, api.call('PATCH', `/v1/accounts/${id}`, { floors: { 'USD/2': '-100' } }));
    await move(id, 'spends', '140');
    await look();
    await demand(200, api.call('PATCH', `/v1/accounts/${id}`, { floors: { 'USD/2': null } }));
    await look();
    await look();

    const events = await crossings(id);
    const common = { monitor: monitor.id, account: id, asset: 'USD/2', below: '100', description: 'Low' };
    expect(events.map(({ type, data }) => ({ type, ...data }))).toEqual(
      ['90', '80', '10'].map((available) => ({
        type: 'balance.low',
        ...common,
        available,
        balanceVersion: expect.stringMatching(/^[0-9]+$/),
        detailsDigest: expect.any(String),
      })),
    );
    const read = await api.call('GET', `${pathOf(id)}/${monitor.id}`);
    expect(read.body).toMatchObject({ state: 'crossed', crossings: 3, crossedAt: expect.any(String) });
  });

  it('looks at both sides of a transfer, at captures, and at each transaction of a batch', async () => {
    const [payer, payee] = [await fundedAccount(api, 100), await fundedAccount(api, 0)];
    await make(payer, { below: '100' });
    await make(payee, { above: '20' });
    const held = await demand(201, api.call('POST', '/v1/holds', { account: payer, asset: 'USD/2', amount: '10' }));
    await look();
    await demand(201, api.call('POST', `/v1/holds/${held.body.id}/captures`, { destination: payee }));
    const transfer = { source: payer, destination: payee, asset: 'USD/2', amount: '6' };
    await demand(201, api.call('POST', '/v1/batches', { transactions: [transfer, transfer] }));
    await look();
    expect((await crossings(payer)).map(({ type }) => type)).toEqual(['balance.low']);
    expect((await crossings(payee)).map(({ type, data }) => [type, data.available])).toEqual([['balance.high', '22']]);
  });

  it('has an event that cannot be read given up alone', async () => {
    const id = await fundedAccount(api, 150);
    await make(id, { below: '100' });
    await look();
    await move(id, 'spends', '60');
    const [event] = await newEvents();
    if (!event) throw new Error('nothing happened');
    const { data: _, ...empty } = JSON.parse(event.body);
    const Records = [{ ...event, messageId: 'empty', body: JSON.stringify(empty) }, event];
    const answer = await watch({ Records }, lambdaContext(20_000));
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'empty' }] });
    expect(await crossings(id)).toHaveLength(1);
  });

  it('uses what it is granted, no less and no more', async () => {
    const id = await fundedAccount(api, 150);
    const spread = 'system:treasury';
    await demand(200, api.call('PATCH', `/v1/accounts/${spread}`, { shards: 4 }));
    await make(id, { below: '100' });
    await make(spread, { below: '-1' });
    await look();
    proxy.log.length = 0;
    await move(id, 'spends', '60');
    for (let n = 0; n < 4; n++)
      await demand(201, api.call('POST', `/v1/accounts/${id}/top-ups`, { asset: 'USD/2', amount: '1' }));
    await look();
    // What was overtaken is read again.
    proxy.rules.push({ fault: { kind: 'conflict' }, operation: 'TransactWriteItems', count: 1 });
    await move(id, 'deposits', '60');
    await look();
    proxy.rules.length = 0;
    // The last receive of a message is noted.
    const attributes = { ...queueRecord('', '').attributes, ApproximateReceiveCount: '5' };
    await watch({ Records: [queueRecord('noted', 'no json', { attributes })] }, lambdaContext());

    const { ledger, platform } = workers['watch-balances'];
    const { tables } = api.database;
    const granted = [...grantsOnTable(tables.ledger, ledger), ...grantsOnTable(tables.platform, platform)];
    expect([...new Set(proxy.log.flatMap(actionsOf))].sort()).toEqual(granted.sort());
  });
});
