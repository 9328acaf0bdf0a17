import * as z from 'zod';
import type { Ledger } from '../../lib/dynamodb/index.ts';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { transactionId } from '../../lib/http/fields.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import { waitingOf } from '../../lib/http/line-representations.ts';

/** The end of a page as a cursor carries it. */
const position = z.strictObject({ acceptedAt: z.int().nonnegative(), transaction: transactionId });

export function listPending(ledger: Ledger): Operation<'listPending'> {
  return async ({ path: { accountId: account }, query: { limit, cursor }, caller: { tenant }, ownAccounts, log }) => {
    log({ accounts: [account] });
    const binding = { operation: 'listPending', tenant, account };
    const after = cursor === undefined ? undefined : decodeCursor(cursor, binding, position);
    // The line of an account that does not exist is no empty line.
    const [{ waiting, next }] = await Promise.all([
      ledger.lines.list(tenant, account, limit, after),
      ledger.accounts.get(tenant, account),
    ]);
    return json(200, {
      data: waiting.map(({ pending, accepted }) => waitingOf(pending, accepted, ownAccounts)),
      ...(next && {
        nextCursor: encodeCursor(binding, { acceptedAt: next.acceptedAt, transaction: next.transaction }),
      }),
    });
  };
}
