import * as z from 'zod';
import type { PageEnd } from '../dynamodb/index.ts';
import { type CanonicalValue, maxShards } from '../ledger/index.ts';
import { assetCode } from './fields.ts';

const shard = z
  .int()
  .min(0)
  .max(maxShards - 1);
const createdAt = z.int().nonnegative();
const sequence = z.int().positive();

/** The end of a page of entries as a cursor carries it. */
export const pageEnd = z.union([
  z.strictObject({ createdAt, asset: assetCode, shard, sequence }),
  z
    .array(z.tuple([shard, createdAt, sequence]))
    .max(maxShards)
    .transform((ends) => ends.map(([of, time, last]) => ({ shard: of, createdAt: time, sequence: last }))),
]);

/** Ends on many shards are written without names, since a cursor stands in a URL. */
export function pageEndValue(end: PageEnd): CanonicalValue {
  if ('asset' in end) return { ...end };
  return end.map((one) => [one.shard, one.createdAt, one.sequence]);
}
