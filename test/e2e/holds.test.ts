import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { auditOverApi } from '../support/api-books.ts';
import type { ApiClient } from '../support/api-client.ts';
import { concurrencies, openTarget, type Target } from './target.ts';

const asset = 'USD/2';
/** A place with one process for each concurrent request takes its time on a small machine. */
const timeoutMs = 240_000;

describe.each(concurrencies)('holds, %s', (_, options) => {
  let target: Target;
  let api: ApiClient;
  let bank: string;
  let shop: string;
  beforeAll(async () => {
    target = await openTarget(options);
    api = target.api;
    await api.post('/v1/assets', { code: asset });
    [bank, shop] = [target.name('bank'), target.name('shop')];
    await api.post('/v1/accounts', { id: bank, unbounded: true });
    await api.post('/v1/accounts', { id: shop });
  }, timeoutMs);
  afterAll(() => target.stop());

  async function payer(amount: number): Promise<string> {
    const id = target.name(`payer-${randomUUID().slice(0, 8)}`);
    await api.post('/v1/accounts', { id });
    await api.settle('/v1/transfers', { source: bank, destination: id, asset, amount: String(amount) });
    return id;
  }

  async function balanceOf(id: string) {
    const { posted, held, available } = (await api.get(`/v1/accounts/${id}/balances/USD.2`)).body;
    return { posted, held, available };
  }

  it('reserve, are captured in parts, and give back what is left', async () => {
    const id = await payer(1_000);
    const made = await api.post('/v1/holds', { account: id, asset, amount: '600', expiresInSeconds: 3_600 });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ status: 'open', remaining: '600', account: id });
    expect(await balanceOf(id)).toEqual({ posted: '1000', held: '600', available: '400' });
    const spent = await api.post('/v1/transfers', { source: id, destination: shop, asset, amount: '401' });
    expect(spent.body.code).toBe('insufficient_funds');
    const path = `/v1/holds/${made.body.id}`;
    const part = await api.post(`${path}/captures`, { destination: shop, amount: '250' });
    expect([part.status, part.body.type, part.body.holdId]).toEqual([201, 'capture', made.body.id]);
    const ended = await api.post(`${path}/void`, undefined);
    expect(ended.body).toMatchObject({ status: 'voided', captured: '250', remaining: '0' });
    expect(await balanceOf(id)).toEqual({ posted: '750', held: '0', available: '750' });
    expect((await api.get(path)).body).toMatchObject({ status: 'voided', captured: '250' });
    expect(await auditOverApi(api, [id], asset)).toEqual([`${asset}: the balances sum to 750`]);
  });

  it(
    'have exactly one end, whoever comes first',
    async () => {
      const id = await payer(100_000);
      const ends: string[] = [];
      let leadMs = 40;
      while (ends.length < 40) {
        // At about the time of the requests it is over.
        const expiresAt = new Date(Date.now() + leadMs + (ends.length % 4) * 20).toISOString();
        const { body: hold } = await api.settle('/v1/holds', { account: id, asset, amount: '10', expiresAt });
        if (hold.code === 'invalid_request') {
          // It was over before it could be made: this place takes longer.
          leadMs *= 2;
          continue;
        }
        const path = `/v1/holds/${hold.id}`;
        const answers = await Promise.all([
          api.settle(`${path}/captures`, { destination: shop }),
          api.settle(`${path}/void`, undefined),
          api.settle(`${path}/captures`, { destination: shop, amount: '10' }),
        ]);
        const won = answers.filter(({ status }) => status < 300);
        expect(won.length).toBeLessThanOrEqual(1);
        const lost = answers.filter(({ status }) => status >= 300);
        expect(new Set(lost.map(({ body }) => body.code))).toEqual(new Set(['hold_not_open']));
        const { status } = (await api.get(path)).body;
        expect(status).toBe(won.length === 0 ? 'expired' : (won[0]?.body.status ?? '').replace('posted', 'captured'));
        ends.push(status);
      }
      const captured = ends.filter((end) => end === 'captured').length;
      // What is over and not released yet does not keep the rest from being spent.
      const rest = String(100_000 - 10 * captured);
      const all = await api.settle('/v1/transfers', { source: id, destination: bank, asset, amount: rest });
      expect([all.status, all.body.code]).toEqual([201, undefined]);
      expect(await balanceOf(id)).toEqual({ posted: '0', held: '0', available: '0' });
    },
    timeoutMs,
  );

  it(
    'are never captured beyond their amount',
    async () => {
      const id = await payer(1_000);
      const { body: hold } = await api.post('/v1/holds', { account: id, asset, amount: '100' });
      const answers = await Promise.all(
        Array.from({ length: 16 }, () =>
          api.settle(`/v1/holds/${hold.id}/captures`, { destination: shop, amount: '10' }),
        ),
      );
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
      expect(new Set(answers.filter(({ status }) => status !== 201).map(({ body }) => body.code))).toEqual(
        new Set(['hold_not_open']),
      );
      expect(await balanceOf(id)).toEqual({ posted: '900', held: '0', available: '900' });
    },
    timeoutMs,
  );
});
