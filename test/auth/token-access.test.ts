import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { firstOf, parseTokenIssuers, staticKey, tokens, unlimited } from '../../lib/auth/index.ts';
import { defaultFlags } from '../../lib/config/flags.ts';
import { assetRoutes } from '../../lib/http/asset-routes.ts';
import { json, serveArea } from '../../lib/http/index.ts';
import { apiKey, callWith } from '../functions/api.ts';
import { recorder } from '../observability/recorder.ts';
import { makeKey, type SigningKey, sign, startIssuer, type TestIssuer } from './issuer.ts';

const { instruments, lines, clear } = recorder();
const iss = 'https://issuer.example/';
let key: SigningKey;
let server: TestIssuer;
let call: ReturnType<typeof callWith>;

const claims = (more: object = {}) => ({
  iss,
  aud: 'florin',
  sub: 'alice',
  exp: Math.floor(Date.now() / 1_000) + 300,
  roles: ['operator'],
  ...more,
});
const read = (headers: Readonly<Record<string, string>>) =>
  call('GET', '/v1/assets', undefined, { bare: true, headers: { 'X-Correlation-Id': 'c-1', ...headers } });

beforeAll(async () => {
  key = await makeKey('key-1');
  server = await startIssuer(key);
});
afterAll(() => server.stop());
beforeEach(() => {
  clear();
  server.answer = undefined;
  const issuers = JSON.stringify([
    {
      name: 'shop',
      issuer: iss,
      jwksUri: server.jwksUri,
      audience: { values: ['florin'] },
      algorithms: ['ES256'],
      tenant: 'shop',
      rolesClaim: 'roles',
    },
  ]);
  const authenticate = firstOf(
    staticKey(createHash('sha256').update(apiKey).digest('hex')),
    tokens(parseTokenIssuers(issuers), instruments),
  );
  const handler = serveArea(
    assetRoutes,
    { createAsset: () => json(201, {}), listAssets: ({ caller }) => json(200, { tenant: caller.tenant }) },
    { access: { authenticate, limiter: unlimited }, instruments, flags: { current: async () => defaultFlags } },
  );
  call = callWith({ assets: handler });
});

describe('a request with a token', () => {
  it("is its tenant's, and its line in the log says whose", async () => {
    const answer = await read({ Authorization: `Bearer ${await sign(key, claims({ azp: 'web' }))}` });
    expect(answer).toMatchObject({ status: 200, body: { tenant: 'shop' } });
    expect(lines.at(-1)?.fields).toMatchObject({ tenant: 'shop' });
  });

  it('is forbidden what its roles do not allow', async () => {
    const Authorization = `Bearer ${await sign(key, claims({ roles: ['reader'] }))}`;
    const options = { bare: true, headers: { Authorization, 'Idempotency-Key': 'k' } };
    expect(await call('POST', '/v1/assets', { code: 'USD/2' }, options)).toMatchObject({ status: 403 });
  });

  it('gets the same answer whatever is wrong with it, as if it were any other text', async () => {
    const good = await sign(key, claims());
    const strange = await makeKey('key-1');
    const answers = await Promise.all([
      read({ Authorization: 'Bearer nonsense' }),
      read({ Authorization: 'Bearer flk_dev_00000000000000000000000000000000' }),
      read({ Authorization: `Bearer ${good}x` }),
      read({ Authorization: `Bearer ${good.slice(0, -4)}` }),
      read({ Authorization: `Bearer ${await sign(strange, claims())}` }),
      read({ Authorization: `Bearer ${await sign(key, claims({ exp: 1 }))}` }),
      read({ Authorization: `Bearer ${await sign(key, claims({ aud: 'elsewhere' }))}` }),
      read({ Authorization: `Bearer ${await sign(key, claims({ iss: 'https://elsewhere.example' }))}` }),
      read({ Authorization: `Bearer ${await sign(key, claims({ roles: 7 }))}` }),
      read({ Authorization: `Bearer ${await sign(key, claims({ padding: 'x'.repeat(8_192) }))}` }),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({
        status: 401,
        headers: { 'WWW-Authenticate': 'Bearer realm="florin", error="invalid_token"' },
        body: { code: 'unauthenticated', instance: '/v1/assets' },
      });
      expect(answer.body).toEqual(answers[0]?.body);
      expect(answer.headers).toEqual(answers[0]?.headers);
    }
  });

  it("is a stranger's where the token is not where tokens belong, or it is not clear which counts", async () => {
    const good = await sign(key, claims());
    const Authorization = `Bearer ${good}`;
    const requests: Record<string, string>[] = [
      { 'X-Api-Key': good },
      { Authorization, 'X-Api-Key': good },
      { Authorization, 'X-Api-Key': apiKey },
      { Authorization: `Bearer ${apiKey}`, 'X-Api-Key': good },
      { Authorization: `Basic ${good}` },
      { Authorization: good },
      { Authorization: `Bearer ${good} ${good}` },
      { Authorization: `Bearer ${good}, Bearer ${good}` },
    ];
    for (const headers of requests) {
      expect(await read(headers)).toMatchObject({
        status: 401,
        headers: { 'WWW-Authenticate': 'Bearer realm="florin"' },
        body: { code: 'unauthenticated' },
      });
    }
    expect((await read({ Authorization })).status).toBe(200);
  });

  it('is answered 503 while nobody can tell, and keys of the API go on', async () => {
    server.answer = (_, outgoing) => outgoing.writeHead(500).end();
    const answer = await read({ Authorization: `Bearer ${await sign(key, claims())}` });
    expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' }, headers: { 'Retry-After': '1' } });
    expect((await read({ Authorization: `Bearer ${apiKey}` })).status).toBe(200);
  });

  it('leaves nothing of the token in the log, whatever became of it', async () => {
    const sub = 'alice@example.com';
    const sent = [await sign(key, claims({ sub })), await sign(key, claims({ sub, exp: 1 }))];
    for (const token of sent) await read({ Authorization: `Bearer ${token}` });
    server.answer = (_, outgoing) => outgoing.writeHead(500).end();
    const logged = JSON.stringify(lines, (_, value) =>
      value instanceof Error ? { ...value, text: value.stack } : value,
    );
    expect(lines.length).toBeGreaterThanOrEqual(3);
    for (const secret of [sub, ...sent.flatMap((token) => token.split('.').slice(1))]) {
      expect(logged).not.toContain(secret);
    }
  });
});
