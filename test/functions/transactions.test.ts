import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { postedTransaction, previewAnswer } from '../../lib/http/answers.ts';
import { transactionAnswer } from '../../lib/http/line-schemas.ts';
import type { TestApi } from './api.ts';
import { fundedAccount, postedOf, startApiWithMoney } from './money.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApiWithMoney();
});
afterAll(() => api.stop());

const account = (funds = 0) => fundedAccount(api, funds);
const posted = (id: string) => postedOf(api, id);

describe('createTransfer', () => {
  it('answers the transaction with its entries, and where it is', async () => {
    const [source, destination] = [await account(10_000), await account()];
    const answer = await api.call(
      'POST',
      '/v1/transfers',
      { source, destination, asset: 'USD/2', amount: '1050', description: 'Lunch', metadata: { order: '7' } },
      { basePath: '/dev' },
    );
    expect(answer.status).toBe(201);
    expect(() => postedTransaction.parse(answer.body)).not.toThrow();
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^tx_/),
      status: 'posted',
      type: 'transfer',
      postings: [{ source, destination, asset: 'USD/2', amount: '1050' }],
      entries: [
        { account: source, asset: 'USD/2', sequence: '2', amount: '-1050', balanceAfter: '8950' },
        { account: destination, asset: 'USD/2', sequence: '1', amount: '1050', balanceAfter: '1050' },
      ],
      description: 'Lunch',
      metadata: { order: '7' },
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect(answer.headers.Location).toBe(`/dev/v1/transactions/${answer.body.id}`);
    const read = await api.call('GET', `/v1/transactions/${answer.body.id}`);
    expect(read.text).toBe(answer.text);
  });

  it('answers 50 requests with one key at one instant the same, and acts once', async () => {
    const [source, destination] = [await account(1_000), await account()];
    const body = { source, destination, asset: 'USD/2', amount: '300' };
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => api.call('POST', '/v1/transfers', body, { key })),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers['Idempotent-Replayed'] === 'true')).toHaveLength(49);
    expect(await posted(source)).toBe('700');
  });

  it('knows a request again whatever the order of its fields and the form of its amount', async () => {
    const [source, destination] = [await account(1_000), await account()];
    const key = randomUUID();
    const first = await api.call(
      'POST',
      '/v1/transfers',
      { source, destination, asset: 'USD/2', amount: '300' },
      { key },
    );
    const again = await api.call(
      'POST',
      '/v1/transfers',
      { amount: 300, asset: 'USD/2', destination, source },
      { key },
    );
    expect(again.text).toBe(first.text);
    expect(again.headers['Idempotent-Replayed']).toBe('true');
  });

  it.each([
    ['another amount', '/v1/transfers', { amount: '301' }],
    ['a description', '/v1/transfers', { description: 'Dinner' }],
    ['another operation', '/v1/transactions', undefined],
  ])('refuses the key for %s', async (_, path, change) => {
    const [source, destination] = [await account(1_000), await account()];
    const key = randomUUID();
    const body = { source, destination, asset: 'USD/2', amount: '300' };
    await api.call('POST', '/v1/transfers', body, { key });
    const other = change ? { ...body, ...change } : { postings: [body], type: 'transfer' };
    const answer = await api.call('POST', path, other, { key });
    expect(answer).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect(await posted(source)).toBe('700');
  });

  it('declines for good, with the evidence, and replays the very same problem', async () => {
    const [source, destination] = [await account(100), await account()];
    const key = randomUUID();
    const body = { source, destination, asset: 'USD/2', amount: '101' };
    const first = await api.call('POST', '/v1/transfers', body, { key });
    expect(first).toMatchObject({
      status: 422,
      body: { code: 'insufficient_funds', account: source, asset: 'USD/2', available: '100', required: '101' },
    });
    expect(first.body.instance).toBe(`/v1/transactions/${first.body.transactionId}`);
    await api.call('POST', `/v1/accounts/${source}/deposits`, { asset: 'USD/2', amount: '1000' });
    const again = await api.call('POST', '/v1/transfers', body, { key });
    expect(again.text).toBe(first.text);
    expect([first, again].map(({ headers }) => headers['Idempotent-Replayed'])).toEqual([undefined, 'true']);
    const record = await api.call('GET', `/v1/transactions/${first.body.transactionId}`);
    expect(record.body).toMatchObject({ status: 'rejected', reason: 'insufficient_funds' });
    expect(() => transactionAnswer.parse(record.body)).not.toThrow();
  });

  it('leaves the key free when an account is missing', async () => {
    const source = await account(100);
    const destination = `late_${randomUUID()}`;
    const key = randomUUID();
    const body = { source, destination, asset: 'USD/2', amount: '1' };
    expect(await api.call('POST', '/v1/transfers', body, { key })).toMatchObject({
      status: 422,
      body: { code: 'account_not_found', account: destination },
    });
    await api.call('POST', '/v1/accounts', { id: destination });
    expect((await api.call('POST', '/v1/transfers', body, { key })).status).toBe(201);
  });

  it('moves amounts that no double could hold', async () => {
    const [source, destination] = [await account(), await account()];
    const amount = '9'.repeat(30);
    await api.call('POST', `/v1/accounts/${source}/deposits`, { asset: 'USD/2', amount });
    const answer = await api.call('POST', '/v1/transfers', { source, destination, asset: 'USD/2', amount });
    expect(answer.body.entries[1].balanceAfter).toBe(amount);
  });

  it.each(['account_frozen', 'account_closed'])('declines %s', async (reason) => {
    const [source, destination] = [await account(reason === 'account_frozen' ? 100 : 0), await account()];
    const status = reason.replace('account_', '');
    expect((await api.call('PATCH', `/v1/accounts/${source}`, { status })).status).toBe(200);
    const answer = await api.call('POST', '/v1/transfers', { source, destination, asset: 'USD/2', amount: '1' });
    expect(answer).toMatchObject({ status: 422, body: { code: reason, account: source } });
  });

  it('answers in time when no time is left, and the key stays safe', async () => {
    const [source, destination] = [await account(100), await account()];
    const key = randomUUID();
    const body = { source, destination, asset: 'USD/2', amount: '1' };
    const late = await api.call('POST', '/v1/transfers', body, { key, timeMs: 400 });
    expect(late.status).toBe(503);
    expect(['contention', 'unavailable', 'outcome_unknown']).toContain(late.body.code);
    expect((await api.call('POST', '/v1/transfers', body, { key })).status).toBe(201);
    expect(await posted(source)).toBe('99');
  });
});

