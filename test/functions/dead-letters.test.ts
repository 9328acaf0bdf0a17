import { randomUUID } from 'node:crypto';
import { DeleteItemCommand, GetItemCommand, PutItemCommand, paginateScan } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SQSRecord } from 'aws-lambda';
import { deadLetterAnswer, deadLetterPage, reprocessManyAnswer } from '../../lib/http/admin-schemas.ts';
import { callersOf } from '../authorisation/callers.ts';
import { queueRecord } from '../platform/platform-fixture.ts';
import type { Worker } from '../support/queues.ts';
import type { ApiAnswer, TestApi } from './api.ts';
import { drainLines } from './line-worker.ts';
import { fundedAccount, postedOf, startApiWithMoney } from './money.ts';
import { lambdaContext } from './proxy-event.ts';

const path = '/v1/admin/dead-letters';

let api: TestApi;
let keep: Worker;
beforeAll(async () => {
  api = await startApiWithMoney();
  // Loaded only now: it reads the environment that the API has made.
  keep = (await import('../../functions/workers/keep-dead-letters.ts')).handler;
});
afterAll(() => api.stop());

let messages = 0;
/** Has a message kept that came out of a queue of dead letters. */
async function deadLetter(rest: Partial<SQSRecord> = {}, body: unknown = { tenant: 'default', account: 'alice' }) {
  const record = queueRecord(`message-${++messages}`, body, rest);
  expect(await keep({ Records: [record] }, lambdaContext())).toEqual({ batchItemFailures: [] });
  const page = await list('?limit=100');
  for (const { id } of page.body.data) {
    const { body: letter } = await api.call('GET', `${path}/${id}`);
    if (letter.message?.id === record.messageId) return letter;
  }
  throw new Error('the dead letter is not listed');
}

