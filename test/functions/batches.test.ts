import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { batchAnswer, batchPreviewAnswer } from '../../lib/http/batch-schemas.ts';
import { type ApiAnswer, loadFunctions, type TestApi } from './api.ts';
import { fundedAccount, postedOf, startApiWithMoney } from './money.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApiWithMoney();
});
afterAll(() => api.stop());

const account = (funds = 0) => fundedAccount(api, funds);
const posted = (id: string) => postedOf(api, id);

function transfer(source: string, destination: string, amount: string, rest: object = {}) {
  return { source, destination, asset: 'USD/2', amount, ...rest };
}

function post(transactions: readonly object[], key: string = randomUUID(), query = ''): Promise<ApiAnswer> {
  return api.call('POST', `/v1/batches${query}`, { transactions }, { key });
}

describe('createBatch', () => {
  it('posts transfers and other transactions at once, each to be read by itself', async () => {
    const [alice, bob, carol] = [await account(100), await account(), await account()];
    const postings = [transfer(bob, carol, '20'), transfer(carol, alice, '5')];
    const answer = await post([
      transfer(alice, bob, '100', { description: 'Lunch', metadata: { order: '7' } }),
      { postings, type: 'settlement' },
    ]);
    expect(answer.status).toBe(201);
    expect(() => batchAnswer.parse(answer.body)).not.toThrow();
    const [first, second] = answer.body.transactions;
    expect(first).toMatchObject({ status: 'posted', type: 'transfer', description: 'Lunch', metadata: { order: '7' } });
    expect(second).toMatchObject({ type: 'settlement', createdAt: first.createdAt });
    expect([await posted(alice), await posted(bob), await posted(carol)]).toEqual(['5', '80', '15']);
    for (const each of [first, second]) {
      expect((await api.call('GET', `/v1/transactions/${each.id}`)).body).toEqual(each);
    }
    const undone = await api.call('POST', `/v1/transactions/${second.id}/reversals`, {});
    expect([undone.status, await posted(carol)]).toEqual([201, '0']);
  });

  it('replays the very same answer, to an instance that remembers it and to one that does not', async () => {
    const [alice, bob] = [await account(100), await account()];
    const transactions = [1, 2, 3].map((n) => transfer(alice, bob, String(n), { metadata: { z: '1', a: String(n) } }));
    const key = randomUUID();
    const first = await post(transactions, key);
    await api.call('POST', `/v1/transactions/${first.body.transactions[0].id}/reversals`, {});
    const cold = await loadFunctions();
    const again = [
      await post(transactions, key),
      await cold('POST', '/v1/batches', { transactions }, { key }),
      await post(transactions, key),
    ];
    for (const { status, text, headers } of again) {
      expect([status, text, headers['Idempotent-Replayed']]).toEqual([201, first.text, 'true']);
    }
    expect(first.headers['Idempotent-Replayed']).toBeUndefined();
    expect(await post(transactions.toReversed(), key)).toMatchObject({ body: { code: 'idempotency_key_reused' } });
    const single = await api.call('POST', '/v1/transfers', transfer(alice, bob, '1'), { key });
    expect(single.body.code).toBe('idempotency_key_reused');
  });

  it('posts nothing when one transaction is declined, and says which, for good', async () => {
    const [alice, bob] = [await account(100), await account()];
    const transactions = [transfer(alice, bob, '60'), transfer(alice, bob, '60')];
    const key = randomUUID();
    const declined = await post(transactions, key);
    expect(declined).toMatchObject({
      status: 422,
      body: { code: 'insufficient_funds', index: '1', account: alice, available: '40', required: '60' },
    });
    expect(await posted(alice)).toBe('100');
    const stored = await api.call('GET', `/v1/transactions/${declined.body.transactionId}`);
    expect(stored.body).toMatchObject({ status: 'rejected', type: 'batch', reason: 'insufficient_funds' });
    await api.call('POST', `/v1/accounts/${alice}/deposits`, { asset: 'USD/2', amount: '100' });
    const again = await post(transactions, key);
    expect([again.text, again.headers['Idempotent-Replayed']]).toEqual([declined.text, 'true']);
  });

  it('refuses what misses something, without a trace', async () => {
    const [alice, bob] = [await account(100), await account()];
    const before = await api.contents();
    const key = randomUUID();
    const missing = await post([transfer(alice, bob, '500'), transfer(alice, 'nobody', '1')], key);
    expect(missing).toMatchObject({ status: 422, body: { code: 'account_not_found', account: 'nobody', index: '1' } });
    const same = await post([transfer(alice, bob, '1'), transfer(alice, alice, '1')], key);
    expect(same).toMatchObject({ status: 422, body: { code: 'same_account', index: '1' } });
    const many = Array.from({ length: 15 }, (_, i) => transfer(`from${i}`, `to${i}`, '1'));
    const large = await post(many, key);
    expect(large).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(large.body.errors[0].detail).toContain('one write takes 100');
    expect(await api.contents()).toEqual(before);
    expect((await post([transfer(alice, bob, '1')], key)).status).toBe(201);
  });

  it('takes as many as fit, whatever exists already', async () => {
    const ids = await Promise.all(Array.from({ length: 28 }, () => account()));
    const transactions = Array.from({ length: 14 }, (_, i) => ({
      postings: [
        transfer('system:external', ids[2 * i] as string, '2'),
        transfer(ids[2 * i] as string, ids[2 * i + 1] as string, '1'),
      ],
    }));
    expect((await post(transactions.slice(0, 9))).status).toBe(201);
    const between = Array.from({ length: 31 }, () => transfer(ids[0] as string, ids[1] as string, '1'));
    await api.call('POST', `/v1/accounts/${ids[0]}/deposits`, { asset: 'USD/2', amount: '31' });
    expect((await post(between)).body.transactions).toHaveLength(31);
    expect(await posted(ids[1] as string)).toBe('32');
  });

  it('can be tried without being made', async () => {
    const [alice, bob] = [await account(100), await account()];
    const before = await api.contents();
    const dry = await post([transfer(alice, bob, '60'), transfer(bob, alice, '10')], randomUUID(), '?dryRun=true');
    expect(dry.status).toBe(200);
    expect(() => batchPreviewAnswer.parse(dry.body)).not.toThrow();
    expect(dry.body.transactions[1].entries[1]).toMatchObject({ account: alice, balanceAfter: '50' });
    const beyond = await post([transfer(alice, bob, '101')], randomUUID(), '?dryRun=true');
    expect(beyond).toMatchObject({ status: 422, body: { code: 'insufficient_funds', index: '0' } });
    expect(beyond.body.transactionId).toBeUndefined();
    expect(await api.contents()).toEqual(before);
  });
});
