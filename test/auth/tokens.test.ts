import { createHmac, type webcrypto } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { exportJWK, exportSPKI, importJWK, type JWTPayload } from 'jose';
import { type Authenticator, defaultRatePolicy, parseTokenIssuers, tokens } from '../../lib/auth/index.ts';
import {
  defaultTokenLifetimeSeconds,
  issuerTimeoutMs,
  keysFreshMs,
  keysPauseMs,
  keysUsableMs,
  maxKeySetBytes,
  maxTokenBytes,
  tokenClockToleranceSeconds,
} from '../../lib/auth/token-limits.ts';
import { maxOwnerLength } from '../../lib/ledger/index.ts';
import { recorder } from '../observability/recorder.ts';
import { type HeldTimeouts, holdTimeouts } from '../support/held-timeouts.ts';
import { until } from '../support/until.ts';
import { makeKey, type SigningKey, sign, startIssuer, type TestIssuer } from './issuer.ts';

const { instruments, lines, clear } = recorder();
const startedAt = Date.UTC(2026, 0, 1);
const iss = 'https://issuer.example/';

let nowMs: number;
let key: SigningKey;
let server: TestIssuer;
let authenticate: Authenticator;
/** An issuer has as long as a test gives it. */
let timeouts: HeldTimeouts;

const configured = (more: Readonly<Record<string, unknown>> = {}) => ({
  name: 'shop',
  issuer: iss,
  jwksUri: server.jwksUri,
  audience: { values: ['florin'] },
  algorithms: ['ES256'],
  tenant: 'shop',
  rolesClaim: 'roles',
  ...more,
});

const authenticatorOf = (...issuers: object[]): Authenticator =>
  tokens(parseTokenIssuers(JSON.stringify(issuers)), { ...instruments, now: () => nowMs });

const nowSeconds = (): number => Math.floor(nowMs / 1_000);

/** Claims that are all right, with what a test makes of them; what is undefined is left out. */
const claims = (more: Readonly<Record<string, unknown>> = {}): JWTPayload => ({
  iss,
  aud: 'florin',
  sub: 'alice',
  azp: 'web',
  exp: nowSeconds() + 300,
  roles: ['reader'],
  ...more,
});

/** Puts a token together without a library, so that it can be as wrong as one likes. */
const assemble = (header: object, payload: object, signature: string): string =>
  `${[header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.${signature}`;

beforeAll(async () => {
  key = await makeKey('key-1');
  server = await startIssuer(key);
});
afterAll(() => server.stop());
beforeEach(() => {
  clear();
  nowMs = startedAt;
  server.keys = [key];
  server.answer = undefined;
  server.requests = 0;
  timeouts = holdTimeouts();
  authenticate = authenticatorOf(configured());
});
afterEach(() => timeouts.release());

