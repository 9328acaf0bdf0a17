import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createReversal } from '../../functions/transactions/create-reversal.ts';
import { Ledger } from '../../lib/dynamodb/index.ts';
import { postedTransaction, previewAnswer } from '../../lib/http/answers.ts';
import type { OperationRequest } from '../../lib/http/index.ts';
import { transactionAnswer } from '../../lib/http/line-schemas.ts';
import type { ApiAnswer, TestApi } from './api.ts';
import { fundedAccount, startApiWithMoney } from './money.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApiWithMoney();
});
afterAll(() => api.stop());

const account = (funds = 0) => fundedAccount(api, funds);

/** A payment of 100 between new accounts. */
async function payment(): Promise<{ id: string; customer: string; shop: string }> {
  const [customer, shop] = [await account(100), await account()];
  const body = { source: customer, destination: shop, asset: 'USD/2', amount: '100' };
  return { id: (await api.call('POST', '/v1/transfers', body)).body.id, customer, shop };
}

function reverse(id: string, body: object = {}, key: string = randomUUID(), query = ''): Promise<ApiAnswer> {
  return api.call('POST', `/v1/transactions/${id}/reversals${query}`, body, { key });
}

describe('createReversal', () => {
  it('answers the transaction that moves it back, and both name each other', async () => {
    const { id, customer, shop } = await payment();
    const answer = await reverse(id, { amount: '40', description: 'Returned', metadata: { order: '7' } });
    expect(answer.status).toBe(201);
    expect(() => postedTransaction.parse(answer.body)).not.toThrow();
    expect(answer.body).toMatchObject({
      type: 'reversal',
      postings: [{ source: shop, destination: customer, asset: 'USD/2', amount: '40' }],
      description: 'Returned',
      metadata: { order: '7' },
      reverses: id,
    });
    expect(answer.headers.Location).toBe(`/v1/transactions/${answer.body.id}`);
    const rest = await reverse(id);
    expect(rest.body).toMatchObject({ postings: [{ amount: '60' }], previousReversal: answer.body.id });
    const original = await api.call('GET', `/v1/transactions/${id}`);
    expect(original.body).toMatchObject({ reversedAmount: '100', lastReversal: rest.body.id });
    expect(() => transactionAnswer.parse(original.body)).not.toThrow();
    const read = await api.call('GET', `/v1/transactions/${rest.body.id}`);
    expect(read.text).toBe(rest.text);
  });

  it('changes what the original is read as, and so its ETag', async () => {
    const { id } = await payment();
    const path = `/v1/transactions/${id}`;
    const tags: string[] = [];
    for (const amount of [undefined, '10', '20']) {
      if (amount) expect((await reverse(id, { amount })).status).toBe(201);
      const { headers } = await api.call('GET', path);
      tags.push(headers.ETag as string);
      const options = { headers: { 'If-None-Match': headers.ETag as string } };
      expect((await api.call('GET', path, undefined, options)).status).toBe(304);
    }
    expect(new Set(tags).size).toBe(3);
    const stale = await api.call('GET', path, undefined, { headers: { 'If-None-Match': tags[0] as string } });
    expect(stale).toMatchObject({ status: 200, body: { reversedAmount: '30' } });
  });

  it('replays the very same answer, also once all is reversed', async () => {
    const { id } = await payment();
    const key = randomUUID();
    const first = await reverse(id, { amount: '40' }, key);
    await reverse(id);
    const again = await reverse(id, { amount: '40' }, key);
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect(again.headers['Idempotent-Replayed']).toBe('true');
    expect(await reverse(id, { amount: '41' }, key)).toMatchObject({ body: { code: 'idempotency_key_reused' } });
  });

  it('keeps the answer of the original itself as it was', async () => {
    const [customer, shop] = [await account(100), await account()];
    const metadata = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`name${(i * 7) % 12}`, '']));
    const body = { source: customer, destination: shop, asset: 'USD/2', amount: '100', metadata };
    const key = randomUUID();
    const paid = await api.call('POST', '/v1/transfers', body, { key });
    await reverse(paid.body.id);
    expect((await api.call('POST', '/v1/transfers', body, { key })).text).toBe(paid.text);
  });

  it('says what is wrong: nothing left, too much, not enough, nothing there', async () => {
    const { id, shop, customer } = await payment();
    const key = randomUUID();
    const beyond = await reverse(id, { amount: '101' }, key);
    expect(beyond).toMatchObject({
      status: 422,
      body: { code: 'exceeds_remaining', account: shop, available: '100', required: '101' },
    });
    const stored = await api.call('GET', `/v1/transactions/${beyond.body.transactionId}`);
    expect(stored.body).toMatchObject({
      status: 'rejected',
      type: 'reversal',
      reason: 'exceeds_remaining',
      postings: [{ source: shop, destination: customer, amount: '101' }],
    });
    const transfer = { source: shop, destination: customer, asset: 'USD/2', amount: '1' };
    const back = await api.call('POST', '/v1/transfers', transfer);
    expect(await reverse(id)).toMatchObject({ status: 422, body: { code: 'insufficient_funds', available: '99' } });
    expect((await reverse(id, { amount: '99' })).status).toBe(201);
    expect((await reverse(back.body.id)).status).toBe(201);
    expect((await reverse(id)).status).toBe(201);
    const nothing = await reverse(id);
    expect(nothing).toMatchObject({ status: 409, body: { code: 'already_reversed' } });
    expect(nothing.body.transactionId).toBeUndefined();
    expect((await reverse(id, { amount: '101' }, key)).text).toBe(beyond.text);
    expect(await reverse(beyond.body.transactionId)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it('takes no amount for several postings', async () => {
    const [customer, shop] = [await account(100), await account()];
    const one = { source: customer, destination: shop, asset: 'USD/2', amount: '50' };
    const { body } = await api.call('POST', '/v1/transactions', { postings: [one, one] });
    const part = await reverse(body.id, { amount: '50' });
    expect(part).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ in: 'body', detail: expect.stringContaining('amount') }] },
    });
    expect((await reverse(body.id)).body.postings).toHaveLength(2);
    const read = await api.call('GET', `/v1/transactions/${body.id}`);
    expect(read.body).toMatchObject({ lastReversal: expect.stringMatching(/^tx_/) });
    expect(read.body).not.toHaveProperty('reversedAmount');
  });

  it('takes frozen and closed accounts for what they are', async () => {
    const { id, shop } = await payment();
    await api.call('PATCH', `/v1/accounts/${shop}`, { status: 'frozen' });
    expect(await reverse(id)).toMatchObject({ status: 422, body: { code: 'account_frozen', account: shop } });
    await api.call('PATCH', `/v1/accounts/${shop}`, { status: 'active' });
    expect((await reverse(id)).status).toBe(201);
  });

  it('overdraws where the request and its credentials allow it, and only there', async () => {
    const { id, shop } = await payment();
    await api.call('POST', `/v1/accounts/${shop}/withdrawals`, { asset: 'USD/2', amount: '100' });
    expect(await reverse(id)).toMatchObject({ body: { code: 'insufficient_funds' } });
    const answer = await reverse(id, { allowOverdraft: true });
    expect(answer.body.entries[0]).toMatchObject({ account: shop, balanceAfter: '-100' });

    const ledger = new Ledger({ table: api.database.tables.ledger, endpoint: api.database.endpoint });
    const request = (allowOverdraft: boolean) =>
      ({
        path: { transactionId: id },
        body: { allowOverdraft },
        query: { dryRun: true },
        caller: { tenant: 'default', client: 'test', allows: (scope: string) => scope === 'transactions:write' },
        key: 'k',
        log: () => {},
        remainingTimeInMillis: () => 5_000,
      }) as unknown as OperationRequest<'createReversal'>;
    const acts = { note: () => Promise.reject(new Error('nothing is recorded of what is tried')) };
    await expect(createReversal(ledger, acts)(request(true))).rejects.toThrow('transactions:overdraft');
    await expect(createReversal(ledger, acts)(request(false))).rejects.toMatchObject({ code: 'already_reversed' });
    ledger.client.destroy();
  });

  it('can be tried without being made', async () => {
    const { id } = await payment();
    const before = await api.contents();
    const dry = await reverse(id, { amount: '30' }, randomUUID(), '?dryRun=true');
    expect(dry).toMatchObject({ status: 200, body: { dryRun: true, reverses: id, postings: [{ amount: '30' }] } });
    expect(() => previewAnswer.parse(dry.body)).not.toThrow();
    const beyond = await reverse(id, { amount: '101' }, randomUUID(), '?dryRun=true');
    expect(beyond).toMatchObject({ status: 422, body: { code: 'exceeds_remaining' } });
    expect(await api.contents()).toEqual(before);
  });
});
