import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Ledger, systemClock } from '../../lib/dynamodb/index.ts';
import { postedTransaction, previewAnswer } from '../../lib/http/answers.ts';
import { feeSchedulePage } from '../../lib/http/fee-schemas.ts';
import { type AccountId, minFeeNoticeMs } from '../../lib/ledger/index.ts';
import { tenant, usd } from '../support/ledger-fixture.ts';
import { withinOne } from '../support/one-window.ts';
import { type ApiAnswer, callWith, insistingly, startApi, type TestApi } from './api.ts';

const rule = { type: 'transfer', asset: 'USD/2', basisPoints: 150, minimum: '5', payer: 'source', feeAccount: 'fees' };

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
  const call = insistingly(api.call);
  for (const code of ['USD/2', 'EUR/2']) await demand(201, call('POST', '/v1/assets', { code }));
  for (const id of ['system:external', 'desk', 'fees']) {
    await demand(201, call('POST', '/v1/accounts', { id, unbounded: true }));
  }
  for (const id of ['alice', 'bob']) await demand(201, call('POST', '/v1/accounts', { id }));
  await demand(201, call('POST', '/v1/accounts/alice/deposits', { asset: 'USD/2', amount: '100000' }));
  // Made a little more than a minute ago, and so in force as soon as a function reads it anew.
  const past = new Ledger({
    table: api.database.tables.ledger,
    endpoint: api.database.endpoint,
    clock: { ...systemClock, now: () => Date.now() - minFeeNoticeMs - 1_000 },
  });
  const rules = [{ ...rule, asset: usd, minimum: 5n, payer: 'source' as const, feeAccount: 'fees' as AccountId }];
  await past.fees.create({ tenant, rules, keyApplied: { mark: 'past', requestHash: '' } });
  past.client.destroy();
});
afterAll(() => api.stop());

async function demand(status: number, call: Promise<ApiAnswer>): Promise<ApiAnswer> {
  const answer = await call;
  if (answer.status !== status) throw new Error(`${answer.status} ${answer.text}`);
  return answer;
}

describe('fee schedules', () => {
  it('are made, replayed, read, and listed in pages, the newest first', async () => {
    const key = randomUUID();
    const effectiveAt = new Date(Date.now() + 2 * minFeeNoticeMs).toISOString();
    const made = await demand(201, api.call('POST', '/v1/fee-schedules', { rules: [rule], effectiveAt }, { key }));
    expect(made.body).toEqual({ version: '2', effectiveAt, rules: [rule], createdAt: expect.any(String) });
    expect(made.headers.Location).toBe('/v1/fee-schedules/2');
    const replay = await demand(201, api.call('POST', '/v1/fee-schedules', { rules: [rule], effectiveAt }, { key }));
    expect([replay.text, replay.headers['Idempotent-Replayed']]).toEqual([made.text, 'true']);
    const other = await api.call('POST', '/v1/fee-schedules', { rules: [], effectiveAt }, { key });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);

    const read = await demand(200, api.call('GET', '/v1/fee-schedules/2'));
    expect(read.text).toBe(made.text);
    const page = await demand(200, api.call('GET', '/v1/fee-schedules?limit=1'));
    expect(feeSchedulePage.parse(page.body).data).toEqual([made.body]);
    const rest = await demand(200, api.call('GET', `/v1/fee-schedules?limit=1&cursor=${page.body.nextCursor}`));
    expect(rest.body).toEqual({ data: [expect.objectContaining({ version: '1' })] });
  });

  it('take effect in the order they are made, and no sooner than in a minute', async () => {
    const before = await api.call('POST', '/v1/fee-schedules', { rules: [] });
    expect([before.status, before.body.code, before.body.version]).toEqual([409, 'already_exists', '2']);
    const soon = new Date(Date.now() + minFeeNoticeMs - 5_000).toISOString();
    const early = await api.call('POST', '/v1/fee-schedules', { rules: [], effectiveAt: soon });
    expect([early.status, early.body.code]).toEqual([400, 'invalid_request']);
  });
});

describe('a transfer with a fee', () => {
  const body = { source: 'alice', destination: 'bob', asset: 'USD/2', amount: '1100' };
  const terms = {
    postings: [
      { source: 'alice', destination: 'bob', asset: 'USD/2', amount: '1100' },
      { source: 'alice', destination: 'fees', asset: 'USD/2', amount: '16' },
    ],
    fees: [{ amount: '16', asset: 'USD/2', payer: 'source', feeAccount: 'fees' }],
    feeVersion: '1',
  };

  it('shows it in a dry run, in the answer, in the replay and when it is read', async () => {
    // The function that moves money read the schedules when alice was funded; one that starts now reads them anew.
    jest.resetModules();
    const fresh = callWith({ transactions: (await import('../../functions/transactions/index.ts')).handler });
    const dry = await demand(200, fresh('POST', '/v1/transfers?dryRun=true', body));
    expect(previewAnswer.parse(dry.body)).toMatchObject(terms);
    const key = randomUUID();
    const posted = await demand(201, fresh('POST', '/v1/transfers', body, { key }));
    expect(postedTransaction.parse(posted.body)).toMatchObject(terms);
    expect(posted.body.entries).toHaveLength(4);
    expect((await fresh('POST', '/v1/transfers', body, { key })).text).toBe(posted.text);
    expect((await fresh('GET', `/v1/transactions/${posted.body.id}`)).body).toMatchObject(terms);
    // Another type has no rule, and several postings carry what they are to cost themselves.
    const free = { type: 'gift', postings: [body] };
    expect((await demand(201, fresh('POST', '/v1/transactions', free))).body).not.toHaveProperty('feeVersion');
    const several = { type: 'transfer', postings: [body, body] };
    expect((await demand(201, fresh('POST', '/v1/transactions', several))).body.postings).toHaveLength(2);
  });
});

