import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startApi, type TestApi } from './api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
  for (const [path, body] of [
    ['/v1/assets', { code: 'USD/2' }],
    ['/v1/accounts', { id: 'world', unbounded: true }],
    ['/v1/accounts', { id: 'alice' }],
  ] as const) {
    expect((await api.call('POST', path, body)).status).toBe(201);
  }
});
afterAll(() => api.stop());

async function clientWith(rate: { requestsPerSecond: number; burst: number }): Promise<string> {
  const answer = await api.call('POST', '/v1/admin/clients', { name: 'limited', roles: ['writer'], rate });
  expect(answer.status).toBe(201);
  return answer.body.key;
}

const payment = { source: 'world', destination: 'alice', asset: 'USD/2', amount: '5' };

function pay(apiKey: string, key: string) {
  return api.call('POST', '/v1/transfers', payment, {
    bare: true,
    headers: { 'X-Api-Key': apiKey, 'Content-Type': 'application/json', 'Idempotency-Key': key },
  });
}

const ledgerItems = async () => [...(await api.contents())].filter((item) => !/"PK":"(RATE|KEY)#/.test(item)).sort();

describe('a client with a rate limit', () => {
  it('is refused what is beyond it, with nothing done, and may use the same key later', async () => {
    const apiKey = await clientWith({ requestsPerSecond: 1, burst: 2 });
    // Whoever is paid for the first time has one item more.
    expect((await api.call('POST', '/v1/transfers', payment)).status).toBe(201);
    const before = await ledgerItems();
    // At once, so that no time brings more meanwhile, however busy this machine is.
    const keys = Array.from({ length: 12 }, () => randomUUID());
    const answers = await Promise.all(keys.map((key) => pay(apiKey, key)));
    for (const { status, headers, body } of answers) {
      expect(headers['RateLimit-Policy']).toBe('"client";q=2;w=2');
      expect(headers.RateLimit).toMatch(/^"client";r=[0-2];t=[0-3]$/);
      if (status === 201) continue;
      expect({ status, body }).toMatchObject({
        status: 429,
        body: { code: 'rate_limited', instance: '/v1/transfers' },
      });
      expect(headers['Retry-After']).toMatch(/^[12]$/);
    }
    const paid = answers.filter(({ status }) => status === 201).length;
    expect(paid).toBeGreaterThan(0);
    // A record and two entries each, and nothing of what was refused.
    expect((await ledgerItems()).length - before.length).toBe(3 * paid);
    const key = keys[answers.findIndex(({ status }) => status === 429)];
    if (key === undefined) throw new Error('a dozen requests at once are more than two');
    const again = await eventually(() => pay(apiKey, key));
    expect(again.status).toBe(201);
    expect(again.headers).not.toHaveProperty('Idempotent-Replayed');
  });

  it('is told by every answer what is left, by problems too, and a page of another origin may read it', async () => {
    const apiKey = await clientWith({ requestsPerSecond: 10, burst: 50 });
    const headers = { 'X-Api-Key': apiKey };
    for (const [method, path, status] of [
      ['GET', '/v1/accounts/alice', 200],
      ['GET', '/v1/accounts/nobody', 404],
      ['GET', '/v1/admin/clients', 403],
      ['POST', '/v1/transfers', 400],
    ] as const) {
      const answer = await api.call(method, path, undefined, { bare: true, headers });
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.headers['RateLimit-Policy']).toBe('"client";q=50;w=5');
      expect(answer.headers.RateLimit).toMatch(/^"client";r=\d+;t=\d+$/);
      const exposed = answer.headers['Access-Control-Expose-Headers']?.split(', ');
      expect(exposed).toEqual(expect.arrayContaining(['RateLimit', 'RateLimit-Policy', 'Retry-After']));
    }
  });

  it('has a limit of its own, and the key of the deployment none', async () => {
    const [one, other] = [
      await clientWith({ requestsPerSecond: 1, burst: 1 }),
      await clientWith({ requestsPerSecond: 1, burst: 1 }),
    ];
    const statuses = async (key: string) => (await pay(key, randomUUID())).status;
    expect((await Promise.all([statuses(one), statuses(one)])).toSorted()).toEqual([201, 429]);
    expect(await statuses(other)).toBe(201);
    const { headers } = await api.call('GET', '/v1/accounts/alice');
    expect(headers).not.toHaveProperty('RateLimit');
  });
});

/** Waits as a client would, as often as it is told to. */
async function eventually<Answer extends { status: number; headers: Readonly<Record<string, string>> }>(
  ask: () => Promise<Answer>,
): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (answer.status !== 429) return answer;
    await sleep(1_000 * Number(answer.headers['Retry-After']));
  }
}
