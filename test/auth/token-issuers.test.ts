import { describe, expect, it } from '@jest/globals';
import { parseTokenIssuers } from '../../lib/auth/index.ts';
import { maxIssuersLength } from '../../lib/auth/token-limits.ts';

const shop = {
  name: 'shop',
  issuer: 'https://shop.example/',
  jwksUri: 'https://shop.example/jwks.json',
  audience: { values: ['florin'] },
  tenant: 'shop',
};
const staff = { ...shop, name: 'staff', issuer: 'https://staff.example/' };
const parse = (...issuers: object[]) => parseTokenIssuers(JSON.stringify(issuers));

describe('parseTokenIssuers', () => {
  it('reads none, and one with what is usual where nothing is said', () => {
    expect(parseTokenIssuers('[]')).toEqual([]);
    expect(parse(shop)).toEqual([
      {
        ...shop,
        audience: { claim: 'aud', values: ['florin'] },
        algorithms: ['RS256'],
        scopeClaim: 'scope',
        scopePrefix: '',
        subjectClaim: 'sub',
        subjectPrefix: '',
        requiredClaims: {},
        maxLifetimeSeconds: 86_400,
      },
    ]);
  });

  it.each([
    ['another field', { password: 'x' }, '0: Unrecognized key: "password"'],
    ['a name that is none', { name: 'The Shop' }, '0.name: '],
    ['keys without protection', { jwksUri: 'http://shop.example/jwks.json' }, '0.jwksUri: must be https'],
    ['keys that look like ours', { jwksUri: 'http://127.0.0.1.shop.example/' }, '0.jwksUri: must be https'],
    ['keys in a file', { jwksUri: 'file:///etc/keys' }, '0.jwksUri: '],
    ['keys nowhere', { jwksUri: 'shop' }, '0.jwksUri: '],
    ['no audience', { audience: undefined }, '0.audience: '],
    ['an empty audience', { audience: { values: [] } }, '0.audience.values: '],
    ['an audience in another claim', { audience: { claim: 'sub', values: ['x'] } }, '0.audience.claim: '],
    ['a shared secret', { algorithms: ['RS256', 'HS256'] }, '0.algorithms.1: '],
    ['no signature', { algorithms: ['none'] }, '0.algorithms.0: '],
    ['no algorithm', { algorithms: [] }, '0.algorithms: '],
    ['no tenant', { tenant: undefined }, '0: needs either tenant or tenantClaim'],
    ['two tenants', { tenantClaim: 'tenant' }, '0: needs either tenant or tenantClaim'],
    ['a tenant that is none', { tenant: 'the shop' }, '0.tenant: is no name of a tenant'],
    ['tenants of one', { tenants: ['shop'] }, '0.tenants: goes with tenantClaim only'],
    ['roles without a claim', { roleNames: { boss: 'admin' } }, '0.roleNames: goes with rolesClaim only'],
    ['a role that is none', { rolesClaim: 'roles', roleNames: { boss: 'root' } }, '0.roleNames.boss: '],
    ['no requests at all', { rate: { requestsPerSecond: 0, burst: 1 } }, '0.rate.requestsPerSecond: '],
    ['half a rate', { rate: { requestsPerSecond: 5 } }, '0.rate.burst: '],
    ['tokens for years', { maxLifetimeSeconds: 100_000_000 }, '0.maxLifetimeSeconds: '],
  ])('refuses %s', (_, wrong, message) => {
    expect(() => parse({ ...shop, ...wrong })).toThrow(`Token issuers: ${message}`);
  });

  it.each(['http://127.0.0.1:3000/jwks', 'http://localhost/jwks', 'http://[::1]:1/jwks'])(
    'takes keys from %s',
    (jwksUri) => {
      expect(parse({ ...shop, jwksUri })).toHaveLength(1);
    },
  );

  it.each([
    ['no list', '{}', 'the whole: '],
    ['no JSON', '[', 'not JSON'],
    ['too much', JSON.stringify([shop]).padEnd(maxIssuersLength + 1), `longer than ${maxIssuersLength} characters`],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseTokenIssuers(text)).toThrow(`Token issuers: ${message}`);
  });

  it.each([
    ['one name', { ...staff, name: 'shop', subjectPrefix: 'b|' }, '1: has the name of another: shop'],
    ['one issuer', { ...staff, issuer: shop.issuer, subjectPrefix: 'b|' }, '1: is an issuer that is there already'],
    ['one prefix', { ...staff, subjectPrefix: 'a|' }, '1: needs a subjectPrefix'],
    ['a prefix and none', staff, '1: needs a subjectPrefix'],
    ['a prefix that goes on with the other', { ...staff, subjectPrefix: 'a|b' }, '1: needs a subjectPrefix'],
    ['a prefix that the other goes on with', { ...staff, subjectPrefix: 'a' }, '1: needs a subjectPrefix'],
  ])('refuses two of %s, whose subjects could be taken for one another', (_, second, message) => {
    expect(() => parse({ ...shop, subjectPrefix: 'a|' }, second)).toThrow(`Token issuers: ${message}`);
  });

  it('takes several whose subjects are apart', () => {
    expect(parse({ ...shop, subjectPrefix: 'a|' }, { ...staff, subjectPrefix: 'b|' })).toHaveLength(2);
  });
});
