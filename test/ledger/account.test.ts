import { describe, expect, it } from '@jest/globals';
import { type AssetCode, floorOf, parseAccountId, parseTenantId } from '../../lib/ledger/index.ts';
import { busyMachineMs } from '../support/until.ts';

describe('parseAccountId', () => {
  it.each(['a', 'user_001', 'system:treasury', 'A-b_c:9', 'a:b:c:d', '-', '_', '0', 'x'.repeat(128)])(
    'reads %p',
    (text) => {
      expect(parseAccountId(text)).toBe(text);
    },
  );

  it.each(['', ':', 'a:', ':a', 'a::b', 'a b', 'a#b', 'a/b', 'a.b', 'a\n', 'ä', 'a\u0000', 'a%3Ab', 'x'.repeat(129)])(
    'refuses %p',
    (text) => {
      expect(parseAccountId(text)).toBeUndefined();
    },
  );

  it('refuses a long hostile name at once', () => {
    const before = performance.now();
    // A pattern that tries all ways to part a name would not come to an end.
    for (const hostile of ['a:'.repeat(1_000_000), 'a'.repeat(1_000_000), 'a:'.repeat(63), 'a'.repeat(127)]) {
      expect(parseAccountId(`${hostile}!`)).toBeUndefined();
    }
    expect(performance.now() - before).toBeLessThan(busyMachineMs);
  });
});

describe('parseTenantId', () => {
  it.each(['default', 'T-1_x', 'x'.repeat(64)])('reads %p', (text) => {
    expect(parseTenantId(text)).toBe(text);
  });

  it.each(['', 'a#b', 'a:b', 'a b', 'ä', 'a\n', 'x'.repeat(65)])('refuses %p', (text) => {
    expect(parseTenantId(text)).toBeUndefined();
  });
});

describe('floorOf', () => {
  const usd = 'USD/2' as AssetCode;
  const gold = 'GOLD_COINS' as AssetCode;

  it('is 0 unless the account says otherwise for the asset', () => {
    const account = { unbounded: false, floors: new Map([[usd, -500n]]) };
    expect(floorOf(account, usd)).toBe(-500n);
    expect(floorOf(account, gold)).toBe(0n);
  });

  it('does not exist on an unbounded account', () => {
    expect(floorOf({ unbounded: true, floors: new Map() }, usd)).toBeNull();
  });
});
