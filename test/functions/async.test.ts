import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../lib/dynamodb/table/patience.ts';
import { pendingTransaction, transactionAnswer } from '../../lib/http/line-schemas.ts';
import { maxLineWaitMs } from '../../lib/ledger/index.ts';
import type { ApiAnswer, CallOptions, TestApi } from './api.ts';
import { drainLines } from './line-worker.ts';
import { fundedAccount, postedOf, startApiWithMoney } from './money.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApiWithMoney();
});
afterAll(() => api.stop());

const asset = 'USD/2';
const account = (funds = 0) => fundedAccount(api, funds);
const posted = (id: string) => postedOf(api, id);
const read = (id: string) => api.call('GET', `/v1/transactions/${id}`);
const drain = () => drainLines(api);

function post(path: string, body: unknown, key: string = randomUUID(), options: CallOptions = {}): Promise<ApiAnswer> {
  return api.call('POST', path, body, { ...options, key });
}

function accept(path: string, body: unknown, key?: string, options: CallOptions = {}): Promise<ApiAnswer> {
  return post(path, body, key, { ...options, headers: { Prefer: 'respond-async' } });
}

const transfer = (source: string, destination: string, amount: number | string, rest: object = {}) => ({
  source,
  destination,
  asset,
  amount,
  ...rest,
});

/** Has only waits take time for the functions: these take none for real, and what was waited for is exact. As with a timer, none is shorter than a millisecond. */
function holdClock() {
  let elapsedMs = 0;
  let takenMs = 0;
  const spies = [
    // By it a function knows how much time it has left.
    jest.spyOn(Date, 'now').mockReturnValue(Date.now()),
    jest.spyOn(systemClock, 'elapsed').mockImplementation(() => elapsedMs),
    jest.spyOn(systemClock, 'sleep').mockImplementation(async (ms) => {
      elapsedMs += Math.max(1, Math.ceil(ms));
    }),
  ];
  return {
    /** What was waited for since the last time. */
    takeElapsed() {
      const waitedMs = elapsedMs - takenMs;
      takenMs = elapsedMs;
      return waitedMs;
    },
    release() {
      for (const spy of spies) spy.mockRestore();
    },
  };
}

/** A request that moves money, whose line it joins, and what is said of it while it waits. */
interface Movement {
  readonly path: string;
  readonly body: object;
  readonly line: string;
  readonly waiting: object;
}

const details = { description: 'Lunch', metadata: { zeta: '1', order: '7', alpha: '2' } };

function flow(path: string, type: string, other: string, isOutgoing: boolean) {
  return async (): Promise<Movement> => {
    const own = await account(100);
    const [source, destination] = isOutgoing ? [own, other] : [other, own];
    return {
      path: `/v1/accounts/${own}/${path}`,
      body: { asset, amount: 10, ...details },
      line: source,
      waiting: { type, postings: [transfer(source, destination, '10')], ...details },
    };
  };
}

const movements = {
  async createTransfer() {
    const [alice, bob] = [await account(100), await account()];
    return {
      path: '/v1/transfers',
      body: transfer(alice, bob, 10, details),
      line: alice,
      waiting: { type: 'transfer', postings: [transfer(alice, bob, '10')], ...details },
    };
  },
  async createTransaction() {
    const [alice, bob, carol] = [await account(100), await account(50), await account()];
    const postings = [transfer(alice, carol, '10'), transfer(bob, carol, '20')];
    return {
      path: '/v1/transactions',
      body: { postings, type: 'settlement', ...details },
      line: alice,
      waiting: { type: 'settlement', postings, ...details },
    };
  },
  createDeposit: flow('deposits', 'deposit', 'system:external', false),
  createWithdrawal: flow('withdrawals', 'withdrawal', 'system:external', true),
  createTopUp: flow('top-ups', 'top_up', 'system:treasury', false),
  createBonus: flow('bonuses', 'bonus', 'system:treasury', false),
  createSpend: flow('spends', 'spend', 'system:revenue', true),
  async createReversal() {
    const [alice, shop] = [await account(100), await account()];
    const paid = await post('/v1/transfers', transfer(alice, shop, 60));
    return {
      path: `/v1/transactions/${paid.body.id}/reversals`,
      body: { amount: '25', ...details },
      line: shop,
      waiting: { type: 'reversal', reverses: paid.body.id, ...details },
    };
  },
  async captureHold() {
    const [guest, hotel] = [await account(100), await account()];
    const hold = await post('/v1/holds', { account: guest, asset, amount: '60' });
    return {
      path: `/v1/holds/${hold.body.id}/captures`,
      body: { destination: hotel, amount: '40', ...details },
      line: guest,
      waiting: { type: 'capture', holdId: hold.body.id, ...details },
    };
  },
  async createBatch() {
    const [alice, bob, carol] = [await account(100), await account(), await account()];
    return {
      path: '/v1/batches',
      body: { transactions: [transfer(alice, bob, 10, details), { postings: [transfer(bob, carol, 5)] }] },
      line: alice,
      waiting: { type: 'batch', transactions: [expect.stringMatching(/^tx_/), expect.stringMatching(/^tx_/)] },
    };
  },
} satisfies Readonly<Record<string, () => Promise<Movement>>>;

