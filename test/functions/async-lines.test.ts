import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { lineAnswer, transactionAnswer } from '../../lib/http/line-schemas.ts';
import { recordIdOfTransaction, type TransactionId } from '../../lib/ledger/index.ts';
import { type CapturedOutput, captureOutput } from '../observability/captured-output.ts';
import { metricsIn } from '../observability/emf-schema.ts';
import { busyMachineMs, until } from '../support/until.ts';
import { type ApiAnswer, apiKey, type Call, flagsParameter, loadFunctions, type TestApi } from './api.ts';
import { drainLines, serveLines } from './line-worker.ts';
import { fundedAccount, postedOf, startApiWithMoney } from './money.ts';

let output: CapturedOutput;
let api: TestApi;
const environment = { ...process.env };
beforeAll(async () => {
  process.env.POWERTOOLS_LOG_LEVEL = 'INFO';
  output = captureOutput();
  api = await startApiWithMoney();
});
afterEach(() => output.clear());
afterAll(async () => {
  output.stop();
  process.env = environment;
  await api.stop();
});

const asset = 'USD/2';
const account = (funds = 0) => fundedAccount(api, funds);
const read = (id: string) => api.call('GET', `/v1/transactions/${id}`);
const transfer = (source: string, destination: string, amount: number, rest: object = {}) => ({
  source,
  destination,
  asset,
  amount,
  ...rest,
});

function accept(
  body: object,
  { key = randomUUID() as string, call = api.call, headers = {} } = {},
): Promise<ApiAnswer> {
  return call('POST', '/v1/transfers', body, { key, headers: { Prefer: 'respond-async', ...headers } });
}

/** Adds attributes to a transaction's record, behind the ledger's back. */
async function damage(id: TransactionId, attribute: string): Promise<void> {
  await api.database.client.send(
    new UpdateItemCommand({
      TableName: api.database.tables.ledger,
      Key: { PK: { S: `T#default#X#${recordIdOfTransaction(id)}` }, SK: { S: 'RECORD' } },
      UpdateExpression: 'SET #attribute = :nonsense',
      ConditionExpression: 'attribute_exists(PK)',
      ExpressionAttributeNames: { '#attribute': attribute },
      ExpressionAttributeValues: { ':nonsense': { M: { kind: { S: 'nonsense' } } } },
    }),
  );
}

describe('GET /v1/accounts/{accountId}/pending', () => {
  const pending = (id: string, query = '') => api.call('GET', `/v1/accounts/${id}/pending${query}`);

  it('shows the line from its head on, in pages', async () => {
    const [alice, bob] = [await account(100), await account()];
    const accepted: ApiAnswer['body'][] = [];
    for (let amount = 1; amount <= 5; amount++) accepted.push((await accept(transfer(alice, bob, amount))).body);
    const seen: ApiAnswer['body'][] = [];
    const sizes: number[] = [];
    for (let query = '?limit=2'; query !== ''; ) {
      const { status, body } = await pending(alice, query);
      expect(status).toBe(200);
      expect(() => lineAnswer.parse(body)).not.toThrow();
      sizes.push(body.data.length);
      seen.push(...body.data);
      query = body.nextCursor ? `?limit=2&cursor=${encodeURIComponent(body.nextCursor)}` : '';
    }
    expect(seen).toEqual(accepted);
    expect(sizes).toEqual([2, 2, 1]);
    const times = seen.map(({ createdAt }) => createdAt);
    expect(times).toEqual([...new Set(times)].sort());
    // Who is paid has no line of these.
    expect((await pending(bob)).body).toEqual({ data: [] });

    const { body: first } = await pending(alice, '?limit=2');
    const foreign = await pending(bob, `?limit=2&cursor=${encodeURIComponent(first.nextCursor)}`);
    expect([foreign.status, foreign.body.code]).toEqual([400, 'invalid_cursor']);
    await drainLines(api);
    expect((await pending(alice)).body).toEqual({ data: [] });
    // A cursor of before the line moved on still says where to go on.
    const late = await pending(alice, `?limit=2&cursor=${encodeURIComponent(first.nextCursor)}`);
    expect([late.status, late.body]).toEqual([200, { data: [] }]);
  });

  it('is not there for an account that is not there', async () => {
    const missing = await pending('nobody');
    expect([missing.status, missing.body.code]).toEqual([404, 'not_found']);
  });

  it('shows what can no longer be read by what its record says', async () => {
    const [alice, bob] = [await account(100), await account()];
    const { body } = await accept(transfer(alice, bob, 1));
    await damage(body.id, 'command');
    const { id, status, type, createdAt } = body;
    const shown = await pending(alice);
    expect(shown.body).toEqual({ data: [{ id, status, type, createdAt }] });
    expect((await read(id)).body).toEqual({ id, status, type, createdAt });
    await drainLines(api);
  });
});

