import type { Ledger } from '../../lib/dynamodb/index.ts';
import { json, type Operation, weakETag } from '../../lib/http/index.ts';
import { balanceAtOf, balanceOf } from '../../lib/http/representations.ts';

export function getBalance(ledger: Ledger): Operation<'getBalance'> {
  return async ({ path: { accountId, asset }, query: { at }, caller: { tenant }, log }) => {
    log({ accounts: [accountId], asset });
    if (at !== undefined) return json(200, balanceAtOf(await ledger.balances.at(tenant, accountId, asset, at), at));
    const balance = await ledger.balances.get(tenant, accountId, asset);
    // A balance without entries is not stored: its floor may change without a version that tells.
    return json(200, balanceOf(balance), balance.version === 0 ? {} : { etag: weakETag(balance.version) });
  };
}
