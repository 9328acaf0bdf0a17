import type { Ledger } from '../../lib/dynamodb/index.ts';
import { json, type Operation, weakETag } from '../../lib/http/index.ts';
import { accountOf } from '../../lib/http/representations.ts';

export function getAccount(ledger: Ledger): Operation<'getAccount'> {
  return async ({ path: { accountId }, caller, log }) => {
    log({ accounts: [accountId] });
    const account = await ledger.accounts.get(caller.tenant, accountId);
    return json(200, accountOf(account), { etag: weakETag(account.version) });
  };
}