describe('a transaction that fails by itself', () => {
  it('is failed for good and says so, and the line goes on behind it', async () => {
    const [alice, bob] = [await account(100), await account()];
    const [key, body] = [randomUUID(), transfer(alice, bob, 10, { description: 'poison' })];
    const ahead = await accept(transfer(alice, bob, 1));
    const poisoned = await accept(body, { key });
    const behind = await accept(transfer(alice, bob, 2));
    await damage(poisoned.body.id, 'command');
    const tag = (await read(poisoned.body.id)).headers.ETag;
    await drainLines(api);

    for (const { body: each } of [ahead, behind]) expect((await read(each.id)).body.status).toBe('posted');
    expect(await postedOf(api, bob)).toBe('3');
    const failed = await read(poisoned.body.id);
    expect(() => transactionAnswer.parse(failed.body)).not.toThrow();
    expect(failed.body).toMatchObject({ status: 'failed', type: 'transfer', createdAt: poisoned.body.createdAt });
    expect(failed.headers.ETag).not.toBe(tag);
    const known = await api.call('GET', `/v1/transactions/${poisoned.body.id}`, undefined, {
      headers: { 'If-None-Match': failed.headers.ETag ?? '' },
    });
    expect(known.status).toBe(304);
    const sync = await api.call('POST', '/v1/transfers', body, { key });
    expect(sync).toMatchObject({
      status: 422,
      body: {
        code: 'transaction_failed',
        transactionId: poisoned.body.id,
        instance: `/v1/transactions/${poisoned.body.id}`,
      },
      headers: { 'Idempotent-Replayed': 'true' },
    });
    // The answer is made of what is asked for, which whoever repeats the request has sent again.
    const again = await accept(body, { key });
    expect([again.status, again.text]).toEqual([202, poisoned.text]);
    const line = output.lines().find(({ message }) => message === 'a transaction failed for good');
    expect(line).toMatchObject({ level: 'ERROR', transactionId: poisoned.body.id, account: alice, attempts: 5 });
    const [measured] = output
      .lines()
      .filter(({ message, FailedTransactions }) => message === 'lines' && FailedTransactions);
    expect(measured).toMatchObject({ FailedTransactions: 1, Applied: 2, AppliedRejected: 0 });
  });
});

describe('the lines in the log', () => {
  const secret = 'sEcReT';
  const told = { description: `${secret} description`, metadata: { [`${secret}_name`]: `${secret} value` } };
  const lineOf = (correlationId: string | undefined) =>
    output.lines().filter((line) => line.message === 'request' && line.correlationId === correlationId);

  it('count what is accepted once and what is applied once, name ids, and carry no contents', async () => {
    const [alice, bob] = [await account(100), await account()];
    const key = `${secret}-key`;
    output.clear();
    const correlated = { 'X-Correlation-Id': 'request-1' };
    const first = await accept(transfer(alice, bob, 73, told), { key, headers: correlated });
    await accept(transfer(alice, bob, 1_000, told));
    const again = await accept(transfer(alice, bob, 73, told), { key });

    const [accepted] = lineOf('request-1');
    expect(accepted).toMatchObject({
      operation: 'createTransfer',
      status: 202,
      accepted: true,
      transactionId: first.body.id,
      accounts: [alice, bob],
      Accepted: 1,
      CommitAttempts: 1,
    });
    for (const name of ['Transactions', 'outcome', 'type', 'replayed']) expect(accepted).not.toHaveProperty(name);
    expect(metricsIn(accepted ?? {})).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'Accepted', value: 1 })]),
    );
    const [replayed] = lineOf(again.headers['X-Correlation-Id']);
    expect(replayed).toMatchObject({ status: 202, replayed: true, Replays: 1 });
    for (const name of ['Accepted', 'accepted', 'CommitAttempts']) expect(replayed).not.toHaveProperty(name);

    await drainLines(api);
    const worked = output.lines().filter(({ message }) => message === 'lines');
    const sum = (name: string) => worked.reduce((total, line) => total + Number(line[name] ?? 0), 0);
    expect([sum('Applied'), sum('AppliedRejected'), sum('FailedTransactions')]).toEqual([2, 1, 0]);
    expect(worked[0]).toMatchObject({ correlationIds: ['request-1'], service: 'florin-test' });
    expect(worked[0]?.LineWait).toBeGreaterThanOrEqual(0);
    expect(output.text).not.toContain(secret);
    expect(output.text).not.toContain(apiKey);
  });

  it('name a capture that waits, also where the request did not ask for that', async () => {
    const [guest, hotel] = [await account(100), await account()];
    const { body: hold } = await api.call('POST', '/v1/holds', { account: guest, asset, amount: '60' });
    const [path, body, key] = [`/v1/holds/${hold.id}/captures`, { destination: hotel }, randomUUID()];
    const headers = { Prefer: 'respond-async' };
    const accepted = await api.call('POST', path, body, { key, headers });
    const sync = await api.call('POST', path, body, { key, timeMs: 1_000 });
    expect([sync.status, sync.text]).toEqual([202, accepted.text]);
    const [line] = lineOf(sync.headers['X-Correlation-Id']);
    expect(line).toMatchObject({
      operation: 'captureHold',
      replayed: true,
      transactionId: accepted.body.id,
      holdId: hold.id,
    });
    await drainLines(api);
  });

  it('say of a wake-up that found nothing that nothing was applied', async () => {
    const alice = await account();
    output.clear();
    const served = await serveLines(api);
    const { QueueSender, lineGroup } = await import('../../lib/sqs/index.ts');
    const sender = new QueueSender({ queueUrl: api.queues.urlOf('lines'), timeoutMs: busyMachineMs, maxAttempts: 1 });
    const [tenant, id] = ['default', alice] as unknown as Parameters<typeof lineGroup>;
    const body = { tenant, account: id };
    await sender.send([{ body, group: lineGroup(tenant, id), deduplicationId: randomUUID() }]);
    await served.drained();
    await served.stop();
    expect(output.lines().filter(({ message }) => message === 'lines')).toMatchObject([{ messages: 1, Applied: 0 }]);
  });
});

