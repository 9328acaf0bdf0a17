import { readFileSync } from 'node:fs';
import * as z from 'zod';

/** The price list the page is computed from, with a source for each price. */
export const pricesFile = new URL('../../docs/reference/prices.json', import.meta.url);

const price = z.strictObject({
  usd: z.number().positive(),
  /** How many units `usd` buys. */
  per: z.number().int().positive(),
  unit: z.string().min(1),
  source: z.url(),
  /** When the source says so: a day, a month or a year; or `undated`. */
  sourceDate: z.string().regex(/^(\d{4}(-\d{2}){0,2}|undated)$/),
  basis: z.string().min(1),
});

const priceNames = [
  'dynamodbWriteUnit',
  'dynamodbReadUnit',
  'dynamodbStorage',
  'dynamodbRecovery',
  'dynamodbRestore',
  'dynamodbStreamRead',
  'apiGatewayRequest',
  'lambdaRequest',
  'lambdaArmGigabyteSecond',
  'sqsFifoRequest',
  'snsFifoPublish',
  'logIngestion',
  'logStorage',
  'traceRecorded',
  'transferOut',
] as const;

export type PriceName = (typeof priceNames)[number];
export type Price = z.output<typeof price>;

const priceList = z.strictObject({
  region: z.string(),
  currency: z.literal('USD'),
  /** The newest date a price was looked up for. */
  asOf: z.iso.date(),
  prices: z.record(z.enum(priceNames), price),
});

export type PriceList = z.output<typeof priceList>;

/** Reads the price list. @throws ZodError where a price or its source is missing */
export function readPrices(): PriceList {
  return priceList.parse(JSON.parse(readFileSync(pricesFile, 'utf8')));
}

/** What so many units cost, in dollars. */
export function costOf({ prices }: PriceList, name: PriceName, units: number): number {
  const { usd, per } = prices[name];
  return (units * usd) / per;
}
