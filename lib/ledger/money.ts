import { maxAmountDigits } from './limits.ts';

/** An amount as text: at most 30 digits with an optional minus. */
export const amountPattern = new RegExp(`^-?[0-9]{1,${maxAmountDigits}}$`);

/**
 * Reads an amount in minor units: a string of at most 30 digits with an optional minus, or a JSON integer up to 2^53−1.
 * Returns undefined for everything else, such as a fraction, an exponent, a plus sign or white space. Never a float.
 */
export function parseAmount(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value !== 'string' || !amountPattern.test(value)) return undefined;
  return BigInt(value);
}

/** The text of an amount on the wire and in hashes: decimal digits without leading zeros, a minus when negative. */
export function formatAmount(amount: bigint): string {
  return amount.toString();
}

/** Whether a number has at most this many decimal digits, its sign aside. */
export function fitsDigits(amount: bigint, count: number): boolean {
  const magnitude = amount < 0n ? -amount : amount;
  return magnitude < 10n ** BigInt(count);
}
