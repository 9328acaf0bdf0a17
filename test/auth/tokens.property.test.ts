import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Authenticator, parseTokenIssuers, tokens } from '../../lib/auth/index.ts';
import { recorder } from '../observability/recorder.ts';
import { parameters } from '../support/property.ts';
import { makeKey, sign, startIssuer, type TestIssuer } from './issuer.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const issuer = 'https://issuer.example/';

interface Signed {
  readonly token: string;
  readonly authenticate: Authenticator;
}
const signed = new Map<string, Signed>();
let server: TestIssuer;

beforeAll(async () => {
  const keys = await Promise.all(['ES256', 'RS256', 'EdDSA'].map((algorithm) => makeKey(algorithm, algorithm)));
  server = await startIssuer(...keys);
  for (const key of keys) {
    const { algorithm } = key;
    const configuration = [
      {
        name: 'shop',
        issuer,
        jwksUri: server.jwksUri,
        audience: { values: ['florin'] },
        algorithms: [algorithm],
        tenant: 'shop',
      },
    ];
    const authenticate = tokens(parseTokenIssuers(JSON.stringify(configuration)), recorder().instruments);
    const exp = Math.floor(Date.now() / 1_000) + 3_600;
    signed.set(algorithm, { authenticate, token: await sign(key, { iss: issuer, aud: 'florin', sub: 'alice', exp }) });
  }
});
afterAll(() => server.stop());

/** What can happen to a text: a character changed, put in, or taken out. */
const damage = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('change', 'insert', 'remove'),
  character: fc.constantFrom(...alphabet, '.', '=', '+', '/', ' ', '\u0000', 'é'),
});

function damaged(token: string, { at, kind, character }: { at: number; kind: string; character: string }): string {
  const position = at % token.length;
  const rest = token.slice(kind === 'insert' ? position : position + 1);
  return token.slice(0, position) + (kind === 'remove' ? '' : character) + rest;
}

describe.each(['ES256', 'RS256', 'EdDSA'])('a token signed with %s', (algorithm) => {
  const the = (): Signed => signed.get(algorithm) as Signed;

  it('is accepted as it is', async () => {
    expect(await the().authenticate(the().token)).toMatchObject({ subject: 'alice' });
  });

  it('is never accepted with a fault in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
        const { token, authenticate } = the();
        const wrong = damages.reduce(damaged, token);
        fc.pre(wrong !== token);
        expect(await authenticate(wrong)).toBeUndefined();
      }),
      parameters(300),
    );
  });

  it('is never accepted with its last character changed, which could stand for the same bytes', async () => {
    const { token, authenticate } = the();
    for (const character of alphabet) {
      const wrong = token.slice(0, -1) + character;
      if (wrong !== token) expect(await authenticate(wrong)).toBeUndefined();
    }
  });

  it('is never accepted with parts of another', async () => {
    const parts = [...signed.values()].flatMap(({ token }) => token.split('.'));
    await fc.assert(
      fc.asyncProperty(fc.tuple(...[0, 1, 2].map(() => fc.constantFrom(...parts, '', 'e30'))), async (chosen) => {
        const wrong = chosen.join('.');
        fc.pre(wrong !== the().token);
        expect(await the().authenticate(wrong)).toBeUndefined();
      }),
      parameters(300),
    );
  });
});
