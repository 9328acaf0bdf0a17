import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fitsDigits, formatAmount, parseAmount } from '../../lib/ledger/index.ts';
import { check } from '../support/property.ts';

const largest = '9'.repeat(30);

describe('parseAmount', () => {
  it.each([
    ['0', 0n],
    ['7', 7n],
    ['-7', -7n],
    ['007', 7n],
    ['-0', 0n],
    [largest, 10n ** 30n - 1n],
    [`-${largest}`, 1n - 10n ** 30n],
    [0, 0n],
    [-3, -3n],
    [Number.MAX_SAFE_INTEGER, 2n ** 53n - 1n],
  ])('reads %p', (value, amount) => {
    expect(parseAmount(value)).toBe(amount);
  });

  it.each([
    '',
    '-',
    '+1',
    '1.0',
    '1e3',
    ' 1',
    '1 ',
    '1\n',
    '0x10',
    '1_000',
    '١٢٣',
    '--1',
    `1${largest}`,
    2 ** 53,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    undefined,
    true,
    5n,
    ['1'],
    {},
  ])('refuses %p', (value) => {
    expect(parseAmount(value)).toBeUndefined();
  });

  it('reads back every amount that was formatted, exactly', () => {
    const bound = 10n ** 30n - 1n;
    check(
      fc.property(fc.bigInt(-bound, bound), (amount) => {
        const text = formatAmount(amount);
        expect(text).toMatch(/^(0|-?[1-9][0-9]*)$/);
        expect(parseAmount(text)).toBe(amount);
      }),
    );
  });
});

describe('fitsDigits', () => {
  it.each([
    [0n, 1, true],
    [9n, 1, true],
    [10n, 1, false],
    [-9n, 1, true],
    [-10n, 1, false],
    [10n ** 36n - 1n, 36, true],
    [10n ** 36n, 36, false],
    [-(10n ** 36n), 36, false],
  ])('of %p in %p digits is %p', (amount, count, fits) => {
    expect(fitsDigits(amount, count)).toBe(fits);
  });

  it('counts the digits that are written', () => {
    check(
      fc.property(fc.bigInt(-(10n ** 40n), 10n ** 40n), fc.integer({ min: 1, max: 41 }), (amount, count) => {
        expect(fitsDigits(amount, count)).toBe(formatAmount(amount).replace('-', '').length <= count);
      }),
    );
  });
});
