import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { encodeCursor } from '../../lib/http/cursor.ts';
import type { Route } from '../../lib/http/route.ts';
import { type OperationId, routes } from '../../lib/http/routes.ts';
import type { ApiAnswer, Call } from '../functions/api.ts';
import { callersOf, demand } from './callers.ts';
import { type Prepared, requests } from './requests.ts';
import { asset, startWorld, type World } from './world.ts';

const tenantRoutes = routes.filter(({ scope }) => scope !== 'public').map((route) => route as Route);

let world: World;
/** An administrator of another tenant. */
let outsider: Call;
/** Has an account of the same name in each tenant. */
const twin = 'twin';
beforeAll(async () => {
  world = await startWorld();
  outsider = await callersOf(world.api)({ tenant: 'other', roles: ['admin'] });
  await demand(201, outsider('POST', '/v1/assets', { code: asset }));
  for (const id of ['system:external', 'system:treasury', 'system:revenue']) {
    await demand(201, outsider('POST', '/v1/accounts', { id, unbounded: true }));
  }
  for (const call of [world.api.call, outsider]) {
    for (const id of [twin, 'twin-2']) await demand(201, call('POST', '/v1/accounts', { id, unbounded: true }));
  }
});
afterAll(() => world.stop());

/** What names something, by its form, and a name of the same form that nobody has. */
const names: readonly (readonly [RegExp, string])[] = [
  [/\b(tx|hold)_[a-z2-7]{52}/g, `$1_${'a'.repeat(52)}`],
  [/\b(mon|wh|cli)_[a-z2-7]{26}/g, `$1_${'a'.repeat(26)}`],
  [/\bdlv_[a-z0-9]{38}/g, `dlv_000000000001${'a'.repeat(26)}`],
  [/\bdl_[a-z0-9]{39}/g, `dl_${'1'.repeat(13)}${'a'.repeat(26)}`],
  [/\b(wallet|shop)-[0-9a-f-]{36}/g, '$1-of-nobody'],
  [/(\/fee-schedules|\/blocks|\/audit-log)\/[0-9]+/g, '$1/999999'],
  [/\b(version|record) [0-9]+ /g, '$1 999999 '],
];

function renamed(text: string): string {
  return names.reduce((sofar, [pattern, name]) => sofar.replaceAll(pattern, name), text);
}

function nowhere({ path, body }: Prepared): Prepared {
  return { path: renamed(path), body: body && JSON.parse(renamed(JSON.stringify(body))) };
}

/** All of an answer but for what the request itself named, when it was, and which request of the client's it was. */
function bytesOf({ status, headers, text }: ApiAnswer): string {
  const { 'X-Correlation-Id': _, RateLimit: __, ...rest } = headers;
  return renamed(JSON.stringify({ status, rest, text: text.replaceAll(/"\d{4}-\d\d-\d\dT[0-9:.]+Z"/g, '"now"') }));
}

async function contentsOfDefault(): Promise<ReadonlySet<string>> {
  return new Set([...(await world.contents())].filter((item) => item.includes('"T#default')));
}

describe('what is in another tenant', () => {
  const named = tenantRoutes.filter(({ path }) => path.includes('{'));
  it.each(named)('is told from nothing by no answer of $operationId, and stays as it is', async (route) => {
    const request = await requests[route.operationId as OperationId](world);
    const missing = nowhere(request);
    expect(missing.path).not.toBe(request.path);
    const before = await contentsOfDefault();
    const seen = await outsider(route.method, request.path, request.body);
    const unseen = await outsider(route.method, missing.path, missing.body);
    expect(unseen.status).toBe(404);
    expect(bytesOf(seen)).toBe(bytesOf(unseen));
    expect([...(await contentsOfDefault()).symmetricDifference(before)]).toEqual([]);
  });

  const others = tenantRoutes.filter(({ path }) => !path.includes('{'));
  it.each(others)('shows in no answer of $operationId, and stays as it is', async (route) => {
    const request = await requests[route.operationId as OperationId](world);
    const before = await contentsOfDefault();
    const body = request.body;
    const seen = await outsider(route.method, request.path, body);
    const unseen = await outsider(route.method, nowhere(request).path, nowhere(request).body);
    expect([...(await contentsOfDefault()).symmetricDifference(before)]).toEqual([]);
    // Bodies that name what is the other tenant's meet what does not exist; what makes something makes another of it.
    if (JSON.stringify(body ?? {}).includes(world.account)) expect(bytesOf(seen)).toBe(bytesOf(unseen));
    const asked = JSON.stringify(request);
    for (const id of [world.account, world.shop, '"default"']) {
      if (!asked.includes(id)) expect(seen.text).not.toContain(id);
    }
  });

  it('is told from nothing where only a body or a query names it, beside what is the own', async () => {
    const client = (await world.client()).split('/').at(-1);
    const rule = { type: 'transfer', asset, flat: '1', payer: 'source', feeAccount: world.account };
    const own = { source: twin, destination: 'twin-2', asset, amount: '5' };
    const { body: hold } = await demand(201, outsider('POST', '/v1/holds', { account: twin, asset, amount: '5' }));
    const named: readonly (readonly [number, string, string, unknown?])[] = [
      [422, 'POST', '/v1/transfers', { ...own, destination: world.account }],
      [422, 'POST', '/v1/transfers?dryRun=true', { ...own, destination: world.account }],
      [422, 'POST', '/v1/transactions', { postings: [own, { ...own, destination: world.shop }] }],
      [422, 'POST', '/v1/batches', { transactions: [own, { ...own, source: world.shop }] }],
      [422, 'POST', `/v1/holds/${hold.id}/captures`, { destination: world.account }],
      [422, 'POST', '/v1/fee-schedules', { rules: [rule] }],
      [200, 'GET', `/v1/admin/audit-log?target=${world.account}`],
      [200, 'GET', `/v1/admin/audit-log?client=${client}`],
    ];
    const before = await contentsOfDefault();
    for (const [status, method, path, body] of named) {
      const missing = nowhere({ path, body });
      // The hold is the own, and stays it.
      const at = path.includes(hold.id) ? path : missing.path;
      const seen = await outsider(method, path, body);
      const unseen = await outsider(method, at, missing.body);
      expect({ path, status: seen.status }).toEqual({ path, status });
      expect(bytesOf(seen)).toBe(bytesOf(unseen));
      if (status === 200) expect(seen.body.data).toEqual([]);
    }
    expect([...(await contentsOfDefault()).symmetricDifference(before)]).toEqual([]);
  });

  it('does not keep a name from being used, nor shows through it', async () => {
    const { call } = world.api;
    await demand(201, call('POST', '/v1/transfers', { source: twin, destination: 'twin-2', asset, amount: '5' }));
    const { body } = await demand(200, outsider('GET', `/v1/accounts/${twin}/balances/USD.2`));
    expect(body.posted).toBe('0');
    expect((await demand(200, outsider('GET', `/v1/accounts/${twin}/entries`))).body.data).toEqual([]);
  });
});