describe('a token that is all right', () => {
  it('tells tenant, client, subject and what its roles allow', async () => {
    const caller = await authenticate(await sign(key, claims()));
    expect(caller).toMatchObject({ tenant: 'shop', client: 'shop:web', subject: 'alice' });
    expect(caller?.reach('accounts:read')).toBe('tenant');
    expect(caller?.reach('transactions:write')).toBe('own');
    expect(caller?.reach('accounts:manage')).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it.each(['RS256', 'PS256', 'ES384', 'EdDSA'])('may be signed with %s, if that is allowed', async (algorithm) => {
    const other = await makeKey('key-2', algorithm);
    server.keys = [key, other];
    const token = await sign(other, claims());
    expect(await authenticatorOf(configured({ algorithms: [algorithm] }))(token)).toMatchObject({ tenant: 'shop' });
    expect(await authenticatorOf(configured({ algorithms: ['ES256', 'ES512'] }))(token)).toBeUndefined();
  });

  it('costs one request for keys, also for many at once', async () => {
    const token = await sign(key, claims());
    const callers = await Promise.all(Array.from({ length: 20 }, () => authenticate(token)));
    expect(callers.every((caller) => caller?.subject === 'alice')).toBe(true);
    expect(server.requests).toBe(1);
  });

  it('has the rate that its issuer is given, else the usual one', async () => {
    const token = await sign(key, claims());
    expect((await authenticate(token))?.rate).toEqual(defaultRatePolicy);
    const rate = { requestsPerSecond: 5, burst: 10 };
    expect((await authenticatorOf(configured({ rate }))(token))?.rate).toEqual(rate);
  });

  it('may have one of several audiences', async () => {
    expect(await authenticate(await sign(key, claims({ aud: ['account', 'florin'] })))).toBeDefined();
  });

  it('may be late or early within the tolerance', async () => {
    const within = tokenClockToleranceSeconds - 1;
    expect(await authenticate(await sign(key, claims({ exp: nowSeconds() - within })))).toBeDefined();
    expect(await authenticate(await sign(key, claims({ nbf: nowSeconds() + within })))).toBeDefined();
  });

  it('may be as long as is allowed', async () => {
    const bare = await sign(key, claims({ padding: '' }));
    const token = await sign(key, claims({ padding: 'x'.repeat(Math.floor(((maxTokenBytes - bare.length) * 3) / 4)) }));
    expect(token.length).toBeGreaterThan(maxTokenBytes - 8);
    expect(token.length).toBeLessThanOrEqual(maxTokenBytes);
    expect(await authenticate(token)).toBeDefined();
  });
});

describe('a token that is refused', () => {
  const refused: [string, (token: { good: JWTPayload; strange: SigningKey }) => Promise<string> | string][] = [
    ['signed with another key of the same name', async ({ good, strange }) => sign({ ...strange, kid: 'key-1' }, good)],
    ['of an unknown key', ({ good, strange }) => sign(strange, good)],
    ['with the algorithm none', ({ good }) => assemble({ alg: 'none', kid: 'key-1' }, good, '')],
    ['with the algorithm none and a signature', ({ good }) => assemble({ alg: 'none', kid: 'key-1' }, good, 'AAAA')],
    ['with the algorithm nOnE', ({ good }) => assemble({ alg: 'nOnE', kid: 'key-1' }, good, 'AAAA')],
    ['that expired', ({ good }) => sign(key, { ...good, exp: nowSeconds() - tokenClockToleranceSeconds })],
    ['without an expiry', ({ good: { exp: _, ...rest } }) => sign(key, rest)],
    [
      'that is valid for too long',
      ({ good }) =>
        sign(key, { ...good, exp: nowSeconds() + defaultTokenLifetimeSeconds + tokenClockToleranceSeconds + 1 }),
    ],
    ['that is not valid yet', ({ good }) => sign(key, { ...good, nbf: nowSeconds() + tokenClockToleranceSeconds + 1 })],
    ['of another issuer', ({ good }) => sign(key, { ...good, iss: 'https://elsewhere.example/' })],
    ['of no issuer', ({ good: { iss: _, ...rest } }) => sign(key, rest)],
    ['for another audience', ({ good }) => sign(key, { ...good, aud: 'florin-test' })],
    ['for other audiences', ({ good }) => sign(key, { ...good, aud: ['account', 'florin-test'] })],
    ['for nobody', ({ good: { aud: _, ...rest } }) => sign(key, rest)],
    ['that is huge', ({ good }) => sign(key, { ...good, padding: 'x'.repeat(maxTokenBytes) })],
    ['with a critical extension', ({ good }) => assembleSigned(good, { crit: ['strange'], strange: 1 })],
    ['with an unencoded payload', ({ good }) => assembleSigned(good, { crit: ['b64'], b64: false })],
  ];

  /** Signed by the issuer, though no issuer would: only the header is at fault. */
  async function assembleSigned(payload: JWTPayload, header: Readonly<Record<string, unknown>>): Promise<string> {
    const input = assemble({ alg: 'ES256', kid: 'key-1', ...header }, payload, '').slice(0, -1);
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key.privateKey, Buffer.from(input));
    return `${input}.${Buffer.from(signature).toString('base64url')}`;
  }

  it('is assembled rightly here', async () => {
    expect(await authenticate(await assembleSigned(claims(), {}))).toBeDefined();
  });

  it.each(refused)('is one %s', async (_, make) => {
    const strange = await makeKey('key-9');
    expect(await authenticate(await make({ good: claims(), strange }))).toBeUndefined();
  });

  it.each([
    ['expiry', { exp: 'tomorrow' }],
    ['expiry', { exp: null }],
    ['beginning', { nbf: '0' }],
    ['audience', { aud: { florin: true } }],
    ['audience', { aud: [['florin']] }],
    ['issuer', { iss: [iss] }],
    ['subject', { sub: 7 }],
    ['subject', { sub: '' }],
    ['subject', { sub: ['alice'] }],
    ['subject', { sub: 'ali\u0000ce' }],
    ['subject', { sub: 'ali\u200bce' }],
    ['client', { azp: { id: 'web' } }],
    ['roles', { roles: { admin: true } }],
    ['roles', { roles: ['admin', 1] }],
    ['roles', { roles: null }],
    ['scopes', { scope: 7 }],
    ['scopes', { scope: [['accounts:read']] }],
  ])('is one whose %s has another type or form: %j', async (_, wrong) => {
    expect(await authenticate(await sign(key, claims(wrong as Record<string, unknown>)))).toBeUndefined();
  });

  it('is one whose subject could own no account', async () => {
    expect(await authenticate(await sign(key, claims({ sub: 'x'.repeat(maxOwnerLength) })))).toBeDefined();
    expect(await authenticate(await sign(key, claims({ sub: 'x'.repeat(maxOwnerLength + 1) })))).toBeUndefined();
  });

  it('is one signed with a public key as if that were a shared secret', async () => {
    const rsa = await makeKey('rsa', 'RS256');
    server.keys = [rsa];
    const lax = authenticatorOf(configured({ algorithms: ['RS256', 'ES256'] }));
    expect(await lax(await sign(rsa, claims()))).toBeDefined();
    const publicKey = (await importJWK(rsa.publicJwk, 'RS256')) as webcrypto.CryptoKey;
    for (const secret of [await exportSPKI(publicKey), JSON.stringify(rsa.publicJwk), String(rsa.publicJwk.n)]) {
      const input = assemble({ alg: 'HS256', kid: 'rsa', typ: 'JWT' }, claims(), '').slice(0, -1);
      const token = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
      expect(await lax(token)).toBeUndefined();
    }
  });

  it('is one that brings its own key, or says where to fetch it', async () => {
    const strange = await makeKey('key-1');
    const trap = await startIssuer(strange);
    try {
      for (const header of [
        { jwk: strange.publicJwk },
        { jku: trap.jwksUri },
        { x5u: trap.jwksUri },
        { jwk: strange.publicJwk, kid: undefined },
      ]) {
        expect(await authenticate(await sign(strange, claims(), header))).toBeUndefined();
      }
      expect(trap.requests).toBe(0);
    } finally {
      await trap.stop();
    }
  });

  it('is one of a key that is too short, whoever published it', async () => {
    const { privateKey, publicKey } = (await crypto.subtle.generateKey(
      { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 1_024, publicExponent: new Uint8Array([1, 0, 1]) },
      true,
      ['sign', 'verify'],
    )) as webcrypto.CryptoKeyPair;
    const jwk = { ...(await crypto.subtle.exportKey('jwk', publicKey)), kid: 'short', alg: 'RS256', use: 'sig' };
    server.keys = [{ kid: 'short', algorithm: 'RS256', privateKey, publicJwk: jwk as SigningKey['publicJwk'] }];
    const input = assemble({ alg: 'RS256', kid: 'short' }, claims(), '').slice(0, -1);
    const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, Buffer.from(input));
    const token = `${input}.${Buffer.from(signature).toString('base64url')}`;
    expect(await authenticatorOf(configured({ algorithms: ['RS256'] }))(token)).toBeUndefined();
    expect(lines).toMatchObject([{ message: 'a token was refused', fields: { reason: /^the key: / } }]);
  });

  it('leaves its reason in the log, and nothing of itself', async () => {
    const token = await sign(key, claims({ sub: 'alice@example.com', aud: 'elsewhere' }));
    expect(await authenticate(token)).toBeUndefined();
    expect(lines).toEqual([
      { level: 'info', message: 'a token was refused', fields: { issuer: 'shop', reason: 'aud: check_failed' } },
    ]);
  });

  it.each([
    ['nothing', ''],
    ['a dot', '.'],
    ['dots', '..'],
    ['two parts', 'a.b'],
    ['three letters', 'a.b.c'],
    ['four parts', 'a.b.c.d'],
    ['a token without claims', 'eyJhbGciOiJFUzI1NiJ9.e30.AA'],
    ['no JSON', 'bm8ganNvbg.bm8ganNvbg.bm8ganNvbg'],
    ['lists', 'W10.W10.W10'],
    ['too long', `${'a'.repeat(5_000)}.${'b'.repeat(5_000)}.${'c'.repeat(5_000)}`],
    ['an API key', 'flk_dev_0123456789abcdefghijABCDEFGHIJ01'],
    ['an object', '{}'],
  ])('or is none but %s', async (_, garbage) => {
    expect(await authenticate(garbage)).toBeUndefined();
    expect(server.requests).toBe(0);
  });

  it('is every one where no issuer is configured', async () => {
    expect(await authenticatorOf()(await sign(key, claims()))).toBeUndefined();
  });
});

