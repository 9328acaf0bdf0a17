import type { RedactionStore } from '../../lib/dynamodb/index.ts';
import { json, type Operation, weakETag } from '../../lib/http/index.ts';
import { accountOf } from '../../lib/http/representations.ts';
import type { Once } from '../../lib/idempotency/index.ts';

export function redactAccount(redactions: RedactionStore, once: Once): Operation<'redactAccount'> {
  return ({ path: { accountId: id }, body: { reason, owner }, caller: { tenant }, by, log, ...invocation }) => {
    log({ accounts: [id] });
    return once({
      ...invocation,
      tenant,
      request: { id, reason, owner },
      change: async (keyApplied) => {
        const { cause } = invocation;
        const request = { tenant, by, reason, owner, keyApplied, cause, timeMs: invocation.remainingTimeInMillis() };
        const account = await redactions.account(request, id);
        return json(200, accountOf(account), { etag: weakETag(account.version) });
      },
    });
  };
}
