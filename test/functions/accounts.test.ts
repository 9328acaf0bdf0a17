import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accountAnswer, accountList, balanceAnswer, balanceAtAnswer, entryPage } from '../../lib/http/answers.ts';
import { insistingly, startApi, type TestApi } from './api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
  const call = insistingly(api.call);
  for (const code of ['USD/2', 'GEMS']) await call('POST', '/v1/assets', { code });
  for (const id of ['system:external', 'system:revenue']) await call('POST', '/v1/accounts', { id, unbounded: true });
});
afterAll(() => api.stop());

async function account(funds = 0): Promise<string> {
  const { body } = await insistingly(api.call)('POST', '/v1/accounts', {});
  if (funds > 0) await deposit(body.id, funds);
  return body.id;
}

async function deposit(id: string, amount: number, asset = 'USD/2') {
  const answer = await insistingly(api.call)('POST', `/v1/accounts/${id}/deposits`, { asset, amount });
  expect(answer.status).toBe(201);
  return answer.body;
}

describe('createAccount', () => {
  it('creates what was asked for', async () => {
    const id = `user:${randomUUID()}`;
    const body = { id, floors: { 'USD/2': '-50000' }, owner: 'sub', metadata: { tier: 'gold' } };
    const answer = await api.call('POST', '/v1/accounts', body, { basePath: '/dev' });
    expect(answer).toMatchObject({
      status: 201,
      headers: { Location: `/dev/v1/accounts/${id}` },
      body: { ...body, status: 'active', unbounded: false, version: '1' },
    });
    expect(() => accountAnswer.parse(answer.body)).not.toThrow();
    expect((await api.call('GET', `/v1/accounts/${id}`)).text).toBe(answer.text);
  });

  it('replays its answer whole, and refuses the key for another account', async () => {
    const key = randomUUID();
    const first = await api.call('POST', '/v1/accounts', { metadata: { a: '1', b: '2' } }, { key });
    const again = await api.call('POST', '/v1/accounts', { metadata: { b: '2', a: '1' } }, { key });
    expect(again).toMatchObject({ status: 201, text: first.text, headers: { 'Idempotent-Replayed': 'true' } });
    expect(again.headers.Location).toBe(first.headers.Location);
    const other = await api.call('POST', '/v1/accounts', { metadata: { a: '1' } }, { key });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it('answers 20 requests with one key at one instant the same', async () => {
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.call('POST', '/v1/accounts', {}, { key })));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    expect(answers.filter(({ headers }) => headers['Idempotent-Replayed'] === 'true')).toHaveLength(19);
  });

  it('does not keep a refusal: the same request may succeed later', async () => {
    const key = randomUUID();
    const code = `A${Date.now()}`;
    const body = { floors: { [code]: '-5' } };
    expect(await api.call('POST', '/v1/accounts', body, { key })).toMatchObject({
      status: 422,
      body: { code: 'asset_not_found' },
    });
    await api.call('POST', '/v1/assets', { code });
    expect((await api.call('POST', '/v1/accounts', body, { key })).status).toBe(201);
  });
});