const pendingOf = async (line: string): Promise<ApiAnswer['body'][]> =>
  (await api.call('GET', `/v1/accounts/${line}/pending`)).body.data;

describe.each(Object.entries(movements))('%s with Prefer: respond-async', (_, make) => {
  it('is accepted, waits in its line, is executed once, and is answered the same however often it is asked for', async () => {
    const { path, body, line, waiting } = await make();
    const key = randomUUID();
    const before = await posted(line);
    const first = await accept(path, body, key, { basePath: '/dev' });
    expect(first.status).toBe(202);
    expect(() => pendingTransaction.parse(first.body)).not.toThrow();
    const { id } = first.body;
    expect(first.body).toEqual({
      id: expect.stringMatching(/^tx_[a-z2-7]{52}$/),
      status: 'pending',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      ...waiting,
    });
    expect(first.headers).toMatchObject({
      Location: `/dev/v1/transactions/${id}`,
      'Preference-Applied': 'respond-async',
    });
    expect(first.headers['Idempotent-Replayed']).toBeUndefined();

    const seen = await read(id);
    expect([seen.status, seen.text]).toEqual([200, first.text]);
    expect(() => transactionAnswer.parse(seen.body)).not.toThrow();
    expect((await pendingOf(line)).filter((each) => each.id === id)).toEqual([first.body]);
    expect(await posted(line)).toBe(before);
    const again = await accept(path, body, key, { basePath: '/dev' });
    expect([again.status, again.text]).toEqual([202, first.text]);
    expect(again.headers).toEqual({
      ...first.headers,
      'Idempotent-Replayed': 'true',
      'X-Correlation-Id': expect.anything(),
    });

    await drain();
    const done = await read(id);
    expect(done.body).toMatchObject({ id, status: 'posted', type: first.body.type });
    expect(() => transactionAnswer.parse(done.body)).not.toThrow();
    expect(done.headers.ETag).not.toBe(seen.headers.ETag);
    expect(await posted(line)).not.toBe(before);
    expect((await pendingOf(line)).filter((each) => each.id === id)).toEqual([]);
    const after = await posted(line);
    expect((await accept(path, body, key)).text).toBe(first.text);
    const sync = await post(path, body, key);
    expect([sync.status, sync.headers['Idempotent-Replayed']]).toEqual([201, 'true']);
    if (first.body.type === 'batch') {
      expect(sync.body.transactions.map((each: { id: string }) => each.id)).toEqual(first.body.transactions);
      expect(done.body.transactions).toEqual(first.body.transactions);
    } else expect(sync.text).toBe(done.text);
    expect(await posted(line)).toBe(after);
  });
});

describe('a key', () => {
  it('names one request, whichever way it is asked for, before and after it was executed', async () => {
    const [alice, bob] = [await account(100), await account()];
    const key = randomUUID();
    const first = await accept('/v1/transfers', transfer(alice, bob, 10), key);
    const other = transfer(alice, bob, 11);
    const reused = async () => [
      (await accept('/v1/transfers', other, key)).body.code,
      (await post('/v1/transfers', other, key)).body.code,
      (await accept(`/v1/accounts/${alice}/withdrawals`, { asset, amount: 10 }, key)).body.code,
    ];
    expect(await reused()).toEqual(Array(3).fill('idempotency_key_reused'));
    await drain();
    expect(await reused()).toEqual(Array(3).fill('idempotency_key_reused'));
    expect([await posted(alice), await posted(bob)]).toEqual(['90', '10']);
    // The order of a body's members is no other body.
    const reordered = Object.fromEntries(Object.entries(transfer(alice, bob, '10')).reverse());
    expect((await accept('/v1/transfers', reordered, key)).text).toBe(first.text);
  });

  it('of a request that was executed at once is answered as accepted to whoever asks for that', async () => {
    const [alice, bob] = [await account(100), await account()];
    const key = randomUUID();
    const body = transfer(alice, bob, 10, details);
    const made = await post('/v1/transfers', body, key);
    const late = await accept('/v1/transfers', body, key);
    expect(late).toMatchObject({
      status: 202,
      body: { id: made.body.id, status: 'pending', createdAt: made.body.createdAt, ...details },
      headers: { 'Idempotent-Replayed': 'true', 'Preference-Applied': 'respond-async' },
    });
    expect((await post('/v1/transfers', body, key)).text).toBe(made.text);
    expect(await pendingOf(alice)).toEqual([]);
    expect(await posted(alice)).toBe('90');
  });

  it('of many requests at one instant is accepted once', async () => {
    const [alice, bob] = [await account(100), await account()];
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => accept('/v1/transfers', transfer(alice, bob, 10), key)),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers.filter(({ headers }) => !headers['Idempotent-Replayed'])).toHaveLength(1);
    expect(await pendingOf(alice)).toHaveLength(1);
    await drain();
    expect(await posted(bob)).toBe('10');
  });
});

