import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Clock, systemClock } from '../../lib/dynamodb/table/patience.ts';
import { holdAnswer, postedTransaction } from '../../lib/http/answers.ts';
import { transactionAnswer } from '../../lib/http/line-schemas.ts';
import { flagsParameter, insistingly, startApi, type TestApi } from './api.ts';
import { lambdaContext } from './proxy-event.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
  const call = insistingly(api.call);
  await call('POST', '/v1/assets', { code: 'USD/2' });
  for (const id of ['system:external', 'shop']) await call('POST', '/v1/accounts', { id, unbounded: true });
});
afterAll(() => api.stop());

/** A new account with 1,000 of USD/2. */
async function payer(): Promise<string> {
  const call = insistingly(api.call);
  const { body } = await call('POST', '/v1/accounts', {});
  await call('POST', `/v1/accounts/${body.id}/deposits`, { asset: 'USD/2', amount: 1_000 });
  return body.id;
}

function make(account: string, rest: object = {}, key?: string) {
  const body = { account, asset: 'USD/2', amount: '600', ...rest };
  return api.call('POST', '/v1/holds', body, { basePath: '/dev', ...(key !== undefined && { key }) });
}

/** Half a minute from now. What ends then is open however long a test takes, until it looks a minute later. */
const soon = () => new Date(Date.now() + 30_000).toISOString();

async function aMinuteLater<T>(act: () => Promise<T>, clockOf: Clock = systemClock): Promise<T> {
  const clock = jest.spyOn(clockOf, 'now').mockReturnValue(Date.now() + 60_000);
  try {
    return await act();
  } finally {
    clock.mockRestore();
  }
}

describe('createHold', () => {
  it('answers the hold, and where it is', async () => {
    const account = await payer();
    const answer = await make(account, { expiresInSeconds: 60, description: 'Room 7', metadata: { booking: '9' } });
    expect(answer.status).toBe(201);
    expect(() => holdAnswer.parse(answer.body)).not.toThrow();
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^hold_/),
      status: 'open',
      account,
      asset: 'USD/2',
      amount: '600',
      remaining: '600',
      captured: '0',
      description: 'Room 7',
      metadata: { booking: '9' },
      createdAt: expect.any(String),
      expiresAt: new Date(Date.parse(answer.body.createdAt) + 60_000).toISOString(),
      updatedAt: answer.body.createdAt,
      version: '1',
    });
    expect(answer.headers.Location).toBe(`/dev/v1/holds/${answer.body.id}`);
    const read = await api.call('GET', `/v1/holds/${answer.body.id}`);
    expect(read.text).toBe(answer.text);
    const { body: balance } = await api.call('GET', `/v1/accounts/${account}/balances/USD.2`);
    expect(balance).toMatchObject({ posted: '1000', held: '600', available: '400' });
  });

  it('answers a decline for good, with the transaction that keeps it', async () => {
    const key = randomUUID();
    const account = await payer();
    const declined = await make(account, { amount: 1_001 }, key);
    expect(declined.status).toBe(422);
    expect(declined.body).toMatchObject({
      code: 'insufficient_funds',
      account,
      asset: 'USD/2',
      available: '1000',
      required: '1001',
    });
    await api.call('POST', `/v1/accounts/${account}/deposits`, { asset: 'USD/2', amount: 1_000 });
    const again = await make(account, { amount: 1_001 }, key);
    expect([again.text, again.headers['Idempotent-Replayed']]).toEqual([declined.text, 'true']);
    const kept = await api.call('GET', `/v1/transactions/${declined.body.transactionId}`);
    expect(() => transactionAnswer.parse(kept.body)).not.toThrow();
    expect(kept.body).toMatchObject({ type: 'hold', status: 'rejected', postings: [], reason: 'insufficient_funds' });
  });

  it('takes an end with a zone, and the same request again long after', async () => {
    const key = randomUUID();
    const account = await payer();
    const expiresAt = soon();
    const first = await make(account, { expiresAt: expiresAt.replace('Z', '+00:00') }, key);
    expect(first.body.expiresAt).toBe(expiresAt);
    const again = await aMinuteLater(() => make(account, { expiresAt }, key));
    expect([again.text, again.headers['Idempotent-Replayed']]).toEqual([first.text, 'true']);
  });
});

