import type { Ledger } from '../../lib/dynamodb/index.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import { assetOf } from '../../lib/http/representations.ts';

export function listAssets(ledger: Ledger): Operation<'listAssets'> {
  return async ({ caller }) => json(200, { data: (await ledger.assets.list(caller.tenant)).map(assetOf) });
}
