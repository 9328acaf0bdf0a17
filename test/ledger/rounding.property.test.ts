import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { divideRounded, InvariantViolation, type Rounding } from '../../lib/ledger/index.ts';
import { parameters } from '../support/property.ts';

const numerator = fc.bigInt(0n, 10n ** 40n);
const denominator = fc.oneof(fc.bigInt(1n, 20n), fc.bigInt(1n, 10n ** 20n));

describe('divideRounded', () => {
  it.each<[Rounding, bigint[]]>([
    // 0/4 … 8/4: two halves, one after an even and one after an odd whole.
    ['half_even', [0n, 0n, 0n, 1n, 1n, 1n, 2n, 2n, 2n]],
    ['half_up', [0n, 0n, 1n, 1n, 1n, 1n, 2n, 2n, 2n]],
    ['down', [0n, 0n, 0n, 0n, 1n, 1n, 1n, 1n, 2n]],
    ['up', [0n, 1n, 1n, 1n, 1n, 2n, 2n, 2n, 2n]],
  ])('%s of quarters', (rounding, expected) => {
    expect(expected.map((_, quarters) => divideRounded(BigInt(quarters), 4n, rounding))).toEqual(expected);
  });

  it('is the nearest whole number, and the even one of two that are equally near', () => {
    fc.assert(
      fc.property(numerator, denominator, (n, d) => {
        const rounded = divideRounded(n, d, 'half_even');
        // Twice the distance, in units of one d-th: no division, so nothing of the function is repeated here.
        const twice = 2n * (rounded * d - n);
        const distance = twice < 0n ? -twice : twice;
        expect(distance <= d).toBe(true);
        if (distance === d) expect(rounded % 2n).toBe(0n);
      }),
      parameters(500),
    );
  });

  it('rounds down to what fits, up to what covers, and half up to the larger of two that are equally near', () => {
    fc.assert(
      fc.property(numerator, denominator, (n, d) => {
        const down = divideRounded(n, d, 'down');
        const up = divideRounded(n, d, 'up');
        const halfUp = divideRounded(n, d, 'half_up');
        expect(down * d <= n && n < (down + 1n) * d).toBe(true);
        expect(up * d >= n && n > (up - 1n) * d).toBe(true);
        expect((2n * halfUp - 1n) * d <= 2n * n && 2n * n < (2n * halfUp + 1n) * d).toBe(true);
      }),
      parameters(500),
    );
  });

  it.each([
    [-1n, 1n],
    [1n, 0n],
    [1n, -1n],
  ])('refuses %s / %s', (n, d) => {
    expect(() => divideRounded(n, d, 'half_even')).toThrow(InvariantViolation);
  });
});
