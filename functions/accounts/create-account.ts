import type { Scope } from '../../lib/auth/index.ts';
import type { Ledger } from '../../lib/dynamodb/index.ts';
import { json, type Operation, requireScope } from '../../lib/http/index.ts';
import { accountLocation, accountOf, floorTexts, limitTexts } from '../../lib/http/representations.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import { type AccountId, generatedAccountId, isOpenedByManagers } from '../../lib/ledger/index.ts';

/** What the credentials must allow beyond the route's own scope, where an account may spend what it does not have. */
const manageScope: Scope = 'accounts:manage';

export function createAccount(ledger: Ledger, once: Once): Operation<'createAccount'> {
  return ({ body, caller, by, log, ...invocation }) => {
    const { tenant } = caller;
    // A generated id has the form of an account id, and follows from the key, so that a retry meets the same account.
    const id = body.id ?? (generatedAccountId(tenant, invocation.key) as AccountId);
    const { unbounded = false, shards, freezes, floors = new Map(), limits, owner, metadata = {} } = body;
    log({ accounts: [id] });
    if (isOpenedByManagers({ unbounded, shards: shards ?? 1, floors })) {
      requireScope(
        caller,
        manageScope,
        'To open an account that is unbounded, spread over shards or has a floor below 0',
      );
    }
    return once({
      ...invocation,
      tenant,
      request: {
        id,
        unbounded,
        floors: floorTexts(floors),
        owner: owner ?? null,
        metadata,
        ...(shards !== undefined && { shards }),
        ...(freezes !== undefined && { freezes }),
        ...(limits !== undefined && { limits: limitTexts(limits) }),
      },
      change: async (keyApplied) => {
        const account = await ledger.accounts.create({
          tenant,
          id,
          unbounded,
          shards,
          freezes,
          floors,
          limits,
          owner,
          metadata,
          keyApplied,
          cause: invocation.cause,
          by,
        });
        return json(201, accountOf(account), { location: accountLocation(id) });
      },
    });
  };
}
