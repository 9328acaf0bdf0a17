import { InvariantViolation } from './errors.ts';

/**
 * How a fraction of a minor unit becomes a whole one: `half_even` to the nearest, and a half to the even neighbour, so
 * that many roundings favour nobody; `half_up` to the nearest, and a half away from zero; `down` towards zero; `up` away
 * from it.
 */
export const roundings = ['half_even', 'half_up', 'down', 'up'] as const;
export type Rounding = (typeof roundings)[number];

/**
 * The quotient of two integers, rounded. Exact: no digit is lost on the way.
 *
 * @throws InvariantViolation for a negative numerator, or a denominator that is not positive
 */
export function divideRounded(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  if (numerator < 0n || denominator <= 0n) throw new InvariantViolation('only a positive ratio is rounded');
  const whole = numerator / denominator;
  const rest = numerator % denominator;
  if (rest === 0n) return whole;
  switch (rounding) {
    case 'down':
      return whole;
    case 'up':
      return whole + 1n;
    case 'half_up':
      return 2n * rest >= denominator ? whole + 1n : whole;
    case 'half_even': {
      if (2n * rest === denominator) return whole + (whole % 2n);
      return 2n * rest > denominator ? whole + 1n : whole;
    }
  }
}