describe('captureHold', () => {
  it('answers the transaction, and each part for itself', async () => {
    const { body: hold } = await make(await payer());
    const capture = (body: object, key = randomUUID()) =>
      api.call('POST', `/v1/holds/${hold.id}/captures`, { destination: 'shop', ...body }, { key, basePath: '/dev' });
    const key = randomUUID();
    const first = await capture({ amount: '100', description: 'Breakfast' }, key);
    expect(first.status).toBe(201);
    expect(() => postedTransaction.parse(first.body)).not.toThrow();
    expect(first.body).toMatchObject({ type: 'capture', holdId: hold.id, description: 'Breakfast' });
    expect(first.headers.Location).toBe(`/dev/v1/transactions/${first.body.id}`);
    expect((await api.call('GET', `/v1/transactions/${first.body.id}`)).body).toMatchObject({ holdId: hold.id });
    const last = await capture({ amount: '200', final: true });
    expect(last.body.postings).toEqual([{ source: hold.account, destination: 'shop', asset: 'USD/2', amount: '200' }]);
    expect((await capture({})).body.code).toBe('hold_not_open');
    const again = await capture({ amount: '100', description: 'Breakfast' }, key);
    expect([again.text, again.headers['Idempotent-Replayed']]).toEqual([first.text, 'true']);
    const read = await api.call('GET', `/v1/holds/${hold.id}`);
    expect(read.body).toMatchObject({ status: 'captured', captured: '300', remaining: '0', version: '3' });
    const { body: balance } = await api.call('GET', `/v1/accounts/${hold.account}/balances/USD.2`);
    expect(balance).toMatchObject({ posted: '700', held: '0', available: '700' });
  });

  it('says how much remains where more is asked, and what is wrong with a destination', async () => {
    const { body: hold } = await make(await payer());
    const capture = (body: object) => api.call('POST', `/v1/holds/${hold.id}/captures`, body);
    expect((await capture({ destination: 'shop', amount: '601' })).body).toMatchObject({
      code: 'exceeds_remaining',
      available: '600',
      required: '601',
      transactionId: expect.stringMatching(/^tx_/),
    });
    expect((await capture({ destination: hold.account })).body.code).toBe('same_account');
    expect((await capture({ destination: 'nobody' })).body).toMatchObject({
      code: 'account_not_found',
      account: 'nobody',
    });
    expect((await capture({ destination: 'shop' })).status).toBe(201);
  });
});

describe('voidHold', () => {
  it('answers the hold as it ended, and again to the same key only', async () => {
    const { body: hold } = await make(await payer());
    const key = randomUUID();
    const path = `/v1/holds/${hold.id}/void`;
    const ended = await api.call('POST', path, undefined, { key });
    expect(ended.status).toBe(200);
    expect(ended.body).toMatchObject({ id: hold.id, status: 'voided', remaining: '0', captured: '0', version: '2' });
    const again = await api.call('POST', path, undefined, { key });
    expect([again.text, again.headers['Idempotent-Replayed']]).toEqual([ended.text, 'true']);
    const other = await api.call('POST', path);
    expect([other.status, other.body.code]).toEqual([409, 'hold_not_open']);
  });
});

describe('getHold', () => {
  it('answers 304 until it changes, and shows its end at its time', async () => {
    const { body: hold } = await make(await payer(), { expiresAt: soon() });
    const path = `/v1/holds/${hold.id}`;
    const { headers } = await api.call('GET', path);
    const known = { headers: { 'If-None-Match': headers.ETag ?? '' } };
    expect((await api.call('GET', path, undefined, known)).status).toBe(304);
    await aMinuteLater(async () => {
      const over = await api.call('GET', path, undefined, known);
      expect(over.status).toBe(200);
      expect(over.body).toMatchObject({ status: 'expired', remaining: '600' });
      expect((await api.call('POST', `${path}/void`)).body.code).toBe('hold_not_open');
    });
  });
});

describe('the worker release-expired-holds', () => {
  it('releases what is over, and nothing while changes are switched off', async () => {
    const { body: hold } = await make(await payer(), { expiresAt: soon() });
    const held = async () => (await api.call('GET', `/v1/accounts/${hold.account}/balances/USD.2`)).body.held;
    /** A new instance, which finds these flags. */
    const sweep = async (found: string) => {
      api.parameters.parameters.set(flagsParameter, found);
      jest.resetModules();
      const { handler } = await import('../../functions/workers/release-expired-holds.ts');
      // The clock of the instance, which has modules of its own.
      const { systemClock } = await import('../../lib/dynamodb/table/patience.ts');
      await aMinuteLater(() => handler({}, lambdaContext(50_000)), systemClock);
    };
    await sweep('{"acceptWrites":false}');
    expect(await held()).toBe('600');
    await sweep('{}');
    expect(await held()).toBe('0');
    expect((await api.call('GET', `/v1/holds/${hold.id}`)).body).toMatchObject({ status: 'expired', remaining: '0' });
  });
});