describe('the keys of an issuer', () => {
  it('are asked for once more for an unknown one, which is then refused', async () => {
    await authenticate(await sign(key, claims()));
    const unknown = await sign(await makeKey('key-9'), claims());
    nowMs += keysPauseMs;
    const answers = await Promise.all(Array.from({ length: 10 }, () => authenticate(unknown)));
    expect(answers).toEqual(Array.from({ length: 10 }, () => undefined));
    expect(server.requests).toBe(2);
    nowMs += keysPauseMs - 1;
    expect(await authenticate(unknown)).toBeUndefined();
    expect(server.requests).toBe(2);
    // And those that are known were never asked for again.
    expect(await authenticate(await sign(key, claims()))).toBeDefined();
    expect(server.requests).toBe(2);
  });

  it('are not asked for twice where the first token names an unknown one', async () => {
    expect(await authenticate(await sign(await makeKey('key-9'), claims()))).toBeUndefined();
    expect(server.requests).toBe(1);
  });

  it('are not asked for by a token that cannot be good whatever they are', async () => {
    for (const alg of ['HS256', 'none', 'RS256']) {
      expect(await authenticate(assemble({ alg, kid: 'key-9' }, claims(), 'AAAA'))).toBeUndefined();
    }
    expect(await authenticate(await sign(key, claims({ iss: 'https://elsewhere.example/' })))).toBeUndefined();
    expect(server.requests).toBe(0);
  });

  it('may change at any time', async () => {
    await authenticate(await sign(key, claims()));
    const next = await makeKey('key-2');
    server.keys = [next, key];
    nowMs += keysPauseMs;
    expect(await authenticate(await sign(next, claims()))).toBeDefined();
    expect(await authenticate(await sign(key, claims()))).toBeDefined();
    expect(server.requests).toBe(2);
  });

  it('are good for ten minutes after they were withdrawn', async () => {
    await authenticate(await sign(key, claims()));
    server.keys = [await makeKey('key-2')];
    nowMs += keysFreshMs - 1;
    expect(await authenticate(await sign(key, claims()))).toBeDefined();
    nowMs += 1;
    expect(await authenticate(await sign(key, claims()))).toBeUndefined();
  });

  const broken: [string, TestIssuer['answer']][] = [
    ['fails', (_, outgoing) => outgoing.writeHead(500).end('{"keys":[]}')],
    ['redirects', (_, outgoing) => outgoing.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['answers no JSON', (_, outgoing) => outgoing.end('<html>')],
    ['answers something else', (_, outgoing) => outgoing.end('{"keys":{"a":1}}')],
    [
      'breaks off',
      (_, outgoing) => outgoing.writeHead(200, { 'content-length': '100' }).write('{', () => outgoing.destroy()),
    ],
    ['hangs up', (incoming) => incoming.socket.destroy()],
    ['says nothing', () => undefined],
    ['says something, slowly', (_, outgoing) => outgoing.writeHead(200).write('{"keys":[')],
    ['says too much', (_, outgoing) => outgoing.end(`{"keys":[],"padding":"${'x'.repeat(maxKeySetBytes)}"}`)],
    ['never stops', (_, outgoing) => pour(outgoing)],
  ];

  /** What only a time-out ends. */
  const endless = ['says nothing', 'says something, slowly'];

  function pour(outgoing: Parameters<NonNullable<TestIssuer['answer']>>[1]): void {
    const more = (): void => {
      while (!outgoing.destroyed && outgoing.write(' '.repeat(16_384)));
      if (!outgoing.destroyed) outgoing.once('drain', more);
    };
    more();
  }

  describe.each(broken)('of one that %s', (mood, answer) => {
    beforeEach(() => {
      server.answer = answer;
    });

    it('are missing for a while: nobody can tell, and nobody waits long', async () => {
      const token = await sign(key, claims());
      const asking = Promise.allSettled(Array.from({ length: 5 }, () => authenticate(token)));
      if (endless.includes(mood)) {
        await until('the issuer is asked', () => server.requests > 0);
        expect(await Promise.race([asking, sleep(20, 'still waiting')])).toBe('still waiting');
        timeouts.runOut();
      }
      expect(await asking).toEqual(
        Array.from({ length: 5 }, () => ({
          status: 'rejected',
          reason: expect.objectContaining({ code: 'unavailable' }),
        })),
      );
      expect(timeouts.asked).toEqual([issuerTimeoutMs]);
      await expect(authenticate(token)).rejects.toMatchObject({ name: 'LedgerError', code: 'unavailable' });
      expect(server.requests).toBe(1);
      expect(lines).toMatchObject([
        { level: 'warn', message: 'the keys of an issuer cannot be had; its tokens cannot be verified' },
      ]);

      server.answer = undefined;
      nowMs += keysPauseMs;
      expect(await authenticate(token)).toBeDefined();
      expect(lines[1]).toMatchObject({ level: 'info', message: 'the keys of an issuer can be had again' });
    });
  });

  it('are not taken from anywhere else, though the issuer sends us there', async () => {
    const elsewhere = await startIssuer(key);
    try {
      server.answer = (_, outgoing) => outgoing.writeHead(302, { location: elsewhere.jwksUri }).end();
      await expect(authenticate(await sign(key, claims()))).rejects.toMatchObject({ code: 'unavailable' });
      expect(elsewhere.requests).toBe(0);
    } finally {
      await elsewhere.stop();
    }
  });

  it('are asked for again when the clock was turned back: it does not tell how old they are', async () => {
    await authenticate(await sign(key, claims()));
    nowMs -= keysUsableMs;
    expect(await authenticate(await sign(key, claims()))).toBeDefined();
    expect(server.requests).toBe(2);
  });

  it('go on for a day where the issuer cannot be reached', async () => {
    await authenticate(await sign(key, claims()));
    server.answer = (_, outgoing) => outgoing.writeHead(503).end();
    nowMs += keysFreshMs;
    expect(await authenticate(await sign(key, claims()))).toBeDefined();
    expect(lines).toMatchObject([{ message: 'the keys of an issuer cannot be had; the known ones go on' }]);
    // Whether an unknown one is new cannot be found out.
    await expect(authenticate(await sign(await makeKey('key-2'), claims()))).rejects.toMatchObject({
      code: 'unavailable',
    });
    nowMs = startedAt + keysUsableMs - 1;
    expect(await authenticate(await sign(key, claims()))).toBeDefined();
    nowMs += 1;
    await expect(authenticate(await sign(key, claims()))).rejects.toMatchObject({ code: 'unavailable' });
    // It lasts, which is told each minute at the most, and here when it is met again a day later.
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'warn']);
  });

  it('do not verify where several could be meant', async () => {
    server.keys = [key, await makeKey('key-1')];
    expect(await authenticate(await sign(key, claims()))).toBeUndefined();
    server.keys = [key, await makeKey('key-2')];
    nowMs += keysFreshMs;
    expect(await authenticate(await sign(key, claims(), { kid: undefined }))).toBeUndefined();
  });

  it('need no names where there is one for the algorithm', async () => {
    server.keys = [await makeKey('rsa', 'RS256'), publishedAs({ kid: undefined })];
    expect(await authenticate(await sign(key, claims(), { kid: undefined }))).toBeDefined();
  });

  /** The key, published in another way than it should be. */
  const publishedAs = (jwk: Readonly<Record<string, unknown>>): SigningKey => ({
    ...key,
    publicJwk: { ...key.publicJwk, ...jwk } as SigningKey['publicJwk'],
  });

  const unfit: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ['for another algorithm', { alg: 'ES384' }],
    ['of another kind', { kty: 'RSA' }],
    ['of another curve', { crv: 'P-384' }],
    ['to encrypt with', { use: 'enc' }],
    ['to sign with only', { key_ops: ['sign'] }],
    ['with a point that is not on the curve', { x: 'AAAA' }],
    ['with nothing in it', { x: undefined }],
  ];

  it.each(unfit)('do not verify where the one that is meant is %s, and others go on', async (_, jwk) => {
    const other = await makeKey('key-2');
    server.keys = [publishedAs(jwk), other];
    expect(await authenticate(await sign(key, claims()))).toBeUndefined();
    expect(await authenticate(await sign(other, claims()))).toBeDefined();
  });

  it('do not verify where an issuer has published what it signs with', async () => {
    server.keys = [publishedAs({ d: (await exportJWK(key.privateKey)).d })];
    expect(await authenticate(await sign(key, claims()))).toBeUndefined();
    expect(JSON.stringify(lines)).not.toContain('"d"');
    // A shared secret verifies nothing either, though there be a token of that kind.
    const k = Buffer.from('a secret that all of them share!').toString('base64url');
    server.keys = [{ ...key, publicJwk: { kty: 'oct', k, kid: 'key-1', alg: 'HS256' } }];
    nowMs += keysFreshMs;
    const input = assemble({ alg: 'HS256', kid: 'key-1' }, claims(), '').slice(0, -1);
    const signature = createHmac('sha256', Buffer.from(k, 'base64url')).update(input).digest('base64url');
    expect(await authenticate(`${input}.${signature}`)).toBeUndefined();
    expect(await authenticate(await sign(key, claims()))).toBeUndefined();
  });
});

