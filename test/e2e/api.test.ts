import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiClient } from '../support/api-client.ts';
import { openTarget, type Target } from './target.ts';

const asset = 'USD/2';
const coins = 'GOLD_COINS';

let target: Target;
let api: ApiClient;
let alice: string;
let bob: string;
let bank: string;
beforeAll(async () => {
  target = await openTarget();
  api = target.api;
  for (const code of [asset, coins]) await api.post('/v1/assets', { code });
  [alice, bob, bank] = [target.name('alice'), target.name('bob'), target.name('bank')];
  await api.post('/v1/accounts', { id: bank, unbounded: true });
  for (const id of ['system:external', 'system:treasury', 'system:revenue']) {
    // A stage has them already: then this is a 409.
    expect([201, 409]).toContain((await api.post('/v1/accounts', { id, unbounded: true })).status);
  }
  for (const id of [alice, bob]) expect((await api.post('/v1/accounts', { id })).status).toBe(201);
});
afterAll(() => target.stop());

describe('a transfer', () => {
  it('answers as the contract says, and can be read back', async () => {
    await api.post('/v1/transfers', { source: bank, destination: alice, asset, amount: '9000' });
    const body = {
      source: alice,
      destination: bob,
      asset,
      amount: '1050',
      description: 'Lunch',
      metadata: { order: '7' },
    };
    const made = await api.post('/v1/transfers', body);
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      id: expect.stringMatching(/^tx_[a-z2-7]{52}$/),
      status: 'posted',
      type: 'transfer',
      postings: [{ source: alice, destination: bob, asset, amount: '1050' }],
      entries: [
        { account: alice, asset, sequence: '2', amount: '-1050', balanceAfter: '7950' },
        { account: bob, asset, sequence: '1', amount: '1050', balanceAfter: '1050' },
      ],
      description: 'Lunch',
      metadata: { order: '7' },
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    const location = made.headers.get('location') ?? '';
    const read = await api.get(`/v1${location.slice(location.indexOf('/v1') + 3)}`);
    expect(read.status).toBe(200);
    expect(read.body).toEqual(made.body);
    const known = await api.get(`/v1/transactions/${made.body.id}`, {
      headers: { 'if-none-match': read.headers.get('etag') ?? '' },
    });
    expect([known.status, known.text]).toEqual([304, '']);
  });

  it('is declined for good when it is not covered', async () => {
    const key = randomUUID();
    const body = { source: bob, destination: alice, asset, amount: '999999' };
    const declined = await api.post('/v1/transfers', body, { key });
    expect(declined.status).toBe(422);
    expect(declined.headers.get('content-type')).toContain('application/problem+json');
    expect(declined.body).toMatchObject({ code: 'insufficient_funds', account: bob, asset, required: '999999' });
    await api.post('/v1/transfers', { source: bank, destination: bob, asset, amount: '2000000' });
    const again = await api.post('/v1/transfers', body, { key });
    expect(again.text).toBe(declined.text);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const read = await api.get(`/v1/transactions/${declined.body.transactionId}`);
    expect(read.body).toMatchObject({ status: 'rejected', reason: 'insufficient_funds' });
  });

  it('can be tried without being made', async () => {
    const before = await api.get(`/v1/accounts/${alice}/balances/USD.2`);
    const key = randomUUID();
    const body = { source: alice, destination: bob, asset, amount: '1' };
    const tried = await api.post('/v1/transfers?dryRun=true', body, { key });
    expect(tried.status).toBe(200);
    expect(tried.body.entries[0].balanceAfter).toBe(String(BigInt(before.body.posted) - 1n));
    expect((await api.get(`/v1/accounts/${alice}/balances/USD.2`)).body).toEqual(before.body);
    expect((await api.post('/v1/transfers', body, { key })).headers.get('idempotent-replayed')).toBeNull();
  });

  it('of several postings happens whole or not at all', async () => {
    const carol = target.name('carol');
    await api.post('/v1/accounts', { id: carol });
    const posting = (source: string, destination: string, amount: string) => ({ source, destination, asset, amount });
    const chain = { postings: [posting(bank, carol, '100'), posting(carol, alice, '60'), posting(carol, bob, '40')] };
    expect((await api.post('/v1/transactions', chain)).status).toBe(201);
    const short = { postings: [posting(bank, carol, '100'), posting(carol, alice, '60'), posting(carol, bob, '41')] };
    expect((await api.post('/v1/transactions', short)).body.code).toBe('insufficient_funds');
    expect((await api.get(`/v1/accounts/${carol}/balances/USD.2`)).body.posted).toBe('0');
  });
});

describe('a balance', () => {
  it('is found by the asset as it is written, too', async () => {
    const answer = await api.get(`/v1/accounts/${bank}/balances/USD%2F2`);
    const asWritten = target.lacks('encoded slash in a path') ? [404, undefined] : [200, bank];
    expect([answer.status, answer.body.account]).toEqual(asWritten);
    expect((await api.get(`/v1/accounts/${bank}/balances/USD.2`)).body.account).toBe(bank);
  });
});

