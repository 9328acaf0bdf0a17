import type { Ledger } from '../../lib/dynamodb/index.ts';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { pageEnd, pageEndValue } from '../../lib/http/entry-cursor.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import { entryOf } from '../../lib/http/representations.ts';

export function listEntries(ledger: Ledger): Operation<'listEntries'> {
  return async ({ path: { accountId: account }, query: { cursor, limit, ...query }, caller: { tenant }, log }) => {
    log({ accounts: [account] });
    // A cursor goes with everything that says which entries there are and in what order; pages may differ in size.
    const binding = { operation: 'listEntries', tenant, account, ...query };
    const after = cursor === undefined ? undefined : decodeCursor(cursor, binding, pageEnd);
    const { entries, next } = await ledger.entries.page({ tenant, account, ...query, limit, after });
    return json(200, {
      data: entries.map(entryOf),
      ...(next && { nextCursor: encodeCursor(binding, pageEndValue(next)) }),
    });
  };
}
