import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiClient } from '../support/api-client.ts';
import { withinOne } from '../support/one-window.ts';
import { until } from '../support/until.ts';
import { AccountsOfRun, asset, raceTimeoutMs } from './accounts-of-run.ts';
import { concurrencies, openTarget, type Target } from './target.ts';

const euros = 'EUR/2';

describe.each(concurrencies)('limits, freezes and exchanges, with functions run %s', (_, options) => {
  let target: Target;
  let api: ApiClient;
  let accounts: AccountsOfRun;
  beforeAll(async () => {
    target = await openTarget(options);
    api = target.api;
    accounts = await AccountsOfRun.on(target);
    await api.post('/v1/assets', { code: euros });
  }, raceTimeoutMs);
  afterAll(async () => {
    expect(await accounts.audit()).toEqual([]);
    await target.stop();
  });

  it(
    'lets out no more than a limit says, however many ask at once',
    async () => {
      await withinOne('day', 90_000);
      const limits = { [asset]: { day: { amount: '200' } } };
      const source = await accounts.open('limited', { limits }, 10_000);
      const destination = await accounts.open('limited-to');
      const answers = await Promise.all(Array.from({ length: 40 }, () => accounts.transfer(source, destination, 10)));
      const posted = answers.filter(({ status }) => status === 201);
      const declined = answers.filter(({ body }) => body.code === 'limit_exceeded');
      expect([posted.length, declined.length]).toEqual([20, 20]);
      expect(declined[0]?.body).toMatchObject({ window: 'day', measure: 'amount', limit: '200', required: '10' });
      expect(await accounts.balanceOf(destination)).toBe('200');
    },
    raceTimeoutMs,
  );

  it(
    'takes no credit once a freeze of everything was answered',
    async () => {
      const frozen = await accounts.open('frozen', {}, 100);
      let isOver = false;
      const codes = new Set<string>();
      const writers = Array.from({ length: 4 }, async () => {
        while (!isOver) codes.add((await accounts.transfer(target.name('bank'), frozen, 1)).body.code ?? 'posted');
      });
      await until('a credit', () => codes.has('posted'), raceTimeoutMs);
      const answer = await api.patch(`/v1/accounts/${frozen}`, { status: 'frozen', freezes: 'all' });
      expect(answer.status).toBe(200);
      const atAnswer = await accounts.balanceOf(frozen);
      await until('a refusal', () => codes.has('account_frozen'), raceTimeoutMs);
      await new Promise((resolve) => setTimeout(resolve, 300));
      isOver = true;
      await Promise.all(writers);
      expect(await accounts.balanceOf(frozen)).toBe(atAnswer);
      expect(codes).toEqual(new Set(['posted', 'account_frozen']));
    },
    raceTimeoutMs,
  );

  it('holds an exchange to its rate', async () => {
    const customer = await accounts.open('customer', {}, 10_000);
    const desk = await accounts.open('desk', { unbounded: true });
    const exchange = { sell: asset, buy: euros, rate: '0.9213' };
    const body = (bought: string) => ({
      postings: [
        { source: customer, destination: desk, asset, amount: '10000' },
        { source: desk, destination: customer, asset: euros, amount: bought },
      ],
      exchange,
    });
    const posted = await api.settle('/v1/transactions', body('9213'));
    expect([posted.status, posted.body.exchange]).toEqual([201, { ...exchange, rounding: 'half_even' }]);
    const wrong = await api.settle('/v1/transactions', body('9214'));
    expect([wrong.status, wrong.body.errors[0].pointer]).toEqual([400, '/exchange/rate']);
  });
});
