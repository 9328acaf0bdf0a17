import { type AssetCode, scaleOf } from './asset.ts';
import type { Posting } from './posting.ts';
import { divideRounded, type Rounding } from './rounding.ts';

/** A rate as text: a decimal number, at most 12 digits before the point and 18 behind it. */
export const ratePattern = /^(0|[1-9][0-9]{0,11})(\.[0-9]{1,18})?$/;

/** What one asset was exchanged for another at. A transaction's amounts are held to it, and its record keeps it. */
export interface Exchange {
  readonly sell: AssetCode;
  readonly buy: AssetCode;
  /** Major units of `buy` for one major unit of `sell`, as it was given: dollars and euros, not cents. */
  readonly rate: string;
  readonly rounding: Rounding;
}

/** A fault of an exchange, and where it is: at the exchange's own field of this name, or at the postings. */
export interface ExchangeFault {
  readonly at: 'buy' | 'rate' | 'postings';
  readonly detail: string;
}

/** What an amount of one asset comes to in the other, in minor units of that; exact but for the rounding named. */
export function exchanged({ sell, buy, rate, rounding }: Exchange, amount: bigint): bigint {
  const [whole = '', fraction = ''] = rate.split('.');
  const numerator = amount * BigInt(whole + fraction) * 10n ** BigInt(scaleOf(buy));
  return divideRounded(numerator, 10n ** BigInt(fraction.length + scaleOf(sell)), rounding);
}

/**
 * What is wrong with an exchange, if anything is. Just one posting moves the asset sold and just one the asset bought,
 * and the second moves exactly what the first comes to. Postings of other assets are free.
 */
export function faultOfExchange(exchange: Exchange, postings: readonly Posting[]): ExchangeFault | undefined {
  const { sell, buy, rate } = exchange;
  if (sell === buy) return { at: 'buy', detail: 'another asset than the one that is sold' };
  if (!/[1-9]/.test(rate)) return { at: 'rate', detail: 'more than zero' };
  const amounts: bigint[] = [];
  for (const asset of [sell, buy]) {
    const moving = postings.filter((posting) => posting.asset === asset);
    if (moving.length !== 1 || !moving[0]) {
      return { at: 'postings', detail: `an exchange has one posting of ${asset}, not ${moving.length}` };
    }
    amounts.push(moving[0].amount);
  }
  const [sold = 0n, bought = 0n] = amounts;
  const due = exchanged(exchange, sold);
  if (bought === due) return undefined;
  const detail = `${sold} of ${sell} at ${rate} come to ${due} of ${buy}, not ${bought}`;
  return { at: 'rate', detail };
}
