import type { Ledger } from '../../lib/dynamodb/index.ts';
import { json, type Operation, weakETag } from '../../lib/http/index.ts';
import { accountOf, floorTexts, limitChangeTexts } from '../../lib/http/representations.ts';
import type { Once } from '../../lib/idempotency/index.ts';

export function updateAccount(ledger: Ledger, once: Once): Operation<'updateAccount'> {
  return ({ path: { accountId: id }, body, caller: { tenant }, by, log, ...invocation }) => {
    const { status, freezes, shards, floors, limits, owner, metadata } = body;
    log({ accounts: [id] });
    return once({
      ...invocation,
      tenant,
      // An absent field differs from null, which resets, so only what is there is part of the request.
      request: {
        id,
        ...(status !== undefined && { status }),
        ...(freezes !== undefined && { freezes }),
        ...(shards !== undefined && { shards }),
        ...(floors !== undefined && { floors: floorTexts(floors) }),
        ...(limits !== undefined && { limits: limitChangeTexts(limits) }),
        ...(owner !== undefined && { owner }),
        ...(metadata !== undefined && { metadata }),
      },
      change: async (keyApplied) => {
        const account = await ledger.accounts.update({
          tenant,
          id,
          patch: body,
          keyApplied,
          cause: invocation.cause,
          by,
        });
        return json(200, accountOf(account), { etag: weakETag(account.version) });
      },
    });
  };
}
