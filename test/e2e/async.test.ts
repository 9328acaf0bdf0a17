import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';
import { AccountsOfRun, asset, raceTimeoutMs } from './accounts-of-run.ts';
import { concurrencies, openTarget, type Target } from './target.ts';
import { terminal } from './terminal.ts';

describe.each(concurrencies)('asynchronous transactions, with functions run %s', (_, options) => {
  let target: Target;
  let api: ApiClient;
  let accounts: AccountsOfRun;

  beforeAll(async () => {
    target = await openTarget(options);
    api = target.api;
    accounts = await AccountsOfRun.on(target);
  }, raceTimeoutMs);
  afterAll(async () => {
    expect(await accounts.audit()).toEqual([]);
    await target.stop();
  }, raceTimeoutMs);

  /** Asks that it be executed in the background, until it is accepted. */
  async function accept(path: string, body: object, key: string = randomUUID()): Promise<ApiAnswer> {
    const answer = await api.settle(path, body, key, { prefer: 'respond-async' });
    expect([answer.status, answer.body.status]).toEqual([202, 'pending']);
    expect(answer.headers.get('preference-applied')).toBe('respond-async');
    return answer;
  }

  async function pendingOf(account: string): Promise<string[]> {
    const ids: string[] = [];
    let cursor = '';
    do {
      const { status, body } = await api.get(`/v1/accounts/${account}/pending?limit=100${cursor}`);
      expect(status).toBe(200);
      ids.push(...body.data.map(({ id }: { id: string }) => id));
      cursor = body.nextCursor ? `&cursor=${encodeURIComponent(body.nextCursor)}` : '';
    } while (cursor);
    return ids;
  }

  const transfer = (source: string, destination: string, amount: number) => ({ source, destination, asset, amount });

  it(
    'are accepted, found where the answer says, posted in the background, and answered the same for ever',
    async () => {
      const source = await accounts.open('payer', {}, 1_000);
      const destination = await accounts.open('payee');
      const key = randomUUID();
      const body = {
        ...transfer(source, destination, 10),
        description: 'Lunch',
        metadata: { order: '7', client: 'a' },
      };
      const first = await accept('/v1/transfers', body, key);
      const location = first.headers.get('location') ?? '';
      expect(location.endsWith(`/v1/transactions/${first.body.id}`)).toBe(true);
      const done = await terminal(api, first.body.id);
      expect(done.body).toMatchObject({
        id: first.body.id,
        status: 'posted',
        type: 'transfer',
        entries: [
          { account: source, amount: '-10', balanceAfter: '990' },
          { account: destination, amount: '10', balanceAfter: '10' },
        ],
        description: 'Lunch',
        metadata: { order: '7', client: 'a' },
      });
      const again = await accept('/v1/transfers', body, key);
      expect([again.text, again.headers.get('idempotent-replayed')]).toEqual([first.text, 'true']);
      const sync = await api.settle('/v1/transfers', body, key);
      expect([sync.status, sync.text, sync.headers.get('idempotent-replayed')]).toEqual([201, done.text, 'true']);
      const other = await api.post(
        '/v1/transfers',
        { ...body, amount: 11 },
        { key, headers: { prefer: 'respond-async' } },
      );
      expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
      expect(await accounts.balanceOf(source)).toBe('990');
    },
    raceTimeoutMs,
  );

  it(
    'of one source are posted in the order in which they were accepted, and leave its line empty',
    async () => {
      const source = await accounts.open('line', {}, 5_000);
      const destinations = [await accounts.open('left'), await accounts.open('right')];
      const accepted: string[] = [];
      for (let i = 0; i < 50; i++) {
        accepted.push((await accept('/v1/transfers', transfer(source, destinations[i % 2] as string, 1 + i))).body.id);
      }
      // The last one's turn comes last.
      expect((await terminal(api, accepted.at(-1) as string)).body.status).toBe('posted');
      const posted: string[] = [];
      let cursor = '';
      do {
        const { body } = await api.get(`/v1/accounts/${source}/entries?order=asc&limit=100${cursor}`);
        posted.push(...body.data.map((entry: { transactionId: string }) => entry.transactionId));
        cursor = body.nextCursor ? `&cursor=${encodeURIComponent(body.nextCursor)}` : '';
      } while (cursor);
      // The first entry is what it was opened with.
      expect(posted.slice(1)).toEqual(accepted);
      expect(await pendingOf(source)).toEqual([]);
      expect(await accounts.balanceOf(source)).toBe(String(5_000 - (50 * 51) / 2));
    },
    raceTimeoutMs,
  );

  it(
    'and synchronous ones at once spend exactly what is there',
    async () => {
      const source = await accounts.open('both-ways', {}, 300);
      const destination = await accounts.open('both-sink');
      const keys = Array.from({ length: 40 }, () => randomUUID());
      const body = transfer(source, destination, 10);
      const ids = await Promise.all(
        keys.map(async (key, i): Promise<string> => {
          if (i % 2) return (await accept('/v1/transfers', body, key)).body.id;
          const answer = await accounts.transfer(source, destination, 10);
          return answer.body.id ?? answer.body.transactionId;
        }),
      );
      const outcomes = await Promise.all(ids.map(async (id) => (await terminal(api, id)).body.status));
      expect(outcomes.filter((status) => status === 'posted')).toHaveLength(30);
      expect(outcomes.filter((status) => status === 'rejected')).toHaveLength(10);
      expect([await accounts.balanceOf(source), await accounts.balanceOf(destination)]).toEqual(['0', '300']);
      expect(await pendingOf(source)).toEqual([]);
    },
    raceTimeoutMs,
  );

  it(
    'may be captures, reversals and batches too, and declines are found where they were promised',
    async () => {
      const source = await accounts.open('guest', {}, 500);
      const hotel = await accounts.open('hotel');
      const hold = await api.settle('/v1/holds', { account: source, asset, amount: 200 });
      const capture = await accept(`/v1/holds/${hold.body.id}/captures`, {
        destination: hotel,
        amount: 150,
        final: true,
      });
      expect((await terminal(api, capture.body.id)).body).toMatchObject({ status: 'posted', holdId: hold.body.id });
      const refund = await accept(`/v1/transactions/${capture.body.id}/reversals`, { amount: 50 });
      expect((await terminal(api, refund.body.id)).body).toMatchObject({ status: 'posted', reverses: capture.body.id });
      const batch = await accept('/v1/batches', {
        transactions: [transfer(source, hotel, 1), transfer(source, hotel, 2)],
      });
      const whole = (await terminal(api, batch.body.id)).body;
      expect(whole).toMatchObject({ status: 'posted', type: 'batch', transactions: batch.body.transactions });
      for (const id of whole.transactions) expect((await terminal(api, id)).body.status).toBe('posted');
      const key = randomUUID();
      const late = await accept('/v1/transfers', transfer(source, hotel, 10_000), key);
      expect((await terminal(api, late.body.id)).body).toMatchObject({
        status: 'rejected',
        reason: 'insufficient_funds',
      });
      const sync = await api.settle('/v1/transfers', transfer(source, hotel, 10_000), key);
      expect([sync.status, sync.body.transactionId]).toEqual([422, late.body.id]);
      expect([await accounts.balanceOf(source), await accounts.balanceOf(hotel)]).toEqual(['397', '103']);
    },
    raceTimeoutMs,
  );
});
