import type { RedactionStore } from '../../lib/dynamodb/index.ts';
import { HttpProblem, json, type Operation, weakETag } from '../../lib/http/index.ts';
import { holdOf } from '../../lib/http/representations.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import { holdStatusAt } from '../../lib/ledger/index.ts';

export function redactHold(redactions: RedactionStore, once: Once): Operation<'redactHold'> {
  return ({ path: { holdId: id }, body: { reason }, caller: { tenant }, by, log, ...invocation }) => {
    log({ holdId: id });
    return once({
      ...invocation,
      tenant,
      request: { id, reason },
      change: async () => {
        const request = { tenant, by, reason, cause: invocation.cause, timeMs: invocation.remainingTimeInMillis() };
        const hold = await redactions.hold(request, id);
        if (!hold) throw new HttpProblem('not_found', 'There is no such hold.');
        const status = holdStatusAt(hold, Date.now());
        return json(200, holdOf({ ...hold, status }), { etag: weakETag(hold.version, status) });
      },
    });
  };
}
