import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import { type Authenticator, type Caller, parseTokenIssuers, type TokenIssuer, tokens } from '../../lib/auth/index.ts';
import { readDocument } from '../docs/documents.ts';
import { recorder } from '../observability/recorder.ts';
import { makeKey, type SigningKey, sign, startIssuer, type TestIssuer } from './issuer.ts';

/** The configurations that the reference page shows, by their names. */
const shown = new Map(
  [...readDocument('docs/reference/tokens.md').matchAll(/```json\n([\s\S]+?)```/g)].map(([, text = '']) => {
    const configuration = JSON.parse(text) as { name: string };
    return [configuration.name, configuration] as const;
  }),
);

let key: SigningKey;
let server: TestIssuer;
beforeAll(async () => {
  key = await makeKey('key-1', 'RS256');
  server = await startIssuer(key);
});
afterAll(() => server.stop());

/** Knows the tokens of an issuer as the page configures it, but for where its keys are. */
const knows = (name: string): Authenticator => {
  const text = JSON.stringify([{ ...shown.get(name), jwksUri: server.jwksUri }]);
  return tokens(parseTokenIssuers(text), recorder().instruments);
};

const now = Math.floor(Date.now() / 1_000);
const times = { iat: now, exp: now + 3_600 };
const allowed = (caller: Caller | undefined) => [...(caller?.scopes ?? [])].sort();

/** What it makes of these claims with some changed; what is undefined is left out. */
const asks =
  (name: string, usual: JWTPayload) =>
  async (changed: JWTPayload = {}): Promise<Caller | undefined> =>
    knows(name)(await sign(key, { ...usual, ...changed }));

describe('the page about tokens', () => {
  it('shows three configurations, each of which a stage could have', () => {
    const issuers = [...shown.values()].flatMap((one) => parseTokenIssuers(JSON.stringify([one])));
    expect(issuers.map(({ name }: TokenIssuer) => name)).toEqual(['cognito', 'auth0', 'keycloak']);
  });
});

describe('an access token of Cognito', () => {
  const ask = asks('cognito', {
    ...times,
    sub: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
    'cognito:groups': ['florin-operators', 'admin'],
    iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_EXAMPLE',
    version: 2,
    client_id: '1example23456789',
    origin_jti: 'bbbbbbbb-cccc-4ddd-8eee-ffffffffffff',
    token_use: 'access',
    scope: 'openid profile',
    auth_time: now,
    jti: 'cccccccc-dddd-4eee-8fff-000000000000',
    username: 'alice',
  });

  it('of a user makes the groups roles, and no group of the same name as ours', async () => {
    const caller = await ask();
    expect(caller).toMatchObject({
      tenant: 'shop',
      client: 'cognito:1example23456789',
      subject: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
    });
    expect(caller?.allows('accounts:manage')).toBe(true);
    expect(caller?.allows('clients:write')).toBe(false);
    expect(allowed(await ask({ 'cognito:groups': ['admin'] }))).toEqual([]);
  });

  it('of a client has the scopes of the resource server', async () => {
    const caller = await ask({
      sub: '1example23456789',
      'cognito:groups': undefined,
      scope: 'florin/transactions:write florin/admin:platform accounts:read other/holds:write florin/none',
    });
    expect(allowed(caller)).toEqual(['transactions:write']);
  });

  it('is refused of another client, and where it is an id token', async () => {
    expect(await ask({ client_id: 'another' })).toBeUndefined();
    expect(await ask({ client_id: ['1example23456789'] })).toBeUndefined();
    expect(await ask({ client_id: undefined, aud: '1example23456789', token_use: 'id' })).toBeUndefined();
    expect(await ask({ token_use: 'id' })).toBeUndefined();
    expect(await ask({ token_use: undefined })).toBeUndefined();
  });
});