describe('the named flows', () => {
  it('deposit, top up, give a bonus, spend and withdraw', async () => {
    const dora = target.name('dora');
    await api.post('/v1/accounts', { id: dora });
    const flows: [string, string, string, string][] = [
      ['deposits', asset, '500', 'deposit'],
      ['withdrawals', asset, '200', 'withdrawal'],
      ['top-ups', coins, '70', 'top_up'],
      ['bonuses', coins, '30', 'bonus'],
      ['spends', coins, '25', 'spend'],
    ];
    for (const [flow, code, amount, type] of flows) {
      const { status, body } = await api.post(`/v1/accounts/${dora}/${flow}`, { asset: code, amount });
      expect([status, body.type]).toEqual([201, type]);
    }
    const { body } = await api.get(`/v1/accounts/${dora}/balances`);
    expect(body.data.map((each: { asset: string; posted: string }) => [each.asset, each.posted])).toEqual([
      [coins, '75'],
      [asset, '300'],
    ]);
  });
});

describe('history', () => {
  it('shows a transfer on both sides, in pages, in both orders, and within a range', async () => {
    const eve = target.name('eve');
    await api.post('/v1/accounts', { id: eve });
    for (let i = 1; i <= 5; i++) {
      await api.post('/v1/transfers', { source: bank, destination: eve, asset, amount: String(i) });
    }
    const path = `/v1/accounts/${eve}/entries?asset=USD.2&limit=2`;
    const sequences: string[] = [];
    let cursor = '';
    do {
      const { status, body } = await api.get(path + cursor);
      expect(status).toBe(200);
      sequences.push(...body.data.map((entry: { sequence: string }) => entry.sequence));
      cursor = body.nextCursor ? `&cursor=${encodeURIComponent(body.nextCursor)}` : '';
    } while (cursor);
    expect(sequences).toEqual(['5', '4', '3', '2', '1']);
    const oldest = await api.get(`/v1/accounts/${eve}/entries?order=asc&limit=1`);
    expect(oldest.body.data[0]).toMatchObject({ sequence: '1', counterparties: [bank], type: 'transfer' });
    const third = (await api.get(`/v1/accounts/${eve}/entries?order=asc`)).body.data[2];
    const until = await api.get(`/v1/accounts/${eve}/entries?to=${third.createdAt}&limit=1`);
    expect(BigInt(until.body.data[0].sequence)).toBeGreaterThanOrEqual(3n);
    const other = await api.get(`/v1/accounts/${bank}/entries?asset=USD.2&limit=1`);
    expect(other.body.data[0]).toMatchObject({ amount: '-5', counterparties: [eve] });
    const at = await api.get(`/v1/accounts/${eve}/balances/USD.2?at=${third.createdAt}`);
    expect(BigInt(at.body.posted)).toBeGreaterThanOrEqual(6n);
  });

  it('refuses a cursor of another query', async () => {
    const { body } = await api.get(`/v1/accounts/${bank}/entries?asset=USD.2&limit=1`);
    const wrong = await api.get(`/v1/accounts/${alice}/entries?asset=USD.2&limit=1&cursor=${body.nextCursor}`);
    expect([wrong.status, wrong.body.code]).toEqual([400, 'invalid_cursor']);
  });
});

describe('accounts', () => {
  it('are changed by merging, and closed only when empty', async () => {
    const id = target.name('frank');
    const made = await api.post('/v1/accounts', {
      id,
      floors: { [asset]: '-500' },
      metadata: { plan: 'basic', ref: '1' },
    });
    expect(made.body).toMatchObject({ id, status: 'active', floors: { [asset]: '-500' } });
    expect((await api.post('/v1/transfers', { source: id, destination: bank, asset, amount: '500' })).status).toBe(201);
    const patched = await api.patch(`/v1/accounts/${id}`, { metadata: { plan: 'pro', ref: null } });
    expect(patched.body.metadata).toEqual({ plan: 'pro' });
    expect((await api.patch(`/v1/accounts/${id}`, { floors: { [asset]: '-499' } })).body.code).toBe('balance_conflict');
    expect((await api.patch(`/v1/accounts/${id}`, { status: 'closed' })).body.code).toBe('balance_conflict');
    await api.post('/v1/transfers', { source: bank, destination: id, asset, amount: '500' });
    expect((await api.patch(`/v1/accounts/${id}`, { status: 'closed' })).body.status).toBe('closed');
    const late = await api.post('/v1/transfers', { source: bank, destination: id, asset, amount: '1' });
    expect(late.body.code).toBe('account_closed');
  });
});

describe('the platform', () => {
  it('is healthy, documented, and shut to strangers', async () => {
    expect((await api.get('/health')).status).toBe(200);
    const { body: document } = await api.get('/openapi.json');
    expect(document.openapi).toMatch(/^3\.1/);
    expect((await api.get('/docs')).text).toContain('<html');
    const stranger = await fetch(`${api.url}/v1/accounts`);
    expect(stranger.status).toBe(401);
    expect((await stranger.json()) as object).toMatchObject({ code: 'unauthenticated' });
    const unknown = await api.get('/v1/nothing');
    expect([unknown.status, unknown.body.code]).toEqual([
      404,
      target.lacks('problems of the gateway') ? undefined : 'not_found',
    ]);
  });

  it('compresses what is long', async () => {
    const long = await api.get('/openapi.json', { headers: { 'accept-encoding': 'gzip' } });
    expect(long.headers.get('content-encoding')).toBe(target.lacks('gzip') ? null : 'gzip');
    expect(long.body.info.title).toBe('Florin');
  });

  it('carries the correlation id', async () => {
    const answer = await api.get('/v1/assets', { headers: { 'x-correlation-id': 'my-request-1' } });
    expect(answer.headers.get('x-correlation-id')).toBe('my-request-1');
  });
});