describe('updateAccount', () => {
  it('merges floors and metadata, and null takes away', async () => {
    const { body } = await api.call('POST', '/v1/accounts', {
      floors: { 'USD/2': '-5', GEMS: '-7' },
      owner: 'sub',
      metadata: { a: '1', b: '2' },
    });
    const change = { floors: { 'USD/2': null, GEMS: '-8' }, owner: null, metadata: { a: null, c: '3' } };
    const answer = await api.call('PATCH', `/v1/accounts/${body.id}`, change, {
      headers: { 'Content-Type': 'application/merge-patch+json' },
    });
    expect(answer).toMatchObject({
      status: 200,
      body: { floors: { GEMS: '-8' }, metadata: { b: '2', c: '3' }, version: '2' },
    });
    expect(answer.body.floors).not.toHaveProperty('USD/2');
    expect(answer.body).not.toHaveProperty('owner');
  });

  it('changes once under a key, and replays the answer it gave then', async () => {
    const id = await account();
    const key = randomUUID();
    const first = await api.call('PATCH', `/v1/accounts/${id}`, { status: 'frozen' }, { key });
    await api.call('PATCH', `/v1/accounts/${id}`, { status: 'active' });
    const again = await api.call('PATCH', `/v1/accounts/${id}`, { status: 'frozen' }, { key });
    expect(again).toMatchObject({ status: 200, text: first.text, headers: { 'Idempotent-Replayed': 'true' } });
    expect((await api.call('GET', `/v1/accounts/${id}`)).body).toMatchObject({ status: 'active', version: '3' });
  });

  it('refuses the key for another account', async () => {
    const [one, two] = [await account(), await account()];
    const key = randomUUID();
    await api.call('PATCH', `/v1/accounts/${one}`, { status: 'frozen' }, { key });
    const other = await api.call('PATCH', `/v1/accounts/${two}`, { status: 'frozen' }, { key });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it('takes no floor above the balance', async () => {
    const { body } = await api.call('POST', '/v1/accounts', { floors: { 'USD/2': '-100' } });
    await api.call('POST', `/v1/accounts/${body.id}/spends`, { asset: 'USD/2', amount: '60' });
    const refused = await api.call('PATCH', `/v1/accounts/${body.id}`, { floors: { 'USD/2': '-59' } });
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'balance_conflict', account: body.id, asset: 'USD/2' },
    });
    expect((await api.call('PATCH', `/v1/accounts/${body.id}`, { floors: { 'USD/2': '-60' } })).status).toBe(200);
    const balance = await api.call('GET', `/v1/accounts/${body.id}/balances/USD.2`);
    expect(balance.body).toMatchObject({ posted: '-60', available: '0' });
  });
});

describe('listAccounts', () => {
  it('pages through all of them once, in order of id', async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => account()));
    const seen: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const { body } = await api.call('GET', `/v1/accounts?limit=3${cursor ? `&cursor=${cursor}` : ''}`);
      expect(() => accountList.parse(body)).not.toThrow();
      seen.push(...body.data.map(({ id }: { id: string }) => id));
      cursor = body.nextCursor;
      if (!cursor) break;
    }
    expect(seen).toEqual([...new Set(seen)].sort());
    expect(seen).toEqual(expect.arrayContaining(made));
  });
});

