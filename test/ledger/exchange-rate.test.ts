import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type AssetCode,
  type Exchange,
  exchanged,
  faultOfExchange,
  LedgerError,
  type Rounding,
  ratePattern,
} from '../../lib/ledger/index.ts';
import { parameters } from '../support/property.ts';
import { commandOf, posting } from './state-fixture.ts';

function exchangeOf(sell: string, buy: string, rate: string, rounding: Rounding = 'half_even'): Exchange {
  return { sell: sell as AssetCode, buy: buy as AssetCode, rate, rounding };
}

describe('exchanged', () => {
  it.each<[string, Exchange, bigint, bigint]>([
    ['cents to cents', exchangeOf('USD/2', 'EUR/2', '0.9213'), 10_000n, 9_213n],
    ['cents to whole yen', exchangeOf('USD/2', 'JPY', '149.5'), 10_000n, 14_950n],
    ['whole yen to cents', exchangeOf('JPY', 'USD/2', '0.0067'), 1_000n, 670n],
    ['dollars to satoshi', exchangeOf('USD/2', 'BTC/8', '0.000011'), 100n, 1_100n],
    ['half to even', exchangeOf('USD/2', 'EUR/2', '0.5'), 5n, 2n],
    ['half up', exchangeOf('USD/2', 'EUR/2', '0.5', 'half_up'), 5n, 3n],
    ['down', exchangeOf('USD/2', 'EUR/2', '0.99', 'down'), 1n, 0n],
    ['up', exchangeOf('USD/2', 'EUR/2', '0.01', 'up'), 1n, 1n],
  ])('%s', (_, exchange, amount, expected) => {
    expect(exchanged(exchange, amount)).toBe(expected);
  });

  it('is within one minor unit of the exact product, whatever scales and rounding', () => {
    const scale = fc.integer({ min: 0, max: 18 });
    const rate = fc.tuple(fc.bigInt(0n, 10n ** 12n - 1n), fc.stringMatching(/^[0-9]{1,18}$/));
    const rounding = fc.constantFrom<Rounding>('half_even', 'half_up', 'down', 'up');
    fc.assert(
      fc.property(scale, scale, rate, rounding, fc.bigInt(1n, 10n ** 30n), (from, to, [whole, part], mode, amount) => {
        const got = exchanged(exchangeOf(`A/${from}`, `B/${to}`, `${whole}.${part}`, mode), amount);
        // Both sides multiplied by all powers of ten there are.
        const unit = 10n ** BigInt(from + part.length);
        const exact = amount * (whole * 10n ** BigInt(part.length) + BigInt(part)) * 10n ** BigInt(to);
        const error = got * unit - exact;
        expect(-unit < error && error < unit).toBe(true);
        if (mode === 'down') expect(error <= 0n).toBe(true);
        if (mode === 'up') expect(error >= 0n).toBe(true);
        if (mode.startsWith('half')) expect(2n * (error < 0n ? -error : error) <= unit).toBe(true);
      }),
      parameters(500),
    );
  });
});

describe('faultOfExchange', () => {
  const exchange = exchangeOf('USD/2', 'EUR/2', '0.9213');
  const sold = posting('alice', 'desk', 10_000n);
  const bought = posting('desk', 'alice', 9_213n, 'EUR/2');

  it('finds nothing wrong with amounts that the rate says, beside postings of other assets', () => {
    expect(faultOfExchange(exchange, [sold, bought])).toBeUndefined();
    expect(faultOfExchange(exchange, [posting('alice', 'desk', 1n, 'GOLD'), bought, sold])).toBeUndefined();
  });

  it.each<[string, Exchange, ReturnType<typeof posting>[], string]>([
    ['one unit more', exchange, [sold, { ...bought, amount: 9_214n }], 'rate'],
    ['one unit less', exchange, [sold, { ...bought, amount: 9_212n }], 'rate'],
    ['nothing sold', exchange, [bought], 'postings'],
    ['nothing bought', exchange, [sold], 'postings'],
    ['two that sell', exchange, [sold, sold, bought], 'postings'],
    ['one asset for itself', exchangeOf('USD/2', 'USD/2', '1'), [sold], 'buy'],
    ['a rate of nothing', exchangeOf('USD/2', 'EUR/2', '0.00'), [sold, bought], 'rate'],
  ])('finds %s', (_, wanted, postings, at) => {
    expect(faultOfExchange(wanted, postings)).toMatchObject({ at });
  });

  it('is asked before anything else is done with a request, and the exchange is a part of the request', () => {
    const postings = [sold, bought];
    expect(() => commandOf(postings, { exchange: { ...exchange, rate: '0.9' } })).toThrow(LedgerError);
    const hashes = [{}, { exchange }, { exchange: { ...exchange, rounding: 'down' as const } }].map(
      (rest) => commandOf(postings, rest).requestHash,
    );
    expect(new Set(hashes).size).toBe(3);
  });
});

describe('ratePattern', () => {
  it.each(['1', '0.9213', '149.5', '999999999999.000000000000000001'])('takes %s', (rate) => {
    expect(rate).toMatch(ratePattern);
  });

  it.each(['', '01', '1.', '.5', '-1', '+1', '1e3', '1,5', '1234567890123', '0.1234567890123456789', '٣'])(
    'does not take "%s"',
    (rate) => {
      expect(rate).not.toMatch(ratePattern);
    },
  );
});
