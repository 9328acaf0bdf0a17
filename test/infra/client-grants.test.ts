import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { accessNeeds } from '../../infra/access-needs.ts';
import { type Area, areas } from '../../infra/areas.ts';
import { routeKey } from '../../lib/http/route.ts';
import { routes } from '../../lib/http/routes.ts';
import { apiKeyPrefix } from '../../lib/platform/keys.ts';
import { type ApiAnswer, type Call, loadFunctions, startApi, type TestApi } from '../functions/api.ts';
import { samples } from '../functions/bad-input.ts';
import { type FaultProxy, type ProxiedCall, startFaultProxy } from '../support/fault-proxy.ts';
import { grantsUsed, narrowGrants, type PartitionUse, partitionUsesOf } from './partition-uses.ts';

/**
 * What the access check of every area, and the area of API clients, ask of the Platform table is what they may ask: each action, on items
 * with just such partition keys.
 */
let api: TestApi;
let call: Call;
let proxy: FaultProxy;

beforeAll(async () => {
  api = await startApi();
  proxy = await startFaultProxy({ target: api.database.endpoint });
  process.env.AWS_ENDPOINT_URL_DYNAMODB = proxy.url;
  jest.resetModules();
  call = await loadFunctions();
});
afterAll(async () => {
  await proxy.stop();
  await api.stop();
});

/** What is asked of the Platform table while something is done. */
async function usesDuring(act: () => Promise<unknown>): Promise<PartitionUse[]> {
  proxy.log.length = 0;
  await act();
  await proxy.settled();
  return proxy.log.flatMap((each) => partitionUsesOf(api.database.tables.platform, each));
}

async function made(body: object): Promise<ApiAnswer> {
  const answer = await call('POST', '/v1/admin/clients', { name: 'Grants', ...body });
  expect(answer.status).toBe(201);
  return answer;
}

const checked = (Object.keys(areas) as Area[]).filter((area) => areas[area].checksAccess);

describe.each(checked)('the access check of %s', (area) => {
  it('asks for keys and allowances as it may, no less and no more', async () => {
    const route =
      routes.find((each) => each.area === area && each.method === 'GET') ?? routes.find((each) => each.area === area);
    if (!route) throw new Error(`no route of ${area}`);
    const { path, body: sample } = samples[route.operationId];
    const { body } = await made({ scopes: [route.scope] });
    const bad = `${path}${path.includes('?') ? '&' : '?'}nonsense=1`;
    const uses = await usesDuring(async () => {
      // What is wrong with it is found right behind the check, so that nothing else is done.
      const answer = await call(route.method, bad, sample, { headers: { Authorization: `Bearer ${body.key}` } });
      expect([routeKey(route), answer.status]).toEqual([routeKey(route), 400]);
    });
    const grants = narrowGrants(accessNeeds.narrowActions);
    expect(grantsUsed(uses, grants)).toEqual(grants.toSorted());
  });
});

describe('what the access check may write of a key', () => {
  it('is when it was used, and nothing of what it is good for: else any function could make an administrator of a key', async () => {
    const writing = (accessNeeds.narrowActions ?? []).filter(
      ({ actions, partitionKeys }) =>
        actions.some((action) => !['dynamodb:Query', 'dynamodb:GetItem'].includes(action)) &&
        partitionKeys.some((pattern) => pattern.startsWith(apiKeyPrefix)),
    );
    expect(writing).toHaveLength(1);
    const [{ attributes = [] } = {}] = writing;
    expect(attributes).toEqual(['PK', 'SK', 'lastUsedAt']);

    const { body } = await made({ roles: ['reader'] });
    proxy.log.length = 0;
    await call('GET', '/v1/assets', undefined, { headers: { Authorization: `Bearer ${body.key}` } });
    await proxy.settled();
    const written = proxy.log.filter(
      ({ operation, body: { Key } }) =>
        operation === 'UpdateItem' && (Key as { PK: { S: string } }).PK.S.startsWith(apiKeyPrefix),
    );
    expect(written).toHaveLength(1);
    expect(new Set(written.flatMap(attributesOf))).toEqual(new Set(attributes));
  });
});

/** The attributes that an update names, which is all that IAM sees of it. */
function attributesOf({ body }: ProxiedCall): string[] {
  const { Key, UpdateExpression, ConditionExpression } = body as Readonly<Record<string, string | object>>;
  const named = `${UpdateExpression} ${ConditionExpression}`.matchAll(/(?<![:\w])[a-z]\w*(?=\)| [=<])/g);
  return [...Object.keys(Key as object), ...[...named].map(([name]) => name)];
}

describe('the area of API clients', () => {
  it('asks for what it may, no less and no more', async () => {
    const uses = await usesDuring(async () => {
      const { body, headers } = await made({ roles: ['reader'] });
      const location = headers.Location as string;
      await call('GET', location);
      await call('GET', '/v1/admin/clients');
      await call('PATCH', location, { roles: [] });
      await call('POST', `${location}/rotate-key`, {});
      await call('POST', `${location}/rotate-key`, { overlapSeconds: 0 });
      const revoked = await call('POST', `${location}/revoke`, { reason: 'Over' });
      expect(revoked).toMatchObject({ status: 200, body: { id: body.id, version: '5' } });
      await call('GET', `/v1/admin/clients/cli_${'a'.repeat(26)}`);
    });
    const { actions, narrowActions = [] } = areas.clients.platform ?? { actions: [] };
    expect(actions).toEqual([]);
    expect(grantsUsed(uses, narrowGrants(narrowActions))).toEqual(narrowGrants(narrowActions).toSorted());
  });

  it('asks for nothing of the ledger', () => {
    expect(areas.clients).not.toHaveProperty('ledger');
  });
});