describe('two issuers', () => {
  it('do not speak for one another, and one that is down does not hold up the other', async () => {
    const ours = await makeKey('key-1');
    const second = await startIssuer(ours);
    try {
      const other = 'https://second.example/';
      authenticate = authenticatorOf(
        configured({ subjectPrefix: 'a|' }),
        configured({ name: 'staff', issuer: other, jwksUri: second.jwksUri, tenant: 'staff', subjectPrefix: 'b|' }),
      );
      expect(await authenticate(await sign(key, claims()))).toMatchObject({ tenant: 'shop', subject: 'a|alice' });
      expect(await authenticate(await sign(ours, claims({ iss: other })))).toMatchObject({
        tenant: 'staff',
        subject: 'b|alice',
        client: 'staff:web',
      });
      expect(await authenticate(await sign(ours, claims()))).toBeUndefined();
      expect(await authenticate(await sign(key, claims({ iss: other })))).toBeUndefined();

      server.answer = () => undefined;
      nowMs += keysFreshMs;
      const done: string[] = [];
      const calls = [await sign(key, claims()), await sign(ours, claims({ iss: other }))].map(async (token) => {
        const caller = await authenticate(token);
        done.push(String(caller?.tenant));
      });
      await until('one has its answer', () => done.length > 0);
      timeouts.runOut();
      await Promise.all(calls);
      expect(done).toEqual(['staff', 'shop']);
    } finally {
      await second.stop();
    }
  });
});