describe('getBalance', () => {
  it('has one validator for each state', async () => {
    const id = await account(100);
    const path = `/v1/accounts/${id}/balances/USD%2F2`;
    const first = await api.call('GET', path);
    expect(first).toMatchObject({
      status: 200,
      body: { account: id, asset: 'USD/2', posted: '100', held: '0', available: '100' },
    });
    expect(() => balanceAnswer.parse(first.body)).not.toThrow();
    const headers = { 'If-None-Match': first.headers.ETag as string };
    expect(await api.call('GET', path, undefined, { headers })).toMatchObject({ status: 304, text: '' });
    await deposit(id, 1);
    expect(await api.call('GET', path, undefined, { headers })).toMatchObject({ status: 200, body: { posted: '101' } });
  });

  it('shows a floor that moved, on a balance without entries too', async () => {
    const { body } = await api.call('POST', '/v1/accounts', {});
    const path = `/v1/accounts/${body.id}/balances/GEMS`;
    const empty = await api.call('GET', path);
    expect(empty).toMatchObject({ status: 200, body: { posted: '0', available: '0', updatedAt: null } });
    expect(empty.headers).not.toHaveProperty('ETag');
    await api.call('PATCH', `/v1/accounts/${body.id}`, { floors: { GEMS: '-5' } });
    expect((await api.call('GET', path)).body.available).toBe('5');
  });

  it('answers the balance as it was', async () => {
    const id = await account();
    const times: string[] = [];
    for (const amount of [1, 10, 100]) {
      times.push((await deposit(id, amount)).createdAt);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    const at = async (time: string) => {
      const { body } = await api.call('GET', `/v1/accounts/${id}/balances/USD.2?at=${encodeURIComponent(time)}`);
      expect(() => balanceAtAnswer.parse(body)).not.toThrow();
      return [body.posted, body.sequence];
    };
    expect(await at('1970-01-01T00:00:00Z')).toEqual(['0', '0']);
    expect(await at(times[0] as string)).toEqual(['1', '1']);
    expect(await at(times[1] as string)).toEqual(['11', '2']);
    expect(await at('2200-01-01T00:00:00+02:00')).toEqual(['111', '3']);
  });
});

describe('listBalances', () => {
  it('has one for each asset, and one validator for all', async () => {
    const id = await account(100);
    await deposit(id, 7, 'GEMS');
    const path = `/v1/accounts/${id}/balances`;
    const first = await api.call('GET', path);
    expect(first.body.data.map(({ asset, posted }: Record<string, string>) => [asset, posted])).toEqual([
      ['GEMS', '7'],
      ['USD/2', '100'],
    ]);
    const headers = { 'If-None-Match': first.headers.ETag as string };
    expect((await api.call('GET', path, undefined, { headers })).status).toBe(304);
    await deposit(id, 1, 'GEMS');
    expect((await api.call('GET', path, undefined, { headers })).status).toBe(200);
  });
});

describe('listEntries', () => {
  /** All pages of a query, as amounts. */
  async function amounts(id: string, query: string): Promise<string[]> {
    const seen: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const { body } = await api.call('GET', `/v1/accounts/${id}/entries?${query}${cursor ? `&cursor=${cursor}` : ''}`);
      expect(() => entryPage.parse(body)).not.toThrow();
      seen.push(...body.data.map(({ amount }: { amount: string }) => amount));
      cursor = body.nextCursor;
      if (!cursor) return seen;
    }
  }

  it('shows both sides, in both orders, in pages of any size', async () => {
    const id = await account();
    for (const amount of [1, 2, 3, 4, 5]) await deposit(id, amount);
    await deposit(id, 6, 'GEMS');
    await api.call('POST', `/v1/accounts/${id}/spends`, { asset: 'USD/2', amount: '7' });
    for (const limit of [1, 3, 7, 100]) {
      expect(await amounts(id, `limit=${limit}`)).toEqual(['-7', '6', '5', '4', '3', '2', '1']);
      expect(await amounts(id, `limit=${limit}&order=asc`)).toEqual(['1', '2', '3', '4', '5', '6', '-7']);
      expect(await amounts(id, `limit=${limit}&asset=USD%2F2`)).toEqual(['-7', '5', '4', '3', '2', '1']);
    }
  });

  it('keeps to a range of time', async () => {
    const id = await account();
    const times: string[] = [];
    for (const amount of [1, 2, 3]) {
      times.push((await deposit(id, amount)).createdAt);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    expect(await amounts(id, `from=${times[1]}`)).toEqual(['3', '2']);
    expect(await amounts(id, `to=${times[1]}`)).toEqual(['2', '1']);
    expect(await amounts(id, `from=${times[1]}&to=${times[1]}`)).toEqual(['2']);
  });

  it('takes a cursor with its own query only', async () => {
    const [id, other] = [await account(1), await account(1)];
    await deposit(id, 2);
    const { body } = await api.call('GET', `/v1/accounts/${id}/entries?limit=1`);
    const cursor = body.nextCursor;
    const status = async (path: string) => (await api.call('GET', path)).status;
    expect(await status(`/v1/accounts/${id}/entries?limit=2&cursor=${cursor}`)).toBe(200);
    expect(await status(`/v1/accounts/${id}/entries?limit=1&order=asc&cursor=${cursor}`)).toBe(400);
    expect(await status(`/v1/accounts/${id}/entries?asset=USD%2F2&cursor=${cursor}`)).toBe(400);
    expect(await status(`/v1/accounts/${other}/entries?limit=1&cursor=${cursor}`)).toBe(400);
    expect(await status(`/v1/accounts?limit=1&cursor=${cursor}`)).toBe(400);
  });
});

describe('assets', () => {
  it('registers once and lists by code', async () => {
    const key = randomUUID();
    const body = { code: 'LOYALTY_POINTS', name: 'Loyalty points' };
    const first = await api.call('POST', '/v1/assets', body, { key });
    expect(first).toMatchObject({ status: 201, body: { ...body, scale: 0 } });
    const again = await api.call('POST', '/v1/assets', body, { key });
    expect(again).toMatchObject({ text: first.text, headers: { 'Idempotent-Replayed': 'true' } });
    expect((await api.call('POST', '/v1/assets', body)).body.code).toBe('already_exists');
    const { body: list } = await api.call('GET', '/v1/assets');
    const codes = list.data.map(({ code }: { code: string }) => code);
    expect(codes).toEqual([...codes].sort());
    expect(codes).toContain('LOYALTY_POINTS');
  });
});
