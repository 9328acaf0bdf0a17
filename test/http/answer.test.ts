import { describe, expect, it } from '@jest/globals';
import { matchesETag, weakETag } from '../../lib/http/answer.ts';
import { basePathOf, fullPathOf } from '../../lib/http/base-path.ts';
import { correlationIdOf } from '../../lib/http/correlation-id.ts';

describe('matchesETag', () => {
  const etag = weakETag(7);

  it.each(['W/"7"', '"7"', '*', 'W/"6", W/"7"', '"a","7"', ' W/"7" '])('knows it in %s', (header) => {
    expect(matchesETag(header, etag)).toBe(true);
  });

  it.each([undefined, '', 'W/"70"', '7', '"6"', 'w/"7"'])('does not know it in %s', (header) => {
    expect(matchesETag(header, etag)).toBe(false);
  });
});

describe('basePathOf', () => {
  const event = (full: string, resource: string) => ({ path: '/unused', resource, requestContext: { path: full } });

  it.each([
    ['/v1/transfers', '/v1/transfers', ''],
    ['/dev/v1/transfers', '/v1/transfers', '/dev'],
    ['/a/b/v1/accounts/alice/deposits', '/v1/accounts/{accountId}/deposits', '/a/b'],
    ['/v1/accounts/v1/accounts/alice', '/v1/accounts/{accountId}', '/v1/accounts'],
    ['/dev/v1/accounts/v1/balances/USD.2', '/v1/accounts/{accountId}/balances/{asset}', '/dev'],
    ['/health', '/v1/transfers', ''],
  ])('of %s for %s is "%s"', (full, resource, expected) => {
    expect(basePathOf(event(full, resource))).toBe(expected);
  });

  it('falls back on the path where the context has none', () => {
    expect(fullPathOf({ path: '/v1/assets', resource: '/v1/assets', requestContext: {} })).toBe('/v1/assets');
  });
});

describe('correlationIdOf', () => {
  it('takes what is visible and bounded', () => {
    expect(correlationIdOf('order-7/retry:1')).toBe('order-7/retry:1');
    expect(correlationIdOf('x'.repeat(128))).toBe('x'.repeat(128));
  });

  it.each([undefined, '', 'a b', 'a\nb', 'é', 'x'.repeat(129)])('makes one in place of %j', (sent) => {
    expect(correlationIdOf(sent)).toMatch(/^[0-9a-f-]{36}$/);
  });
});
