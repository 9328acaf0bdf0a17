import { describe, expect, it } from '@jest/globals';
import * as z from 'zod';
import { callerOf, isScope, ownerScopes, type Scope, scopeNames, unlimited } from '../../lib/auth/index.ts';
import { assetRoutes } from '../../lib/http/asset-routes.ts';
import { json, type Operations, serveArea } from '../../lib/http/index.ts';
import type { OwnerReader } from '../../lib/http/ownership.ts';
import type { OwnerAccess, Route } from '../../lib/http/route.ts';
import { type AnyRoute, routes } from '../../lib/http/routes.ts';
import type { AccountId, TenantId } from '../../lib/ledger/index.ts';
import { callWith } from '../functions/api.ts';
import { recorder } from '../observability/recorder.ts';

const all: readonly Route[] = routes;

/** All of a route but its scope. */
const unscoped = {
  method: 'GET',
  path: '/v1/assets',
  operationId: 'listAssets',
  area: 'assets',
  tag: 'Assets',
  summary: 'List the assets',
  params: z.strictObject({}),
  query: z.strictObject({}),
  answers: {},
  problems: [],
} as const;

describe('a route', () => {
  it('without a scope, or with one that there is not, does not compile', () => {
    // @ts-expect-error what nobody thought of would be open
    const forgotten: Route = unscoped;
    // @ts-expect-error no credentials could ever have it
    const mistyped: Route = { ...unscoped, scope: 'assets:raed' };
    const thought: Route = { ...unscoped, scope: 'assets:read' };
    expect([forgotten, mistyped, thought]).toHaveLength(3);
  });

  it.each(all)('has a scope that there is: $operationId', ({ scope, area, method }) => {
    if (scope === 'public') expect([area, method]).toEqual(['documents', 'GET']);
    else expect(isScope(scope)).toBe(true);
  });

  it('is open to owners only with what owners may do, and only where that says which accounts', () => {
    const open = all.filter(({ owners }) => owners !== undefined);
    const scopes = new Set(open.map(({ scope }) => scope));
    expect([...scopes].toSorted()).toEqual(ownerScopes.toSorted());
    expect(open.every(({ owners }) => owners === 'by operation' || owners?.accounts)).toBe(true);
  });
});

describe('a scope', () => {
  /** Asked for by what a request wants, and not by any route. */
  const beyondRoutes: readonly Scope[] = ['transactions:overdraft', 'admin:platform'];

  it.each(scopeNames)('%s is of use somewhere', (scope) => {
    expect(all.some((route) => route.scope === scope)).toBe(!beyondRoutes.includes(scope));
  });
});

describe('what owners may do', () => {
  it.each(scopeNames)('is for credentials with a subject, and reaches no further than their accounts: %s', (scope) => {
    const credentials = { tenant: 'default' as TenantId, client: 'c', roles: [], scopes: [] };
    expect(callerOf(credentials).reach(scope)).toBeUndefined();
    const ann = callerOf({ ...credentials, subject: 'ann' });
    const isOwners = ownerScopes.some((each) => each === scope);
    expect([ann.reach(scope), ann.allows(scope)]).toEqual([isOwners ? 'own' : undefined, false]);
    const more = callerOf({ ...credentials, subject: 'ann', scopes: [scope] });
    expect([more.reach(scope), more.allows(scope)]).toEqual(['tenant', true]);
  });
});

const owners: OwnerReader = {
  owners: async (_tenant: TenantId, accounts: readonly AccountId[]) =>
    new Map(accounts.map((account) => [account, 'ann'])),
};

/** The chain around one operation that answers at once, for an owner who is let in by scope. */
function served(owned: OwnerAccess | undefined, reader: OwnerReader | undefined, asks = false) {
  const base = assetRoutes.find(({ operationId }) => operationId === 'listAssets');
  const route = { ...base, scope: 'accounts:read', ...(owned && { owners: owned }) } as unknown as AnyRoute;
  const ann = callerOf({ tenant: 'default' as TenantId, client: 'c', subject: 'ann', roles: [], scopes: [] });
  const operations = {
    listAssets: async (request: { ownAmong?: (accounts: readonly string[]) => Promise<unknown> }) => {
      if (asks) await request.ownAmong?.(['alice']);
      return json(200, { secret: 'balance' });
    },
  } as unknown as Operations<'documents'>;
  const handler = serveArea(
    [route],
    operations as never,
    {
      access: { authenticate: async () => ann, limiter: unlimited },
      ...(reader && { owners: reader }),
      instruments: recorder().instruments,
      flags: { current: async () => ({}) },
    } as never,
  );
  return callWith({ assets: handler })('GET', '/v1/assets');
}

const theirs: OwnerAccess = { accounts: () => ['alice'], instead: 'not_found' };

describe('an owner', () => {
  it('is let in where the route says which accounts must be the own', async () => {
    expect((await served(theirs, owners)).status).toBe(200);
  });

  it.each([
    ['the route does not say which accounts', undefined, owners],
    ['the area cannot tell whose they are', theirs, undefined],
    ['the operation could not ask', 'by operation', undefined],
  ] as const)('is forbidden where %s', async (_, owned, reader) => {
    expect(await served(owned, reader)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it('is told which scope an operation takes that is not for owners', async () => {
    const detail = 'This operation takes the scope accounts:read for the whole tenant.';
    expect((await served(undefined, owners)).body.detail).toBe(detail);
  });

  it('is not let in for a request that names no account', async () => {
    expect((await served({ accounts: () => [], instead: 'forbidden' }, owners)).status).toBe(403);
  });

  it('gets no answer of an operation that did not ask whose it is', async () => {
    const answer = await served('by operation', owners);
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal' } });
    expect(answer.text).not.toContain('balance');
    expect((await served('by operation', owners, true)).status).toBe(200);
  });
});
