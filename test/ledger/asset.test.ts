import { describe, expect, it } from '@jest/globals';
import { type AssetCode, parseAssetCode, scaleOf } from '../../lib/ledger/index.ts';

describe('parseAssetCode', () => {
  it.each(['A', 'USD', 'USD/2', 'GOLD_COINS', 'A1_', 'X/0', 'X/18', `A${'B'.repeat(31)}`, `A${'B'.repeat(31)}/99`])(
    'reads %p',
    (text) => {
      expect(parseAssetCode(text)).toBe(text);
    },
  );

  it.each([
    '',
    'usd',
    '1USD',
    '_USD',
    'USD/',
    'USD/123',
    'USD/-1',
    'USD/2/2',
    'USD 2',
    'USD.2',
    'USD#2',
    'USD/2\n',
    ' USD',
    'ÄSD',
    'USD/२',
    `A${'B'.repeat(32)}`,
  ])('refuses %p', (text) => {
    expect(parseAssetCode(text)).toBeUndefined();
  });
});

describe('scaleOf', () => {
  it.each([
    ['GOLD_COINS', 0],
    ['USD/2', 2],
    ['ETH/18', 18],
    ['X/0', 0],
    ['X/08', 8],
  ])('of %p is %p', (code, scale) => {
    expect(scaleOf(code as AssetCode)).toBe(scale);
  });
});