describe('while the queue cannot be reached', () => {
  /** New instances of the functions that find these in their environment. */
  async function instancesWith(variables: Readonly<Record<string, string>>): Promise<Call> {
    jest.resetModules();
    Object.assign(process.env, variables);
    return loadFunctions();
  }

  it.each(['refuses connections', 'never answers', 'knows no such queue'] as const)(
    'requests are accepted all the same, in time, with a warning: it %s',
    async (mood) => {
      const [alice, bob] = [await account(100), await account()];
      const silent: Server = createServer(() => {}).listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = silent.address() as AddressInfo;
      const found = { LINES_QUEUE_URL: api.queues.urlOf('lines'), AWS_ENDPOINT_URL_SQS: api.queues.endpoint };
      try {
        if (mood === 'refuses connections') await new Promise((resolve) => silent.close(resolve));
        const call = await instancesWith(
          mood === 'knows no such queue'
            ? { LINES_QUEUE_URL: `${found.LINES_QUEUE_URL}x` }
            : { AWS_ENDPOINT_URL_SQS: `http://127.0.0.1:${port}` },
        );
        await call('GET', `/v1/accounts/${alice}`);
        output.clear();
        const startedAt = performance.now();
        const answer = await accept(transfer(alice, bob, 10), { call });
        expect(performance.now() - startedAt).toBeLessThan(1_000 + busyMachineMs);
        expect([answer.status, answer.body.status]).toEqual([202, 'pending']);
        const warnings = output.lines().filter(({ level }) => level === 'WARN');
        expect(warnings).toMatchObject([
          { message: expect.stringContaining('could not be woken'), transactionId: answer.body.id },
        ]);
        // It waits for whoever looks next.
        expect((await api.call('GET', `/v1/accounts/${alice}/pending`)).body.data).toEqual([answer.body]);
      } finally {
        silent.close();
        Object.assign(process.env, found);
      }
    },
  );
});

describe('while changes are switched off', () => {
  it('nothing is accepted and nothing in a line is executed; once on again, everything is', async () => {
    const [alice, bob] = [await account(100), await account()];
    const waiting = await accept(transfer(alice, bob, 10));
    const found = (flags: string) => {
      api.parameters.parameters.set(flagsParameter, flags);
      jest.resetModules();
    };
    found('{"acceptWrites":false}');
    const call = await loadFunctions();
    const refused = await accept(transfer(alice, bob, 10), { call });
    expect(refused.status).toBe(503);
    const off = await serveLines(api);
    await until('the worker has answered', () => off.batches[0]?.answer);
    await off.stop();
    const [batch] = off.batches;
    expect(batch?.answer?.batchItemFailures).toHaveLength(batch?.event.Records.length ?? 0);
    expect((await read(waiting.body.id)).body.status).toBe('pending');
    expect(api.queues.depthOf('lines')).toMatchObject({ visible: 0, inFlight: batch?.event.Records.length });
    // The first look falls into its time and the message comes back after it: far beyond what a test waits.
    expect((api.queues.queue('lines').nextVisibleAt() ?? 0) - Date.now()).toBeGreaterThan(250_000);

    found('{}');
    const { handler } = await import('../../functions/workers/process-transfers.ts');
    const { lambdaContext } = await import('./proxy-event.ts');
    const event = batch?.event ?? { Records: [] };
    expect(await handler(event, lambdaContext(20_000))).toEqual({ batchItemFailures: [] });
    expect((await read(waiting.body.id)).body.status).toBe('posted');
  });
});
