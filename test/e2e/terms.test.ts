import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditOverApi } from '../support/api-books.ts';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';
import { concurrencies, openTarget, type Target } from './target.ts';

const asset = 'USD/2';
const euros = 'EUR/2';
const raceTimeoutMs = 240_000;

/** Of this run's own, so that the schedule charges nothing to others who use the stage. */
const type = `levy_${randomUUID().slice(0, 8)}`;

/** A place to run, with a fee schedule that is on its way there. */
interface Place {
  readonly target: Target;
  readonly schedule: ApiAnswer;
}

/** All places at once: a schedule takes a minute to take effect, and it may be the same minute for all. */
let places: ReadonlyMap<string, Place>;
beforeAll(async () => {
  const opened = concurrencies.map(async ([name, options]): Promise<[string, Place]> => {
    const target = await openTarget(options);
    await target.api.post('/v1/assets', { code: asset });
    const feeAccount = target.name('fees');
    await target.api.settle('/v1/accounts', { id: feeAccount, unbounded: true });
    const rule = { type, asset, basisPoints: 150, payer: 'source', feeAccount };
    return [name, { target, schedule: await makeSchedule(target.api, [rule]) }];
  });
  places = new Map(await Promise.all(opened));
}, 120_000);
afterAll(async () => {
  for (const { target } of places.values()) await target.stop();
}, 60_000);

/** The next version; where one of another run waits to take effect, right behind it. */
async function makeSchedule(api: ApiClient, rules: readonly object[]): Promise<ApiAnswer> {
  const made = await api.settle('/v1/fee-schedules', { rules });
  if (made.status !== 409) return made;
  const effectiveAt = new Date(Date.parse(made.body.effectiveAt) + 1).toISOString();
  return api.settle('/v1/fee-schedules', { rules, effectiveAt });
}

describe.each(concurrencies)('fees, limits, freezes and exchanges, with functions run %s', (name) => {
  let target: Target;
  let api: ApiClient;
  let schedule: ApiAnswer;
  let bank: string;
  const accounts: string[] = [];

  beforeAll(async () => {
    ({ target, schedule } = places.get(name) as Place);
    api = target.api;
    await api.post('/v1/assets', { code: euros });
    bank = await open('bank', { unbounded: true });
    accounts.push(target.name('fees'));
  }, 60_000);
  afterAll(async () => {
    expect(await auditOverApi(api, accounts, asset)).toEqual([]);
  }, 60_000);

  async function open(text: string, body: object = {}, funds = 0): Promise<string> {
    const id = target.name(text);
    expect((await api.settle('/v1/accounts', { id, ...body })).status).toBe(201);
    accounts.push(id);
    if (funds > 0) expect((await transfer(bank, id, funds)).status).toBe(201);
    return id;
  }

  function transfer(source: string, destination: string, amount: number): Promise<ApiAnswer> {
    return api.settle('/v1/transfers', { source, destination, asset, amount });
  }

  async function balanceOf(account: string): Promise<string> {
    return (await api.get(`/v1/accounts/${account}/balances/USD.2`)).body.posted;
  }

  it(
    'lets out no more than a limit says, however many ask at once',
    async () => {
      const limits = { [asset]: { day: { amount: '200' } } };
      const source = await open('limited', { limits }, 10_000);
      const destination = await open('limited-to');
      const answers = await Promise.all(Array.from({ length: 40 }, () => transfer(source, destination, 10)));
      const posted = answers.filter(({ status }) => status === 201);
      const declined = answers.filter(({ body }) => body.code === 'limit_exceeded');
      expect([posted.length, declined.length]).toEqual([20, 20]);
      expect(declined[0]?.body).toMatchObject({ window: 'day', measure: 'amount', limit: '200', required: '10' });
      expect(await balanceOf(destination)).toBe('200');
    },
    raceTimeoutMs,
  );

  it(
    'takes no credit once a freeze of everything was answered',
    async () => {
      const frozen = await open('frozen', {}, 100);
      let isOver = false;
      const writers = Array.from({ length: 4 }, async () => {
        const codes: string[] = [];
        while (!isOver) codes.push((await transfer(bank, frozen, 1)).body.code ?? 'posted');
        return codes;
      });
      await new Promise((resolve) => setTimeout(resolve, 300));
      const answer = await api.patch(`/v1/accounts/${frozen}`, { status: 'frozen', freezes: 'all' });
      expect(answer.status).toBe(200);
      const atAnswer = await balanceOf(frozen);
      await new Promise((resolve) => setTimeout(resolve, 300));
      isOver = true;
      const codes = new Set((await Promise.all(writers)).flat());
      expect(await balanceOf(frozen)).toBe(atAnswer);
      expect(codes).toEqual(new Set(['posted', 'account_frozen']));
    },
    raceTimeoutMs,
  );

  it('holds an exchange to its rate', async () => {
    const customer = await open('customer', {}, 10_000);
    const desk = await open('desk', { unbounded: true });
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

  // The last one: by now the schedule has had most of its minute.
  it(
    'charges a fee from its instant on, and nothing before',
    async () => {
      expect(schedule.status).toBe(201);
      const payer = await open('payer', {}, 10_000);
      const payee = await open('payee');
      const pay = (key = randomUUID(), query = '') => {
        const postings = [{ source: payer, destination: payee, asset, amount: '1000' }];
        return api.settle(`/v1/transactions${query}`, { type, postings }, key);
      };
      const effectiveAt = Date.parse(schedule.body.effectiveAt);
      const early = await pay();
      if (Date.parse(early.body.createdAt) < effectiveAt) expect(early.body).not.toHaveProperty('feeVersion');
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, effectiveAt + 2_000 - Date.now())));

      const { feeAccount } = schedule.body.rules[0];
      const terms = { fees: [{ amount: '15', asset, payer: 'source', feeAccount }] };
      const dry = await pay(undefined, '?dryRun=true');
      expect([dry.status, dry.body]).toEqual([200, expect.objectContaining(terms)]);
      const before = BigInt(await balanceOf(payer));
      // Where the first payment came after the instant, it had its fee already.
      const feesBefore = BigInt(early.body.fees?.[0].amount ?? 0);
      const keys = [randomUUID(), randomUUID()];
      const answers = await Promise.all(Array.from({ length: 8 }, (__, index) => pay(keys[index % 2])));
      for (const answer of answers) expect([answer.status, answer.body]).toEqual([201, expect.objectContaining(terms)]);
      expect(new Set(answers.map(({ text }) => text)).size).toBe(2);
      expect(BigInt(await balanceOf(payer))).toBe(before - 2n * 1_015n);
      // Whole or in part, what was asked for comes back; the fee stays.
      const reversal = await api.settle(`/v1/transactions/${answers[0]?.body.id}/reversals`, {});
      expect(reversal.body.postings).toEqual([{ source: payee, destination: payer, asset, amount: '1000' }]);
      expect(BigInt(await balanceOf(feeAccount))).toBe(feesBefore + 30n);
    },
    raceTimeoutMs,
  );
});
