import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { majorText, readAmount, readAsset } from '../../cli/amount.ts';
import type { AssetCode } from '../../lib/ledger/index.ts';
import { check } from '../support/property.ts';

const usd = 'USD/2' as AssetCode;
const coins = 'GOLD_COINS' as AssetCode;

const scaled = fc.integer({ min: 0, max: 99 }).map((scale) => `X/${scale}` as AssetCode);
const largest = 10n ** 30n - 1n;
const amounts = fc.bigInt({ min: -largest, max: largest });

describe('readAmount', () => {
  it.each([
    ['1050', usd, 1050n],
    ['10.50', usd, 1050n],
    ['10.5', usd, 1050n],
    ['0.01', usd, 1n],
    ['-0.05', usd, -5n],
    ['007', usd, 7n],
    ['1000', coins, 1000n],
    [`${'9'.repeat(28)}.99`, usd, largest],
    ['0.000000000000000001', 'ETH/18' as AssetCode, 1n],
    [`0.${'0'.repeat(98)}7`, 'X/99' as AssetCode, 7n],
  ])('reads %s of %s', (text, asset, amount) => {
    expect(readAmount(text, asset)).toBe(amount);
  });

  it.each([
    ['10.505', usd, 'has 3 decimals, and USD/2 has 2'],
    ['5.0', coins, 'has 1 decimals, and GOLD_COINS has none'],
    ['', usd, 'is not an amount'],
    ['.5', usd, 'is not an amount'],
    ['5.', usd, 'is not an amount'],
    ['1,50', usd, 'is not an amount'],
    ['1e3', usd, 'is not an amount'],
    ['+5', usd, 'is not an amount'],
    [' 5', usd, 'is not an amount'],
    ['5\n', usd, 'is not an amount'],
    ['--5', usd, 'is not an amount'],
    ['1.2.3', usd, 'is not an amount'],
    ['1'.repeat(31), usd, 'is not an amount'],
    [`${'9'.repeat(29)}.00`, usd, 'is not an amount'],
    ['٣', usd, 'is not an amount'],
  ])('refuses %j of %s', (text, asset, message) => {
    expect(() => readAmount(text, asset)).toThrow(message);
  });

  it('reads back what majorText writes, whatever the scale', () => {
    check(
      fc.property(amounts, scaled, (amount, asset) => {
        expect(readAmount(majorText(amount, asset), asset)).toBe(amount);
      }),
    );
  });

  it('takes digits for minor units, whatever the scale', () => {
    check(
      fc.property(amounts, scaled, (amount, asset) => {
        expect(readAmount(amount.toString(), asset)).toBe(amount);
      }),
    );
  });

  it('reads any decimals that the asset has as the exact fraction, and refuses every one more', () => {
    const decimals = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 20 });
    check(
      fc.property(fc.bigInt({ min: 0n, max: 999_999_999n }), decimals, fc.nat(20), (whole, digits, scale) => {
        const asset = `X/${scale}` as AssetCode;
        const text = `${whole}.${digits.join('')}`;
        if (digits.length > scale) {
          expect(() => readAmount(text, asset)).toThrow('Nothing is rounded');
        } else {
          const unit = 10n ** BigInt(digits.length);
          // amount / 10^scale = (whole × unit + digits) / unit, multiplied out so that no fraction is needed
          expect(readAmount(text, asset) * unit).toBe((whole * unit + BigInt(digits.join(''))) * 10n ** BigInt(scale));
        }
      }),
    );
  });
});

describe('majorText', () => {
  it.each([
    [1050n, usd, '10.50'],
    [-5n, usd, '-0.05'],
    [0n, usd, '0.00'],
    [0n, coins, '0'],
    [-1000n, coins, '-1000'],
    [100n, 'X/2' as AssetCode, '1.00'],
  ])('writes %s of %s', (amount, asset, text) => {
    expect(majorText(amount, asset)).toBe(text);
  });
});

describe('readAsset', () => {
  it('takes the slash as a dot, too', () => {
    expect(readAsset('USD.2')).toBe('USD/2');
  });

  it.each(['usd/2', 'USD/', 'USD/200', '', 'USD/2/3', 'USD..2'])('refuses %j', (text) => {
    expect(() => readAsset(text)).toThrow('is not an asset code');
  });
});
