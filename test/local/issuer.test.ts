import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { type EmbeddedRuntime, startEmbedded } from '../../infra/local/embedded.ts';
import { issuerKey } from '../../infra/local/issuer-key.ts';
import { StartFailure } from '../../infra/local/start-failure.ts';
import { defaultTokenLifetimeSeconds } from '../../lib/auth/token-limits.ts';

let dataFolder: string;
let runtime: EmbeddedRuntime;

const start = (): Promise<EmbeddedRuntime> => startEmbedded({ dataFolder, quiet: true, seed: false });

interface TokenAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, string>>;
}

async function ask(wanted: unknown, authorization = `Bearer ${runtime.apiKey}`): Promise<TokenAnswer> {
  const body = typeof wanted === 'string' ? wanted : JSON.stringify(wanted);
  const answer = await fetch(runtime.tokens.url, { method: 'POST', headers: { authorization }, body });
  return { status: answer.status, body: (await answer.json()) as TokenAnswer['body'] };
}

async function call(token: string, path: string, body?: object) {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body && { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() }),
  };
  const answer = await fetch(`${runtime.url}${path}`, {
    method: body ? 'POST' : 'GET',
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> };
}

const tokenFor = async (wanted: object): Promise<string> => String((await ask(wanted)).body.access_token);

beforeAll(async () => {
  dataFolder = mkdtempSync(join(tmpdir(), 'florin-test-'));
  runtime = await start();
}, 240_000);

afterAll(async () => {
  await runtime?.stop();
  rmSync(dataFolder, { recursive: true, maxRetries: 5 });
});

describe('the development issuer', () => {
  it('gives tokens that its published key verifies', async () => {
    const { status, body } = await ask({ tenant: 'shop', subject: 'alice', expiresInSeconds: 60 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 60 });
    const keys = createRemoteJWKSet(new URL(runtime.tokens.jwksUri));
    const { payload } = await jwtVerify(String(body.access_token), keys, { issuer: runtime.tokens.issuer });
    expect(payload).toMatchObject({ tenant: 'shop', sub: 'alice', aud: 'florin' });
    expect(Number(payload.exp) - Number(payload.iat)).toBe(60);
  });

  it('lets its tokens do what they say, in the tenant they name, and no more', async () => {
    const operator = await tokenFor({ tenant: 'shop', roles: ['operator'] });
    expect(await call(operator, '/v1/assets', { code: 'COINS' })).toMatchObject({ status: 201 });
    expect(await call(operator, '/v1/accounts', { id: 'mine', owner: 'alice' })).toMatchObject({ status: 201 });
    const elsewhere = await tokenFor({ roles: ['reader'] });
    expect(await call(elsewhere, '/v1/accounts/mine')).toMatchObject({ status: 404 });
    expect(await call(elsewhere, '/v1/assets', { code: 'COINS' })).toMatchObject({ status: 403 });
    const scoped = await tokenFor({ tenant: 'shop', scopes: ['accounts:read'] });
    expect(await call(scoped, '/v1/accounts/mine')).toMatchObject({ status: 200 });
    expect(await call(scoped, '/v1/assets')).toMatchObject({ status: 403 });
    const alice = await tokenFor({ tenant: 'shop', subject: 'alice' });
    expect(await call(alice, '/v1/accounts/mine')).toMatchObject({ status: 200 });
    const bob = await tokenFor({ tenant: 'shop', subject: 'bob' });
    expect(await call(bob, '/v1/accounts/mine')).toMatchObject({ status: 404 });
  });

  it('gives nothing to whoever has no key', async () => {
    const { access_token: token } = (await ask({})).body;
    for (const authorization of [
      '',
      'Bearer nonsense',
      'Bearer flk_dev_00000000000000000000000000000000',
      `Bearer ${token}`,
    ]) {
      expect(await ask({ roles: ['admin'] }, authorization)).toMatchObject({
        status: 401,
        body: { error: 'invalid_client' },
      });
    }
  });

  it.each([
    ['another field', { role: 'admin' }],
    ['a role that is none', { roles: ['root'] }],
    ['the scope of the platform', { scopes: ['admin:platform'] }],
    ['a tenant that is none', { tenant: 'the shop' }],
    ['a time too long', { expiresInSeconds: defaultTokenLifetimeSeconds + 1 }],
    ['an empty subject', { subject: '' }],
    ['a list', []],
    ['no JSON', '{"roles"'],
  ])('refuses %s', async (_, wanted) => {
    expect(await ask(wanted)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it('takes POST only', async () => {
    const answer = await fetch(runtime.tokens.url);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await fetch(new URL('/elsewhere', runtime.tokens.jwksUri))).status).toBe(404);
  });

  it('keeps its key, so that tokens survive a restart', async () => {
    const token = await tokenFor({ tenant: 'shop', roles: ['reader'] });
    await runtime.stop();
    runtime = await start();
    expect(await call(token, '/v1/accounts/mine')).toMatchObject({ status: 200 });
    expect(statSync(join(dataFolder, 'issuer-key.pem')).mode & 0o777).toBe(0o600);
  });
});

describe('issuerKey', () => {
  it.each(['', 'secret', '-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n'])(
    'says what to do about a file with no key in it: %j',
    (text) => {
      const file = join(dataFolder, 'other.pem');
      writeFileSync(file, text);
      expect(() => issuerKey(file)).toThrow(StartFailure);
      expect(() => issuerKey(file)).toThrow(/does not hold the development issuer's key\. Remove it/);
    },
  );

  it('publishes nothing that signs', () => {
    const file = join(dataFolder, 'fresh.pem');
    const { jwk } = issuerKey(file);
    expect(Object.keys(jwk).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    expect(issuerKey(file).jwk).toEqual(jwk);
  });
});
