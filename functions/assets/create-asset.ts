import type { Ledger } from '../../lib/dynamodb/index.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import { assetOf } from '../../lib/http/representations.ts';
import type { Once } from '../../lib/idempotency/index.ts';

export function createAsset(ledger: Ledger, once: Once): Operation<'createAsset'> {
  return ({ body: { code, name }, caller: { tenant }, by, log, ...invocation }) => {
    log({ asset: code });
    return once({
      ...invocation,
      tenant,
      request: { code, name: name ?? null },
      change: async (keyApplied) =>
        json(201, assetOf(await ledger.assets.create({ tenant, code, name, keyApplied, by }))),
    });
  };
}
