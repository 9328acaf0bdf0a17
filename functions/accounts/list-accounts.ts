import type { Ledger } from '../../lib/dynamodb/index.ts';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { accountId } from '../../lib/http/fields.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import { accountOf } from '../../lib/http/representations.ts';

export function listAccounts(ledger: Ledger): Operation<'listAccounts'> {
  return async ({ query: { limit, cursor }, caller: { tenant } }) => {
    const binding = { operation: 'listAccounts', tenant };
    const after = cursor === undefined ? undefined : decodeCursor(cursor, binding, accountId);
    const { accounts, next } = await ledger.accounts.list(tenant, limit, after);
    return json(200, {
      data: accounts.map(accountOf),
      ...(next !== undefined && { nextCursor: encodeCursor(binding, next) }),
    });
  };
}