describe('a synchronous request whose key waits in a line', () => {
  it('waits, and gets the terminal answer', async () => {
    const [alice, bob] = [await account(100), await account()];
    const key = randomUUID();
    const body = transfer(alice, bob, 10);
    const accepted = await accept('/v1/transfers', body, key);
    const waiting = post('/v1/transfers', body, key);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await drain();
    const answer = await waiting;
    expect(answer).toMatchObject({
      status: 201,
      body: { id: accepted.body.id, status: 'posted', entries: [{ amount: '-10' }, { amount: '10' }] },
      headers: { 'Idempotent-Replayed': 'true', Location: `/v1/transactions/${accepted.body.id}` },
    });
    expect(answer.headers['Preference-Applied']).toBeUndefined();
  });

  it('gets the decline, where its turn ends in one', async () => {
    const [alice, bob] = [await account(5), await account()];
    const key = randomUUID();
    const body = transfer(alice, bob, 10);
    await accept('/v1/transfers', body, key);
    const [answer] = await Promise.all([post('/v1/transfers', body, key), drain()]);
    expect(answer).toMatchObject({
      status: 422,
      body: { code: 'insufficient_funds', account: alice, available: '5', required: '10' },
    });
  });

  it.each(['createTransfer', 'createBatch', 'captureHold'] as const)(
    'is told that it waits where nobody serves the line: %s',
    async (id) => {
      const { path, body } = await movements[id]();
      const key = randomUUID();
      const accepted = await accept(path, body, key);
      const clock = holdClock();
      try {
        const answer = await post(path, body, key);
        expect([answer.status, answer.text]).toEqual([202, accepted.text]);
        expect(answer.headers).toMatchObject({ Location: accepted.headers.Location, 'Idempotent-Replayed': 'true' });
        expect(answer.headers['Preference-Applied']).toBeUndefined();
        expect(clock.takeElapsed()).toBe(maxLineWaitMs);
        // It waits no longer than the function may.
        expect((await post(path, body, key, { timeMs: 1_000 })).status).toBe(202);
        expect(clock.takeElapsed()).toBeLessThan(1_000);
      } finally {
        clock.release();
      }
      await drain();
      expect((await post(path, body, key)).status).toBe(201);
    },
  );
});

