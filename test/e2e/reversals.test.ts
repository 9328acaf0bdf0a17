import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';
import { AccountsOfRun, asset, raceTimeoutMs } from './accounts-of-run.ts';
import { concurrencies, openTarget, type Target } from './target.ts';

describe.each(concurrencies)('reversals and batches, with functions run %s', (_, options) => {
  let target: Target;
  let api: ApiClient;
  let accounts: AccountsOfRun;

  beforeAll(async () => {
    target = await openTarget(options);
    api = target.api;
    accounts = await AccountsOfRun.on(target);
  });
  afterAll(async () => {
    expect(await accounts.audit()).toEqual([]);
    await target.stop();
  });

  function reverse(id: string, body: object = {}, key?: string): Promise<ApiAnswer> {
    return api.settle(`/v1/transactions/${id}/reversals`, body, key);
  }

  /** All reversals of a transaction, from the last to the first. */
  async function reversalsOf(id: string): Promise<string[]> {
    const amounts: string[] = [];
    let next = (await api.get(`/v1/transactions/${id}`)).body.lastReversal;
    while (next) {
      const { body } = await api.get(`/v1/transactions/${next}`);
      expect(body.reverses).toBe(id);
      amounts.push(body.postings[0].amount);
      next = body.previousReversal;
    }
    return amounts;
  }

  it(
    'gives back exactly what fits of 50 partial refunds of one payment at once',
    async () => {
      const customer = await accounts.open('customer', {}, 1_000);
      const shop = await accounts.open('shop');
      const { body: payment } = await accounts.transfer(customer, shop, 1_000);
      const answers = await Promise.all(Array.from({ length: 50 }, () => reverse(payment.id, { amount: '30' })));
      const outcomes = Map.groupBy(answers, ({ status, body }) => (status === 201 ? 'posted' : body.code));
      expect([...outcomes].map(([outcome, { length }]) => [outcome, length]).sort()).toEqual([
        ['exceeds_remaining', 17],
        ['posted', 33],
      ]);
      expect([await accounts.balanceOf(customer), await accounts.balanceOf(shop)]).toEqual(['990', '10']);
      expect(await reversalsOf(payment.id)).toEqual(Array(33).fill('30'));
      expect((await reverse(payment.id)).body.postings[0].amount).toBe('10');
      expect((await reverse(payment.id)).body.code).toBe('already_reversed');
      expect((await api.get(`/v1/transactions/${payment.id}`)).body.reversedAmount).toBe('1000');
    },
    raceTimeoutMs,
  );

  it('refunds once under one key, however many ask at once', async () => {
    const customer = await accounts.open('once-customer', {}, 100);
    const shop = await accounts.open('once-shop');
    const { body: payment } = await accounts.transfer(customer, shop, 100);
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => reverse(payment.id, { amount: '10' }, key)));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(19);
    expect(await accounts.balanceOf(customer)).toBe('10');
  });

  it('allows an overdraft where it is asked for', async () => {
    const customer = await accounts.open('overdraft-customer', {}, 100);
    const shop = await accounts.open('overdraft-shop');
    const { body: payment } = await accounts.transfer(customer, shop, 100);
    await accounts.transfer(shop, target.name('bank'), 100);
    const declined = await reverse(payment.id);
    expect([declined.status, declined.body.code]).toEqual([422, 'insufficient_funds']);
    expect((await reverse(payment.id, { allowOverdraft: true })).status).toBe(201);
    expect(await accounts.balanceOf(shop)).toBe('-100');
  });

  it('posts a batch whole or not at all, once, also when many ask at once', async () => {
    const payer = await accounts.open('payer', {}, 100);
    const employees = await Promise.all(Array.from({ length: 5 }, (__, i) => accounts.open(`employee${i}`)));
    const wages = (amount: string) => ({
      transactions: employees.map((destination) => ({ source: payer, destination, asset, amount })),
    });
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.settle('/v1/batches', wages('12'), key)));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    expect(await accounts.balanceOf(payer)).toBe('40');
    const tooMuch = await api.settle('/v1/batches', wages('9'));
    expect(tooMuch.body).toMatchObject({ code: 'insufficient_funds', index: '4', available: '4', required: '9' });
    expect(await Promise.all(employees.map((id) => accounts.balanceOf(id)))).toEqual(Array(5).fill('12'));
    const [first] = answers[0]?.body.transactions ?? [];
    expect((await reverse(first.id)).status).toBe(201);
    expect(await accounts.balanceOf(employees[0] as string)).toBe('0');
  });
});