describe('an exchange', () => {
  const postings = (bought: string) => [
    { source: 'alice', destination: 'desk', asset: 'USD/2', amount: '1000' },
    { source: 'desk', destination: 'alice', asset: 'EUR/2', amount: bought },
  ];
  const exchange = { sell: 'USD/2', buy: 'EUR/2', rate: '0.92135' };

  it('is recorded with the rounding that it was held to', async () => {
    const key = randomUUID();
    const posted = await demand(
      201,
      api.call('POST', '/v1/transactions', { postings: postings('921'), exchange }, { key }),
    );
    expect(posted.body.exchange).toEqual({ ...exchange, rounding: 'half_even' });
    const read = await api.call('GET', `/v1/transactions/${posted.body.id}`);
    expect(read.body.exchange).toEqual(posted.body.exchange);
    const explicit = { postings: postings('921'), exchange: { ...exchange, rounding: 'half_even' } };
    expect((await api.call('POST', '/v1/transactions', explicit, { key })).text).toBe(posted.text);
    const up = { postings: postings('922'), exchange: { ...exchange, rounding: 'up' } };
    expect((await api.call('POST', '/v1/transactions', up)).body.exchange.rounding).toBe('up');
  });

  it('is refused with amounts that the rate does not make', async () => {
    const answer = await api.call('POST', '/v1/transactions', { postings: postings('922'), exchange });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(answer.body.errors).toEqual([
      { in: 'body', pointer: '/exchange/rate', detail: '1000 of USD/2 at 0.92135 come to 921 of EUR/2, not 922' },
    ]);
  });
});

describe('limits of debits', () => {
  it('are set, changed, shown, and named in the decline', async () => {
    await withinOne('day', 60_000);
    const limits = { 'USD/2': { hour: { count: 20 }, day: { amount: '100', count: 5 } } };
    const made = await demand(201, api.call('POST', '/v1/accounts', { id: 'limited', limits }));
    expect(made.body.limits).toEqual(limits);
    await demand(201, api.call('POST', '/v1/accounts/limited/deposits', { asset: 'USD/2', amount: '500' }));
    const withdraw = (amount: string) =>
      api.call('POST', '/v1/accounts/limited/withdrawals', { asset: 'USD/2', amount });
    await demand(201, withdraw('60'));
    const declined = await demand(422, withdraw('41'));
    expect(declined.body).toMatchObject({
      code: 'limit_exceeded',
      account: 'limited',
      asset: 'USD/2',
      window: 'day',
      measure: 'amount',
      limit: '100',
      used: '60',
      required: '41',
    });
    const raised = { limits: { 'USD/2': { day: { amount: '101' } } } };
    const changed = await demand(200, api.call('PATCH', '/v1/accounts/limited', raised));
    expect(changed.body.limits).toEqual(raised.limits);
    await demand(201, withdraw('41'));
    await demand(422, withdraw('1'));
    const lifted = await demand(200, api.call('PATCH', '/v1/accounts/limited', { limits: { 'USD/2': null } }));
    expect(lifted.body.limits).toEqual({});
    await demand(201, withdraw('1'));
  });
});

describe('freezing', () => {
  it('stops debits, and credits too where it says so', async () => {
    const made = await demand(201, api.call('POST', '/v1/accounts', { id: 'frozen' }));
    expect(made.body.freezes).toBe('debits');
    const deposit = () => api.call('POST', '/v1/accounts/frozen/deposits', { asset: 'USD/2', amount: '5' });
    await demand(201, deposit());
    await demand(200, api.call('PATCH', '/v1/accounts/frozen', { status: 'frozen' }));
    await demand(201, deposit());
    const all = await demand(200, api.call('PATCH', '/v1/accounts/frozen', { freezes: 'all' }));
    expect(all.body).toMatchObject({ status: 'frozen', freezes: 'all' });
    expect((await demand(422, deposit())).body).toMatchObject({ code: 'account_frozen', account: 'frozen' });
    await demand(200, api.call('PATCH', '/v1/accounts/frozen', { freezes: 'debits' }));
    await demand(201, deposit());
  });
});
