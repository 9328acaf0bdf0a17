import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Ledger } from '../../lib/dynamodb/index.ts';
import type { TransactionId } from '../../lib/ledger/index.ts';
import { metrics } from '../../lib/observability/metric-names.ts';
import { readDocument, tableRows } from '../docs/documents.ts';
import { startApi, type TestApi } from '../functions/api.ts';
import { tenant } from '../support/ledger-fixture.ts';
import { type CapturedOutput, captureOutput } from './captured-output.ts';
import { metricsIn } from './emf-schema.ts';
import { listenForTraces, type TraceListener } from './trace-listener.ts';

/** The real handlers, on a DynamoDB of their own, with a daemon beside them and everything they write kept. */
let listener: TraceListener;
let output: CapturedOutput;
let api: TestApi;
let ledger: Ledger;
const environment = { ...process.env };

beforeAll(async () => {
  listener = await listenForTraces();
  process.env.AWS_XRAY_DAEMON_ADDRESS = listener.address;
  process.env.POWERTOOLS_LOG_LEVEL = 'INFO';
  output = captureOutput();
  api = await startApi();
  ledger = new Ledger({ table: api.database.tables.ledger, endpoint: api.database.endpoint });
  await api.call('POST', '/v1/assets', { code: 'USD/2' });
  await api.call('POST', '/v1/accounts', { id: 'system:external', unbounded: true });
  for (const id of ['alice', 'bob']) await api.call('POST', '/v1/accounts', { id });
  await api.call('POST', '/v1/accounts/alice/deposits', { asset: 'USD/2', amount: 1_000 });
});
afterEach(() => {
  output.clear();
  delete process.env._X_AMZN_TRACE_ID;
});
afterAll(async () => {
  output.stop();
  process.env = environment;
  ledger.client.destroy();
  await api.stop();
  await listener.stop();
});

const traceId = '1-5759e988-bd862e3fe1be46a994272793';
const callersTrace = '4bf92f3577b34da6a3ce929d0e0e4736';

function transfer(amount: number, options: Parameters<TestApi['call']>[3] = {}, rest: object = {}) {
  return api.call(
    'POST',
    '/v1/transfers',
    { source: 'alice', destination: 'bob', asset: 'USD/2', amount, ...rest },
    options,
  );
}

/** The one line about a request. */
function lineOf(correlationId: string | undefined) {
  const lines = output.lines().filter((line) => line.correlationId === correlationId);
  expect(lines).toHaveLength(1);
  return lines[0] as Readonly<Record<string, unknown>>;
}

describe('a request', () => {
  it('is followed by its ids from answer to log line, to record, to trace', async () => {
    process.env._X_AMZN_TRACE_ID = `Root=${traceId};Parent=53995c3f42cd8ad8;Sampled=1`;
    const answer = await transfer(10, { headers: { traceparent: `00-${callersTrace}-00f067aa0ba902b7-01` } });
    expect(answer.status).toBe(201);

    const correlationId = answer.headers['X-Correlation-Id'] as string;
    const line = lineOf(correlationId);
    expect(line).toMatchObject({
      level: 'INFO',
      message: 'request',
      service: 'florin-test',
      operation: 'createTransfer',
      status: 201,
      transactionId: answer.body.id,
      accounts: ['alice', 'bob'],
      tenant: 'default',
      client: expect.any(String),
      requestId: expect.any(String),
      traceId,
      causedBy: callersTrace,
      type: 'transfer',
      outcome: 'posted',
    });

    const record = await ledger.transactions.record(tenant, line.transactionId as TransactionId);
    expect(record?.cause?.correlationId).toBe(correlationId);
    const [, storedTrace, storedSpan, flags] = record?.cause?.traceparent?.split('-') ?? [];
    expect(`1-${storedTrace?.slice(0, 8)}-${storedTrace?.slice(8)}`).toBe(traceId);
    expect(flags).toBe('01');

    const subsegment = await listener.find(({ annotations }) => annotations.correlationId === correlationId);
    expect(subsegment).toMatchObject({
      type: 'subsegment',
      name: 'createTransfer',
      trace_id: traceId,
      id: storedSpan,
      parent_id: '53995c3f42cd8ad8',
      annotations: {
        operation: 'createTransfer',
        tenant: 'default',
        transactionId: answer.body.id,
        causedBy: callersTrace,
      },
    });
    expect(subsegment.end_time).toBeGreaterThan(subsegment.start_time);
    expect(answer.text).not.toMatch(/traceparent|cause|correlation/i);
  });

  it('is answered alike when it is repeated, and leaves the record to the first', async () => {
    const key = 'followed-twice';
    const first = await transfer(10, { key, headers: { 'X-Correlation-Id': 'first' } });
    const again = await transfer(10, {
      key,
      headers: { 'X-Correlation-Id': 'again', traceparent: `00-${callersTrace}-00f067aa0ba902b7-01` },
    });
    expect(again.text).toBe(first.text);
    const record = await ledger.transactions.record(tenant, first.body.id);
    expect(record?.cause).toEqual({ correlationId: 'first' });
    expect(metricsIn(lineOf('first')).map(({ name }) => name)).toContain('Transactions');
    const replayed = lineOf('again');
    expect(replayed).toMatchObject({ replayed: true, transactionId: first.body.id });
    const counted = metricsIn(replayed).map(({ name }) => name);
    expect(counted).toEqual(['Requests', 'Latency', 'Replays', 'Faults']);
  });

  it('keeps the cause of a decline too', async () => {
    const answer = await transfer(1_000_000, { headers: { 'X-Correlation-Id': 'declined' } });
    const record = await ledger.transactions.record(tenant, answer.body.transactionId);
    expect(record).toMatchObject({
      result: { transaction: { status: 'rejected' } },
      cause: { correlationId: 'declined' },
    });
  });
});