describe('an access token of Auth0', () => {
  const ask = asks('auth0', {
    ...times,
    iss: 'https://example.eu.auth0.com/',
    sub: 'auth0|5f7c8ec7c33c6c004bbafe82',
    aud: ['https://florin.example/api', 'https://example.eu.auth0.com/userinfo'],
    azp: 'my_client_id',
    scope: 'openid profile transactions:write',
    permissions: ['accounts:read', 'transactions:read'],
    'https://florin.example/tenant': 'market',
    'https://florin.example/roles': [],
  });

  it('has the tenant of its claim, and the permissions that were given, not the scopes that were asked for', async () => {
    const caller = await ask();
    expect(caller).toMatchObject({
      tenant: 'market',
      client: 'auth0:my_client_id',
      subject: 'auth0|5f7c8ec7c33c6c004bbafe82',
    });
    expect(allowed(caller)).toEqual(['accounts:read', 'transactions:read']);
    expect(caller?.reach('transactions:write')).toBe('own');
  });

  it('makes roles of what an action added', async () => {
    const caller = await ask({ 'https://florin.example/roles': ['Back office', 'Back'] });
    expect(caller?.allows('accounts:manage')).toBe(true);
    expect(allowed(await ask({ 'https://florin.example/roles': 'Back' }))).toHaveLength(2);
  });

  it.each([
    ['unknown', 'elsewhere'],
    ['none', undefined],
    ['a list', ['shop']],
    ['two', 'shop market'],
  ])('is refused where its tenant is %s', async (_, tenant) => {
    expect(await ask({ 'https://florin.example/tenant': tenant })).toBeUndefined();
  });

  it('is refused where it is for another API', async () => {
    expect(await ask({ aud: ['https://example.eu.auth0.com/userinfo'] })).toBeUndefined();
  });
});

describe('an access token of Keycloak', () => {
  const ask = asks('keycloak', {
    ...times,
    jti: 'onrtac:6a2f0d2c-6f9c-4d0b-9c2a-6c2f5d0b9c2a',
    iss: 'https://id.example/realms/shop',
    aud: ['florin', 'account'],
    sub: '3c1c9c5e-6f9c-4d0b-9c2a-6c2f5d0b9c2a',
    typ: 'Bearer',
    azp: 'shop web',
    sid: '1c9c5e3c-6f9c-4d0b-9c2a-6c2f5d0b9c2a',
    acr: '1',
    realm_access: { roles: ['offline_access', 'uma_authorization', 'florin-reader'] },
    resource_access: { account: { roles: ['manage-account', 'florin-admin'] } },
    scope: 'email profile transactions:write',
    email: 'alice@example.com',
  });

  it('has the realm roles that were named, no other role and no scope', async () => {
    const caller = await ask();
    expect(caller).toMatchObject({ tenant: 'shop', subject: '3c1c9c5e-6f9c-4d0b-9c2a-6c2f5d0b9c2a' });
    expect(caller?.allows('events:read')).toBe(true);
    expect(caller?.allows('transactions:write')).toBe(false);
    expect(caller?.allows('clients:write')).toBe(false);
  });

  it('has a client that is safe wherever names are written, and still its own', async () => {
    const clients = await Promise.all(['shop web', 'shop_web', 'shop#web', 'x'.repeat(300)].map((azp) => ask({ azp })));
    const names = clients.map((caller) => String(caller?.client));
    for (const name of names) expect(name).toMatch(/^keycloak:[\w.-]{1,73}$/);
    expect(new Set(names).size).toBe(4);
    expect(names[1]).toBe('keycloak:shop_web');
  });

  it('finds claims only where the token has them', async () => {
    for (const realm_access of [undefined, {}, { roles: [] }, { ROLES: ['florin-admin'] }]) {
      expect(allowed(await ask({ realm_access }))).toEqual([]);
    }
    expect(allowed(await ask({ realm_access: { roles: ['__proto__', 'constructor', 'toString'] } }))).toEqual([]);
    expect(allowed(await ask({ realm_access: ['florin-admin'] }))).toEqual([]);
    // JSON may have a member of this name, which is then one as any other.
    const inherited = JSON.parse('{"__proto__":{"roles":["florin-admin"]}}') as JWTPayload;
    expect(allowed(await ask({ realm_access: inherited }))).toEqual([]);
  });

  it('is refused where it is an id or refresh token, or only for the account pages', async () => {
    expect(await ask({ typ: 'ID' })).toBeUndefined();
    expect(await ask({ typ: 'Refresh' })).toBeUndefined();
    expect(await ask({ aud: 'account' })).toBeUndefined();
  });
});