describe('createTransaction', () => {
  it('posts all postings or none', async () => {
    const [one, two, three] = [await account(100), await account(), await account()];
    const postings = [
      { source: one, destination: two, asset: 'USD/2', amount: '60' },
      { source: two, destination: three, asset: 'USD/2', amount: '50' },
    ];
    const answer = await api.call('POST', '/v1/transactions', { postings, type: 'payroll' });
    expect(answer).toMatchObject({ status: 201, body: { type: 'payroll', postings } });
    expect(answer.body.entries).toHaveLength(4);
    const failing = [...postings, { source: one, destination: two, asset: 'USD/2', amount: '41' }];
    const declined = await api.call('POST', '/v1/transactions', { postings: failing });
    expect(declined).toMatchObject({ status: 422, body: { code: 'insufficient_funds' } });
    expect(await Promise.all([one, two, three].map(posted))).toEqual(['40', '10', '50']);
  });
});

describe('the named flows', () => {
  it.each([
    ['deposits', 'deposit', 'system:external', 'in'],
    ['withdrawals', 'withdrawal', 'system:external', 'out'],
    ['top-ups', 'top_up', 'system:treasury', 'in'],
    ['bonuses', 'bonus', 'system:treasury', 'in'],
    ['spends', 'spend', 'system:revenue', 'out'],
  ])('%s has type %s and counterparty %s', async (segment, type, counterparty, direction) => {
    const id = await account(100);
    const answer = await api.call('POST', `/v1/accounts/${id}/${segment}`, { asset: 'USD/2', amount: '30' });
    const [source, destination] = direction === 'in' ? [counterparty, id] : [id, counterparty];
    expect(answer).toMatchObject({
      status: 201,
      body: { type, postings: [{ source, destination, asset: 'USD/2', amount: '30' }] },
    });
    expect(await posted(id)).toBe(direction === 'in' ? '130' : '70');
  });

  it('lets exactly as many of concurrent spends through as there is money for', async () => {
    const id = await account(100);
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => api.call('POST', `/v1/accounts/${id}/spends`, { asset: 'USD/2', amount: '5' })),
    );
    const statuses = Map.groupBy(answers, ({ status }) => status);
    expect([statuses.get(201)?.length, statuses.get(422)?.length]).toEqual([20, 20]);
    expect(await posted(id)).toBe('0');
  });
});

describe('dryRun', () => {
  it('tells what would happen, and writes nothing', async () => {
    const [source, destination] = [await account(100), await account()];
    const before = await api.contents();
    const body = { source, destination, asset: 'USD/2', amount: '30' };
    const answer = await api.call('POST', '/v1/transfers?dryRun=true', body);
    expect(answer.status).toBe(200);
    expect(() => previewAnswer.parse(answer.body)).not.toThrow();
    expect(answer.body.entries[0]).toMatchObject({ account: source, balanceAfter: '70' });
    const declined = await api.call('POST', '/v1/transfers?dryRun=true', { ...body, amount: '101' });
    expect(declined).toMatchObject({ status: 422, body: { code: 'insufficient_funds', available: '100' } });
    expect(declined.body).not.toHaveProperty('transactionId');
    expect([...(await api.contents()).symmetricDifference(before)]).toEqual([]);
  });

  it('leaves the key free for the real thing', async () => {
    const [source, destination] = [await account(100), await account()];
    const key = randomUUID();
    const body = { source, destination, asset: 'USD/2', amount: '30' };
    await api.call('POST', '/v1/transfers?dryRun=true', body, { key });
    const real = await api.call('POST', '/v1/transfers?dryRun=false', body, { key });
    expect(real.status).toBe(201);
    expect(real.headers).not.toHaveProperty('Idempotent-Replayed');
  });
});

describe('getTransaction', () => {
  it('answers 304 to who has it already', async () => {
    const { body } = await api.call('POST', `/v1/accounts/${await account()}/deposits`, {
      asset: 'USD/2',
      amount: '1',
    });
    const first = await api.call('GET', `/v1/transactions/${body.id}`);
    const etag = first.headers.ETag as string;
    const again = await api.call('GET', `/v1/transactions/${body.id}`, undefined, {
      headers: { 'If-None-Match': etag },
    });
    expect(again).toMatchObject({ status: 304, text: '', headers: { ETag: etag } });
  });
});
