import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { maxSettlingMs } from '../../lib/ledger/limits.ts';
import type { ApiClient } from '../support/api-client.ts';
import { openTarget, type Target } from './target.ts';

const asset = 'USD/2';

/** Clocks of a stage may be apart, and then what is final comes a little later. */
const marginMs = 4_000;

let target: Target;
let api: ApiClient;
let alice: string;
let bob: string;
let from: string;
beforeAll(async () => {
  target = await openTarget();
  api = target.api;
  await api.post('/v1/assets', { code: asset });
  [alice, bob] = [target.name('alice'), target.name('bob')];
  const bank = target.name('bank');
  await api.post('/v1/accounts', { id: bank, unbounded: true });
  for (const id of [alice, bob]) await api.post('/v1/accounts', { id });
  const funded = await api.settle('/v1/transfers', { source: bank, destination: alice, asset, amount: '1000' });
  for (let i = 1; i <= 5; i++) {
    const body = { source: alice, destination: bob, asset, amount: String(i), description: `=${i}` };
    expect((await api.settle('/v1/transfers', body)).status).toBe(201);
  }
  from = funded.body.createdAt;
  await sleep(maxSettlingMs + marginMs);
});
afterAll(() => target.stop());

describe('a statement', () => {
  it('goes from its opening to its closing balance, page by page', async () => {
    const amounts: bigint[] = [];
    let cursor: string | undefined;
    let closing = '';
    do {
      const query = `asset=USD.2&limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`;
      const { status, body, headers } = await api.get(`/v1/accounts/${alice}/statements?${query}`);
      expect(status).toBe(200);
      expect(body.opening).toBe('0');
      amounts.push(...body.data.map(({ amount }: { amount: string }) => BigInt(amount)));
      closing = body.closing;
      cursor = headers.get('x-next-cursor') ?? undefined;
    } while (cursor !== undefined);
    expect(amounts).toEqual([1000n, -1n, -2n, -3n, -4n, -5n]);
    expect(closing).toBe('985');
  });

  it('comes as CSV that runs nothing in a spreadsheet', async () => {
    const { text, headers } = await api.get(`/v1/accounts/${bob}/statements?asset=USD.2`, {
      headers: { accept: 'text/csv' },
    });
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    const lines = text.trimEnd().split('\r\n');
    expect(lines).toHaveLength(1 + 1 + 5 + 1);
    expect(lines.slice(2, -1).map((line) => /'=\d/.test(line))).toEqual([true, true, true, true, true]);
    expect(lines.at(-1)).toMatch(new RegExp(`^closing,${bob},USD/2,.*,15,`));
  });
});

describe('an export', () => {
  it('has the entries of every account', async () => {
    const accounts = new Set<string>();
    let cursor: string | undefined;
    do {
      const query = `from=${from}&limit=500${cursor === undefined ? '' : `&cursor=${cursor}`}`;
      const { status, body } = await api.get(`/v1/entries?${query}`);
      expect(status).toBe(200);
      for (const { account } of body.data) accounts.add(account);
      cursor = body.nextCursor;
    } while (cursor !== undefined);
    for (const id of [alice, bob]) expect(accounts).toContain(id);
  });
});

describe('a trial balance', () => {
  it('adds up to zero', async () => {
    let cursor: string | undefined;
    for (;;) {
      const { status, body } = await api.get(
        `/v1/admin/trial-balance${cursor === undefined ? '' : `?cursor=${cursor}`}`,
      );
      expect(status).toBe(200);
      cursor = body.nextCursor;
      if (cursor !== undefined) continue;
      expect(body.status).toBe('balanced');
      for (const { sum } of body.assets) expect(sum).toBe('0');
      return;
    }
  });
});

describe('the checks', () => {
  it('find no damage', async () => {
    const { status, body } = await api.get('/v1/admin/checks');
    expect(status).toBe(200);
    expect(body.findings).toEqual([]);
    expect(['sound', 'unknown']).toContain(body.status);
  });
});