const list = (query = '') => demand(200, api.call('GET', `${path}${query}`));
const from = (queue: string) => ({ eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:florin-test-${queue}` });

/** What the audit log has on a dead letter. */
async function actsOn(id: string): Promise<object[]> {
  const { body } = await demand(200, api.call('GET', `/v1/admin/audit-log?target=${id}`));
  return body.data.map(({ action, reason, after }: Record<string, unknown>) => ({ action, reason, after }));
}

async function demand(status: number, call: Promise<ApiAnswer>): Promise<ApiAnswer> {
  const answer = await call;
  if (answer.status !== status) throw new Error(`${answer.status} ${answer.text}`);
  return answer;
}

/** Forgets what Powertools would replay, as a crash before its record was completed leaves it. */
async function forgetReplays(): Promise<void> {
  const { client, tables } = api.database;
  for await (const { Items = [] } of paginateScan({ client }, { TableName: tables.idempotency })) {
    for (const { id } of Items) {
      if (id) await client.send(new DeleteItemCommand({ TableName: tables.idempotency, Key: { id } }));
    }
  }
}

describe('dead letters of messages', () => {
  it('are listed, the newest first, in pages and by filters, and read with their message', async () => {
    const old = await deadLetter({ attributes: { ...queueRecord('', '').attributes, SentTimestamp: '1600000000000' } });
    const young = await deadLetter(from('deliveries-dead-letters'));
    const page = deadLetterPage.parse((await list('?limit=1')).body);
    expect(page.data.map(({ id }) => id)).toEqual([young.id]);
    expect(page.data[0]).not.toHaveProperty('message');
    const rest = deadLetterPage.parse((await list(`?limit=1&cursor=${page.nextCursor}`)).body);
    expect(rest.data.map(({ id }) => id)).toEqual([old.id]);
    expect(rest.nextCursor).toBeUndefined();
    expect((await list('?source=deliveries&kind=message&status=open')).body.data).toHaveLength(1);
    expect((await list('?kind=transaction')).body.data).toEqual([]);
    const other = await api.call('GET', `${path}?status=open&limit=1&cursor=${page.nextCursor}`);
    expect([other.status, other.body.code]).toEqual([400, 'invalid_cursor']);

    const read = await demand(200, api.call('GET', `${path}/${old.id}`));
    expect(deadLetterAnswer.parse(read.body)).toMatchObject({
      kind: 'message',
      source: 'lines',
      worker: 'process-transfers',
      status: 'open',
      attempts: 5,
      account: 'alice',
      correlationId: 'c-1',
      message: { body: '{"tenant":"default","account":"alice"}', attributes: { MessageGroupId: 'group' } },
    });
    const headers = { 'If-None-Match': String(read.headers.ETag) };
    expect((await api.call('GET', `${path}/${old.id}`, undefined, { headers })).status).toBe(304);
  });

  it('are sent to their queue again, once under a key, also where the answer was lost', async () => {
    api.queues.take(api.queues.queue('journal'));
    const { id, message } = await deadLetter(from('journal-dead-letters.fifo'), { tenant: 'default', items: [] });
    const key = randomUUID();
    const first = await demand(200, api.call('POST', `${path}/${id}/reprocess`, undefined, { key }));
    expect(deadLetterAnswer.parse(first.body)).toMatchObject({
      status: 'reprocessed',
      resolution: { by: 'deployment', messageId: expect.any(String) },
    });
    const replay = await demand(200, api.call('POST', `${path}/${id}/reprocess`, undefined, { key }));
    expect([replay.text, replay.headers['Idempotent-Replayed']]).toEqual([first.text, 'true']);
    await forgetReplays();
    const again = await demand(200, api.call('POST', `${path}/${id}/reprocess`, undefined, { key }));
    expect(again.body).toEqual(first.body);
    const taken = api.queues.take(api.queues.queue('journal'));
    expect(taken).toHaveLength(1);
    expect(taken[0]?.body).toBe(message.body);
    expect(await actsOn(id)).toEqual([
      { action: 'dead_letter.reprocessed', after: { messageId: first.body.resolution.messageId } },
    ]);
    const other = await api.call('POST', `${path}/${id}/reprocess`);
    expect([other.status, other.body.code]).toEqual([409, 'dead_letter_not_open']);
  });

  it('are discarded for a reason, once', async () => {
    const { id } = await deadLetter();
    const key = randomUUID();
    const body = { reason: 'Repaired by hand' };
    const first = await demand(200, api.call('POST', `${path}/${id}/discard`, body, { key }));
    expect(first.body).toMatchObject({ status: 'discarded', resolution: { by: 'deployment', ...body } });
    await forgetReplays();
    const again = await demand(200, api.call('POST', `${path}/${id}/discard`, body, { key }));
    expect(again.body).toEqual(first.body);
    expect(await actsOn(id)).toEqual([{ action: 'dead_letter.discarded', ...body, after: {} }]);
    for (const call of ['discard', 'reprocess']) {
      const late = await api.call('POST', `${path}/${id}/${call}`, call === 'discard' ? body : undefined);
      expect([late.status, late.body.code]).toEqual([409, 'dead_letter_not_open']);
    }
    expect((await list('?status=discarded')).body.data.map((letter: { id: string }) => letter.id)).toEqual([id]);
  });

  it('of stream records say what to do instead, and then are discarded', async () => {
    const { id, source } = await deadLetter(from('stream-failures'), { version: '1.0' });
    expect(source).toBe('ledger_stream');
    const refused = await api.call('POST', `${path}/${id}/reprocess`);
    expect([refused.status, refused.body.code]).toEqual([409, 'not_reprocessable']);
    expect(refused.body.detail).toContain('npm run repair:journal');
    await demand(200, api.call('POST', `${path}/${id}/discard`, { reason: 'The repair ran' }));
  });

  it('are reprocessed by ids or by a filter, each with an outcome of its own', async () => {
    api.queues.take(api.queues.queue('deliveries'));
    const letters = [];
    for (let n = 0; n < 3; n++) letters.push(await deadLetter(from('publication-dead-letters.fifo')));
    const ids = letters.map(({ id }) => id);
    const unknown = `dl_${'1'.repeat(13)}${'a'.repeat(26)}`;
    const byIds = await demand(200, api.call('POST', `${path}/reprocess`, { ids: [ids[0], unknown] }));
    expect(reprocessManyAnswer.parse(byIds.body)).toEqual({
      data: [
        { id: ids[0], outcome: 'reprocessed', messageId: expect.any(String) },
        { id: unknown, outcome: 'not_found' },
      ],
      more: false,
    });
    const key = randomUUID();
    const filter = { kind: 'message', source: 'publication' };
    const first = await demand(200, api.call('POST', `${path}/reprocess`, { filter, limit: 1 }, { key }));
    expect(first.body.data).toHaveLength(1);
    expect(first.body.more).toBe(true);
    await forgetReplays();
    const again = await demand(200, api.call('POST', `${path}/reprocess`, { filter, limit: 1 }, { key }));
    expect(again.body).toEqual(first.body);
    const rest = await demand(200, api.call('POST', `${path}/reprocess`, { filter }));
    expect(rest.body.data.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['reprocessed']);
    expect([first.body.data[0].id, rest.body.data[0].id].toSorted()).toEqual(ids.slice(1).toSorted());
    expect(api.queues.take(api.queues.queue('publication'))).toHaveLength(3);
  });

  it('that may be of any tenant are told by no repetition of what who operates the platform did', async () => {
    const operator = await callersOf(api)({ roles: ['operator'] });
    const requests = [
      (id: string) => ['/reprocess', { ids: [id] }],
      () => ['/reprocess', { filter: { source: 'deliveries' } }],
      (id: string) => [`/${id}/reprocess`, undefined],
      (id: string) => [`/${id}/discard`, { reason: 'Repaired by hand' }],
    ] as const;
    for (const request of requests) {
      const { id } = await deadLetter(from('deliveries-dead-letters'), 'no json');
      const [rest, body] = request(id);
      const key = randomUUID();
      const first = await demand(200, api.call('POST', `${path}${rest}`, body, { key }));
      expect(first.text).toContain(id);
      const repeated = await operator('POST', `${path}${rest}`, body, { key });
      expect([repeated.status, repeated.body.code]).toEqual([422, 'idempotency_key_reused']);
    }
    api.queues.take(api.queues.queue('deliveries'));
  });

  it('are not found where there is none', async () => {
    for (const [method, rest, body] of [
      ['GET', '', undefined],
      ['POST', '/reprocess', undefined],
      ['POST', '/discard', { reason: 'x' }],
    ] as const) {
      const answer = await api.call(method, `${path}/dl_${'1'.repeat(13)}${'b'.repeat(26)}${rest}`, body);
      expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
    }
  });
});

describe('a message that no worker can read', () => {
  it('becomes a dead letter with its error, and the ones behind it do not wait for it', async () => {
    const [source, destination] = [await fundedAccount(api, 100), await fundedAccount(api, 0)];
    const headers = { Prefer: 'respond-async' };
    const { QueueSender } = await import('../../lib/sqs/index.ts');
    const queue = new QueueSender({ queueUrl: api.queues.urlOf('lines'), timeoutMs: 1_000, maxAttempts: 3 });
    await queue.send([{ body: { tenant: 'default' }, group: 'lines', deduplicationId: randomUUID() }]);
    await demand(
      202,
      api.call('POST', '/v1/transfers', { source, destination, asset: 'USD/2', amount: '1' }, { headers }),
    );
    await drainLines(api);
    expect(await postedOf(api, destination)).toBe('1');
    const given = api.queues.deadLettersOf('lines').receive(10);
    const Records = given.map((message) =>
      queueRecord(message.messageId, message.body, {
        ...from('lines-dead-letters.fifo'),
        attributes: message.attributes as unknown as SQSRecord['attributes'],
      }),
    );
    expect(Records).toHaveLength(1);
    await keep({ Records }, lambdaContext());
    const [letter] = (await list('?source=lines&status=open&limit=1')).body.data;
    expect(letter).toMatchObject({
      error: { class: 'UnusableMessage', message: 'not as expected: account' },
      attempts: 5,
    });
  });
});

describe('the dead letter of a failed transaction', () => {
  it('leads to another transaction, once, and the two name each other', async () => {
    const [source, destination] = [await fundedAccount(api, 100), await fundedAccount(api, 0)];
    const repair = await damageBalance(source);
    const accepted = await demand(
      202,
      api.call(
        'POST',
        '/v1/transfers',
        { source, destination, asset: 'USD/2', amount: '40' },
        {
          headers: { Prefer: 'respond-async' },
        },
      ),
    );
    const failed = accepted.body.id;
    await drainLines(api);
    expect((await api.call('GET', `/v1/transactions/${failed}`)).body).toMatchObject({ status: 'failed' });

    const [letter, ...others] = (await list('?kind=transaction&status=open')).body.data;
    expect(others).toEqual([]);
    expect(deadLetterAnswer.parse((await api.call('GET', `${path}/${letter.id}`)).body)).toMatchObject({
      source: 'lines',
      error: { class: 'InvariantViolation', message: expect.stringContaining('damaged item') },
      attempts: 5,
      transactionId: failed,
      account: source,
    });

    await repair();
    const answers = await Promise.all([1, 2, 3].map(() => api.call('POST', `${path}/${letter.id}/reprocess`)));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 409, 409]);
    const { resolution } = (await api.call('GET', `${path}/${letter.id}`)).body;
    expect(resolution.transactionId).not.toBe(failed);
    expect(await actsOn(letter.id)).toEqual([
      { action: 'dead_letter.reprocessed', after: { transactionId: resolution.transactionId } },
    ]);
    await drainLines(api);
    expect((await api.call('GET', `/v1/transactions/${failed}`)).body).toMatchObject({
      status: 'failed',
      reprocessedBy: resolution.transactionId,
    });
    expect((await api.call('GET', `/v1/transactions/${resolution.transactionId}`)).body).toMatchObject({
      status: 'posted',
      reprocesses: failed,
    });
    expect([await postedOf(api, source), await postedOf(api, destination)]).toEqual(['60', '40']);
  });
});

/** Takes a part of a balance's item away; returns how to put it back. */
async function damageBalance(id: string): Promise<() => Promise<void>> {
  const { client, tables } = api.database;
  const Key = { PK: { S: `T#default#A#${id}` }, SK: { S: 'B#USD/2' } };
  const { Item = {} } = await client.send(new GetItemCommand({ TableName: tables.ledger, Key }));
  const { headHash: _, ...rest } = Item;
  await client.send(new PutItemCommand({ TableName: tables.ledger, Item: rest }));
  return async () => void (await client.send(new PutItemCommand({ TableName: tables.ledger, Item })));
}
