import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditOverApi } from '../support/api-books.ts';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';
import { concurrencies, openTarget, type Target } from './target.ts';

const asset = 'USD/2';
/** A place with one process for each concurrent request takes its time on a small machine. */
const timeoutMs = 240_000;
const clients = 32;

describe.each(concurrencies)('a spread account, %s', (_, options) => {
  let target: Target;
  let api: ApiClient;
  let treasury: string;
  let users: string[];
  beforeAll(async () => {
    target = await openTarget(options);
    api = target.api;
    await api.post('/v1/assets', { code: asset });
    treasury = target.name('treasury');
    users = Array.from({ length: clients }, (__, index) => target.name(`user_${index}`));
    const made = await api.post('/v1/accounts', { id: treasury, unbounded: true, shards: 4 });
    expect([made.status, made.body.shards]).toEqual([201, 4]);
    for (const id of users) await api.post('/v1/accounts', { id });
  }, timeoutMs);
  afterAll(() => target.stop());

  /** Shards that are opened at the same time change the account too, so it may be told to try again. */
  async function spreadFurther(): Promise<ApiAnswer> {
    const key = randomUUID();
    for (let tries = 1; ; tries++) {
      const answer = await api.patch(`/v1/accounts/${treasury}`, { shards: 16 }, { key });
      if (answer.status < 500 || tries === 10) return answer;
    }
  }

  it(
    'pays many at once, is spread further meanwhile, and reads as one',
    async () => {
      const pay = (destination: string) =>
        api.settle('/v1/transfers', { source: treasury, destination, asset, amount: '3' });
      const [raised] = await Promise.all([spreadFurther(), ...users.map(pay), ...users.map(pay)]);
      expect(raised).toMatchObject({ status: 200, body: { shards: 16 } });

      const balance = await api.get(`/v1/accounts/${treasury}/balances/USD.2`);
      expect(balance.body).toMatchObject({ posted: String(-6 * clients), held: '0', available: null });
      const { data } = (await api.get(`/v1/accounts/${treasury}/balances`)).body;
      expect(data).toEqual([balance.body]);
      const unchanged = await api.get(`/v1/accounts/${treasury}/balances/USD.2`, {
        headers: { 'if-none-match': balance.headers.get('etag') ?? '' },
      });
      expect(unchanged.status).toBe(304);
      await pay(users[0] as string);
      const changed = await api.get(`/v1/accounts/${treasury}/balances/USD.2`, {
        headers: { 'if-none-match': balance.headers.get('etag') ?? '' },
      });
      expect([changed.status, changed.body.posted]).toEqual([200, String(-6 * clients - 3)]);
      expect(await auditOverApi(api, [treasury, ...users], asset)).toEqual([]);
    },
    timeoutMs,
  );

  it(
    'shows its entries newest first, a page at a time, with their shards where these are not 0',
    async () => {
      const path = `/v1/accounts/${treasury}/entries?asset=USD.2&limit=7`;
      const entries: { createdAt: string; hash: string; shard?: number }[] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const page = await api.get(cursor ? `${path}&cursor=${cursor}` : path);
        expect(page.status).toBe(200);
        entries.push(...page.body.data);
        cursor = page.body.nextCursor;
      }
      expect(new Set(entries.map(({ hash }) => hash)).size).toBe(2 * clients + 1);
      const times = entries.map(({ createdAt }) => createdAt);
      expect(times).toEqual(times.toSorted().toReversed());
      expect(entries.every(({ shard }) => shard === undefined || (shard > 0 && shard < 16))).toBe(true);
    },
    timeoutMs,
  );

  it(
    'is never spread less, and a bounded one not at all',
    async () => {
      const fewer = await api.patch(`/v1/accounts/${treasury}`, { shards: 8 });
      expect([fewer.status, fewer.body.code]).toEqual([400, 'invalid_request']);
      const bounded = await api.patch(`/v1/accounts/${users[0]}`, { shards: 8 });
      expect([bounded.status, bounded.body.code]).toEqual([400, 'invalid_request']);
      expect((await api.get(`/v1/accounts/${treasury}`)).body.shards).toBe(16);
    },
    timeoutMs,
  );
});
