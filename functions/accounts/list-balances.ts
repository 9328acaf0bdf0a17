import type { Ledger } from '../../lib/dynamodb/index.ts';
import { json, type Operation, weakETag } from '../../lib/http/index.ts';
import { balanceOf } from '../../lib/http/representations.ts';
import { digestOf } from '../../lib/ledger/index.ts';

/** Hexadecimal digits of the validator: two lists of versions share one by chance never. */
const etagLength = 32;

export function listBalances(ledger: Ledger): Operation<'listBalances'> {
  return async ({ path: { accountId }, caller, log }) => {
    log({ accounts: [accountId] });
    const { balances } = await ledger.balances.list(caller.tenant, accountId);
    const versions = balances.map(({ asset, version }) => [asset, version]);
    return json(200, { data: balances.map(balanceOf) }, { etag: weakETag(digestOf(versions).slice(0, etagLength)) });
  };
}