describe('an idempotency key', () => {
  it('is another one in another tenant: nothing is replayed, and nothing is refused for it', async () => {
    const key = randomUUID();
    const transfer = { source: twin, destination: 'twin-2', asset, amount: '5' };
    const ours = await demand(201, world.api.call('POST', '/v1/transfers', transfer, { key }));
    const other = await demand(201, outsider('POST', '/v1/transfers', { ...transfer, amount: '6' }, { key }));
    expect(other.headers['Idempotent-Replayed']).toBeUndefined();
    expect(other.body.id).not.toBe(ours.body.id);
    const account = await demand(201, world.api.call('POST', '/v1/accounts', {}, { key }));
    const another = await demand(201, outsider('POST', '/v1/accounts', {}, { key }));
    expect(another.body.id).not.toBe(account.body.id);
    expect((await outsider('GET', `/v1/transactions/${ours.body.id}`)).status).toBe(404);
  });
});

describe('a cursor', () => {
  const listings = tenantRoutes.filter(({ query }) => query instanceof z.ZodObject && 'cursor' in query.shape);

  /** Cursors as they would be, of lists that tell what is older than a test, or that have more on a page than a test makes. */
  const made: Partial<Record<OperationId, (first: ApiAnswer) => string | Promise<string>>> = {
    getTrialBalance: () =>
      encodeCursor({ operation: 'getTrialBalance', tenant: 'default' }, { at: Date.now(), account: twin, sums: [] }),
    exportEntries: async ({ body: { to } }) => {
      const { body } = await world.api.call('GET', '/v1/admin/audit-log?limit=1');
      const position = { to: Date.parse(to), account: twin, record: Number(body.data[0].number) };
      return encodeCursor({ operation: 'exportEntries', tenant: 'default' }, position);
    },
    getStatement: () =>
      encodeCursor(
        { operation: 'getStatement', tenant: 'default', account: twin, asset },
        { to: 1, after: { createdAt: 1, asset, shard: 0, sequence: 1 } },
      ),
  };

  it.each(listings)('of $operationId is refused in another tenant', async (route) => {
    const { call } = world.api;
    const operation = route.operationId as OperationId;
    const { path } = await requests[operation](world);
    const at = path.replace(world.account, twin);
    const list = `${at}${at.includes('?') ? '&' : '?'}`;
    await several(operation, path);
    const first = await demand(200, call('GET', operation in made ? list : `${list}limit=1`));
    const cursor = (await made[operation]?.(first)) ?? first.body?.nextCursor ?? first.headers['X-Next-Cursor'];
    expect(typeof cursor).toBe('string');
    const own = `${list}${operation in made ? '' : 'limit=1&'}cursor=${encodeURIComponent(cursor)}`;
    expect((await call('GET', own)).status).toBe(200);
    expect(await outsider('GET', own)).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
  });

  /** Sees to it that a list has more than one page. */
  async function several(operation: OperationId, path: string): Promise<void> {
    const { call } = world.api;
    const transfer = { source: twin, destination: 'twin-2', asset, amount: '5' };
    for (let count = 0; count < 2; count++) {
      if (operation === 'listWebhooks') await world.webhook();
      if (operation === 'listDeliveries') await demand(202, call('POST', path.replace('deliveries', 'ping')));
      if (operation === 'listDeadLetters') await world.deadLetter();
      if (operation === 'listClients' || /Audit/.test(operation)) await world.client();
      if (operation === 'listPending') {
        await demand(202, call('POST', '/v1/transfers', transfer, { headers: { Prefer: 'respond-async' } }));
      } else await demand(201, call('POST', '/v1/transfers', transfer));
    }
  }
});
