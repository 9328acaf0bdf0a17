import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiClient } from '../support/api-client.ts';
import { AccountsOfRun, asset, raceTimeoutMs } from './accounts-of-run.ts';
import { concurrencies, openTarget, type Target } from './target.ts';

describe.each(concurrencies)('races, with functions run %s', (_, options) => {
  let target: Target;
  let api: ApiClient;
  let accounts: AccountsOfRun;

  beforeAll(async () => {
    target = await openTarget(options);
    api = target.api;
    accounts = await AccountsOfRun.on(target);
  });
  afterAll(async () => {
    expect(await accounts.audit()).toEqual([]);
    await target.stop();
  });

  it('gives 50 identical requests at one instant one effect and one answer', async () => {
    const source = await accounts.open('same-source', {}, 1_000);
    const destination = await accounts.open('same-destination');
    const key = randomUUID();
    const body = { source, destination, asset, amount: '10', description: 'once' };
    const answers = await Promise.all(Array.from({ length: 50 }, () => api.settle('/v1/transfers', body, key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    const replays = answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true');
    expect(replays).toHaveLength(49);
    expect(await accounts.balanceOf(source)).toBe('990');

    const other = await api.post('/v1/transfers', { ...body, amount: '11' }, { key });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
    const reordered = JSON.stringify({ description: 'once', amount: 10, asset, destination, source });
    const replay = await api.post('/v1/transfers', reordered, { key });
    expect(replay.text).toBe(answers[0]?.text);
    expect(replay.headers.get('idempotent-replayed')).toBe('true');
    expect(await accounts.balanceOf(source)).toBe('990');
  });

  it(
    'lets exactly 100 of 200 concurrent spends of 10 from 1,000 succeed',
    async () => {
      const source = await accounts.open('spender', {}, 1_000);
      const shop = await accounts.open('shop');
      const answers = await Promise.all(Array.from({ length: 200 }, () => accounts.transfer(source, shop, 10)));
      const posted = answers.filter(({ status }) => status === 201);
      const declined = answers.filter(({ status, body }) => status === 422 && body.code === 'insufficient_funds');
      expect([posted.length, declined.length]).toEqual([100, 100]);
      expect(await accounts.balanceOf(source)).toBe('0');
      expect(await accounts.balanceOf(shop)).toBe('1000');
    },
    raceTimeoutMs,
  );

  it(
    'moves money in both directions between two accounts at once without deadlock or drift',
    async () => {
      const left = await accounts.open('left', {}, 500);
      const right = await accounts.open('right', {}, 500);
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, i) =>
          i % 2 ? accounts.transfer(left, right, 3) : accounts.transfer(right, left, 2),
        ),
      );
      expect(answers.every(({ status }) => status === 201)).toBe(true);
      expect(await accounts.balanceOf(left)).toBe(String(500 - 30 * 3 + 30 * 2));
      expect(await accounts.balanceOf(right)).toBe(String(500 + 30 * 3 - 30 * 2));
    },
    raceTimeoutMs,
  );

  it(
    'creates an account once, whoever asks at the same instant',
    async () => {
      const id = target.name('contested');
      const key = randomUUID();
      const same = await Promise.all(Array.from({ length: 10 }, () => api.settle('/v1/accounts', { id }, key)));
      expect(new Set(same.map(({ status }) => status))).toEqual(new Set([201]));
      expect(new Set(same.map(({ text }) => text)).size).toBe(1);
      const others = await Promise.all(Array.from({ length: 5 }, () => api.settle('/v1/accounts', { id })));
      expect(others.map(({ body }) => body.code)).toEqual(Array(5).fill('already_exists'));
    },
    raceTimeoutMs,
  );

  it(
    'posts no debit once a freeze was answered',
    async () => {
      const source = await accounts.open('freezing', {}, 10_000);
      const sink = await accounts.open('freeze-sink');
      let isFrozen = false;
      const late: string[] = [];
      const spend = async () => {
        while (true) {
          const wasFrozen = isFrozen;
          const { status, body } = await accounts.transfer(source, sink, 1);
          if (status === 422) return body.code;
          if (wasFrozen) late.push(body.id);
        }
      };
      const spenders = Promise.all(Array.from({ length: 6 }, spend));
      while ((await accounts.balanceOf(sink)) === '0');
      const frozen = await api.patch(`/v1/accounts/${source}`, { status: 'frozen' });
      isFrozen = true;
      expect([frozen.status, frozen.body.status]).toEqual([200, 'frozen']);
      expect(await spenders).toEqual(Array(6).fill('account_frozen'));
      expect(late).toEqual([]);
      expect((await accounts.transfer(sink, source, 1)).status).toBe(201);
    },
    raceTimeoutMs,
  );
});