describe('what is accepted', () => {
  it('is refused at once where something it needs is not there, and its key may be used again', async () => {
    const alice = await account(100);
    const [unknown, key] = [`nobody-${randomUUID()}`, randomUUID()];
    const before = await api.contents();
    const refusals: [path: string, body: object, status: number, code: string][] = [
      ['/v1/transfers', transfer(alice, unknown, 1), 422, 'account_not_found'],
      ['/v1/transfers', transfer(unknown, alice, 1), 422, 'account_not_found'],
      ['/v1/transfers', { ...transfer(alice, 'system:external', 1), asset: 'NOTHING' }, 422, 'asset_not_found'],
      ['/v1/transfers', transfer(alice, alice, 1), 422, 'same_account'],
      [`/v1/accounts/${unknown}/deposits`, { asset, amount: 1 }, 404, 'not_found'],
      [`/v1/transactions/tx_${'a'.repeat(52)}/reversals`, {}, 404, 'not_found'],
      [`/v1/holds/hold_${'a'.repeat(52)}/captures`, { destination: alice }, 404, 'not_found'],
      ['/v1/batches', { transactions: [transfer(alice, unknown, 1)] }, 422, 'account_not_found'],
    ];
    for (const [path, body, status, code] of refusals) {
      const answer = await accept(path, body, key);
      expect([path, answer.status, answer.body.code]).toEqual([path, status, code]);
      expect(answer.headers['Preference-Applied']).toBeUndefined();
    }
    expect(await api.contents()).toEqual(before);
    await api.call('POST', '/v1/accounts', { id: unknown });
    expect((await accept('/v1/transfers', transfer(alice, unknown, 1), key)).status).toBe(202);
    await drain();
    expect(await posted(unknown)).toBe('1');
  });

  it('is not declined at once: what it lacks may be there at its turn, or not', async () => {
    const [alice, bob] = [await account(), await account()];
    const key = randomUUID();
    const body = transfer(alice, bob, 30);
    const accepted = await accept('/v1/transfers', body, key);
    expect(accepted.status).toBe(202);
    const tag = (await read(accepted.body.id)).headers.ETag;
    await drain();
    const rejected = await read(accepted.body.id);
    expect(rejected.body).toMatchObject({ status: 'rejected', reason: 'insufficient_funds', type: 'transfer' });
    expect(() => transactionAnswer.parse(rejected.body)).not.toThrow();
    expect(rejected.headers.ETag).not.toBe(tag);
    await post(`/v1/accounts/${alice}/deposits`, { asset, amount: 100 });
    const declined = await post('/v1/transfers', body, key);
    expect(declined).toMatchObject({
      status: 422,
      headers: { 'Idempotent-Replayed': 'true' },
      body: { code: 'insufficient_funds', transactionId: accepted.body.id },
    });
    expect((await accept('/v1/transfers', body, key)).text).toBe(accepted.text);

    const funded = await accept('/v1/transfers', body);
    await post(`/v1/accounts/${alice}/withdrawals`, { asset, amount: 100 });
    await post(`/v1/accounts/${alice}/deposits`, { asset, amount: 30 });
    await drain();
    expect((await read(funded.body.id)).body).toMatchObject({ status: 'posted' });
    expect(await posted(bob)).toBe('30');
  });

  it('is rejected for good where what it needs is refused when its turn comes', async () => {
    const { path, body } = await movements.captureHold();
    const [one, other] = [randomUUID(), randomUUID()];
    const final = { ...body, final: true };
    await accept(path, final, one);
    const late = await accept(path, body, other);
    await drain();
    const answer = await post(path, body, other);
    expect(answer.body).toMatchObject({ code: 'hold_not_open', transactionId: late.body.id });
    expect(answer.headers['Idempotent-Replayed']).toBe('true');
    expect((await read(late.body.id)).body).toMatchObject({ status: 'rejected', reason: 'hold_not_open' });
  });

  it('is executed in the order in which it was accepted, and each sees what those before it left', async () => {
    const [alice, bob] = [await account(10), await account()];
    const amounts = [7, 5, 3, 2, 1];
    const ids: string[] = [];
    for (const amount of amounts) ids.push((await accept('/v1/transfers', transfer(alice, bob, amount))).body.id);
    await drain();
    const outcomes = await Promise.all(ids.map(async (id) => (await read(id)).body.status));
    // 10 − 7, not − 5, − 3, then nothing is left.
    expect(outcomes).toEqual(['posted', 'rejected', 'posted', 'rejected', 'rejected']);
    const { body } = await api.call('GET', `/v1/accounts/${alice}/entries?order=asc`);
    expect(body.data.map((entry: { amount: string }) => entry.amount)).toEqual(['10', '-7', '-3']);
  });

  it('can be tried without being accepted: a dry run is answered at once', async () => {
    for (const id of ['createTransfer', 'createBatch', 'createReversal'] as const) {
      const { path, body, line } = await movements[id]();
      const contents = await api.contents();
      const answer = await accept(`${path}?dryRun=true`, body);
      expect(answer).toMatchObject({ status: 200, body: { dryRun: true } });
      expect(answer.headers['Preference-Applied']).toBeUndefined();
      expect(await api.contents()).toEqual(contents);
      expect(await pendingOf(line)).toEqual([]);
    }
  });

  it('is not said of what has no background: holds are made and ended at once', async () => {
    const alice = await account(100);
    const made = await accept('/v1/holds', { account: alice, asset, amount: '60' });
    expect([made.status, made.headers['Preference-Applied']]).toEqual([201, undefined]);
    const ended = await accept(`/v1/holds/${made.body.id}/void`, undefined);
    expect([ended.status, ended.headers['Preference-Applied']]).toEqual([200, undefined]);
  });

  it('carries the headers of every answer, and browsers may read its own', async () => {
    const { path, body } = await movements.createTransfer();
    const [now, later] = [await post(path, body), await accept(path, body)];
    const names = ({ headers }: ApiAnswer) => Object.keys(headers).sort();
    expect(names(later)).toEqual([...names(now), 'Preference-Applied'].sort());
    expect(later.headers['Access-Control-Expose-Headers']?.split(', ')).toEqual(
      expect.arrayContaining(['Location', 'Preference-Applied', 'Idempotent-Replayed']),
    );
    for (const name of names(now)) {
      if (/Security|Content-Type|X-|Referrer|Cache/.test(name) && name !== 'X-Correlation-Id')
        expect([name, later.headers[name]]).toEqual([name, now.headers[name]]);
    }
    await drain();
  });
});
