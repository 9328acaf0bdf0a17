import * as z from 'zod';
import type { Ledger, PageEnd } from '../../lib/dynamodb/index.ts';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { assetCode } from '../../lib/http/fields.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import { entryOf } from '../../lib/http/representations.ts';
import { type CanonicalValue, maxShards } from '../../lib/ledger/index.ts';

const shard = z
  .int()
  .min(0)
  .max(maxShards - 1);
const place = { createdAt: z.int().nonnegative(), shard, sequence: z.int().positive() };
const position = z.union([
  z.strictObject({ ...place, asset: assetCode }),
  z.array(z.tuple([place.shard, place.createdAt, place.sequence])).max(maxShards),
]);

/** Positions on many shards are written without their names, since a cursor stands in a URL. */
function positionOf(end: PageEnd): CanonicalValue {
  if (!('length' in end)) return { ...end };
  return end.map(({ shard: of, createdAt, sequence }) => [of, createdAt, sequence]);
}

function pageEnd(found: z.output<typeof position>): PageEnd {
  if (!('length' in found)) return found;
  return found.map(([of, createdAt, sequence]) => ({ shard: of, createdAt, sequence }));
}

export function listEntries(ledger: Ledger): Operation<'listEntries'> {
  return async ({ path: { accountId: account }, query: { cursor, limit, ...query }, caller: { tenant }, log }) => {
    log({ accounts: [account] });
    // A cursor goes with everything that says which entries there are and in what order; pages may differ in size.
    const binding = { operation: 'listEntries', tenant, account, ...query };
    const after = cursor === undefined ? undefined : pageEnd(decodeCursor(cursor, binding, position));
    const { entries, next } = await ledger.entries.page({ tenant, account, ...query, limit, after });
    return json(200, {
      data: entries.map(entryOf),
      ...(next && { nextCursor: encodeCursor(binding, positionOf(next)) }),
    });
  };
}