describe('the fields of lines', () => {
  it('are all documented, and those that are documented are there', async () => {
    process.env._X_AMZN_TRACE_ID = `Root=${traceId};Parent=53995c3f42cd8ad8;Sampled=1`;
    const headers = { traceparent: `00-${callersTrace}-00f067aa0ba902b7-01` };
    const key = 'all-fields';
    for (const amount of [1, 1, 2]) await transfer(amount, { key, headers });
    const movement = { source: 'alice', destination: 'bob', asset: 'USD/2', amount: 1 };
    await api.call('POST', '/v1/transfers?dryRun=true', movement);
    await api.call('GET', '/v1/accounts/alice/balances/USD.2');
    await api.call('POST', '/v1/holds', { account: 'nobody', asset: 'USD/2', amount: 1 });
    const names = new Set(output.lines().flatMap((line) => Object.keys(line)));
    // What it takes an operator's switch, a fault of ours or a new instance to see is seen by other tests.
    for (const name of ['forbiddenBy', 'error', 'coldStart']) names.add(name);

    const fieldRows = tableRows(readDocument('docs/observability.md')).filter(({ length }) => length === 3);
    const documented = fieldRows.map(([name = '']) => name.replaceAll('`', ''));
    // Metrics are in the lines under their own names, and documented as metrics.
    const metricNames = Object.values(metrics).map(({ name }) => String(name));
    expect([...names].filter((name) => !metricNames.includes(name)).toSorted()).toEqual(documented.toSorted());
  });
});

describe('metrics', () => {
  const dimensions = { service: 'florin-test' };

  it('of a transfer are its request, its outcome and the writes it took', async () => {
    await transfer(10, { headers: { 'X-Correlation-Id': 'm-1' } });
    const operation = { ...dimensions, operation: 'createTransfer' };
    expect(metricsIn(lineOf('m-1'))).toEqual([
      { name: 'Requests', unit: 'Count', dimensions: operation, value: 1 },
      { name: 'Latency', unit: 'Milliseconds', dimensions: operation, value: expect.any(Number) },
      { name: 'Faults', unit: 'Count', dimensions, value: 0 },
      { name: 'CommitAttempts', unit: 'Count', dimensions, value: 1 },
      {
        name: 'Transactions',
        unit: 'Count',
        dimensions: { ...dimensions, type: 'transfer', outcome: 'posted' },
        value: 1,
      },
    ]);
  });

  it('of a decline are an error by its code, and an outcome by its reason', async () => {
    await transfer(1_000_000, { headers: { 'X-Correlation-Id': 'm-2' } });
    const found = metricsIn(lineOf('m-2'));
    const insufficient = 'insufficient_funds';
    expect(found).toContainEqual(
      expect.objectContaining({ name: 'Errors', dimensions: { ...dimensions, code: insufficient } }),
    );
    expect(found).toContainEqual(
      expect.objectContaining({
        name: 'Transactions',
        dimensions: { ...dimensions, type: 'transfer', outcome: insufficient },
      }),
    );
  });

  it('know a few types, and count those that clients name as one', async () => {
    const postings = [{ source: 'alice', destination: 'bob', asset: 'USD/2', amount: '1' }];
    await api.call(
      'POST',
      '/v1/transactions',
      { postings, type: 'rent_of_may' },
      { headers: { 'X-Correlation-Id': 'm-3' } },
    );
    expect(lineOf('m-3')).toMatchObject({ type: 'other', outcome: 'posted' });
    expect(JSON.stringify(lineOf('m-3'))).not.toContain('rent_of_may');
  });

  it('count a key that belongs to another request', async () => {
    await transfer(1, { key: 'taken' });
    await transfer(2, { key: 'taken', headers: { 'X-Correlation-Id': 'm-4' } });
    expect(metricsIn(lineOf('m-4'))).toContainEqual({
      name: 'KeyConflicts',
      unit: 'Count',
      dimensions: { ...dimensions, operation: 'createTransfer' },
      value: 1,
    });
  });

  it('count the replay and the key conflict of a change that moves no money', async () => {
    const create = (body: object, correlationId: string) =>
      api.call('POST', '/v1/accounts', body, { key: 'carol', headers: { 'X-Correlation-Id': correlationId } });
    await create({ id: 'carol' }, 'a-1');
    await create({ id: 'carol' }, 'a-2');
    await create({ id: 'dave' }, 'a-3');
    const counted = (id: string) => metricsIn(lineOf(id)).map(({ name }) => name);
    expect(counted('a-1')).toEqual(['Requests', 'Latency', 'Faults']);
    expect(counted('a-2')).toContain('Replays');
    expect(counted('a-3')).toEqual(expect.arrayContaining(['KeyConflicts', 'Errors']));
  });

  it('are in the one line of every request, in the format that CloudWatch reads', async () => {
    await transfer(5);
    await api.call('GET', '/v1/accounts/alice/balances/USD.2');
    await api.call('GET', '/v1/accounts/nobody');
    await api.call('GET', '/health');
    const lines = output.lines();
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(metricsIn(line).length).toBeGreaterThanOrEqual(3);
  });

  it('keep a request under a kilobyte and a half of log', async () => {
    process.env._X_AMZN_TRACE_ID = `Root=${traceId};Parent=53995c3f42cd8ad8;Sampled=1`;
    await transfer(5);
    expect(Buffer.byteLength(output.text)).toBeLessThan(1_536);
  });
});
