import type { RedactionStore } from '../../lib/dynamodb/index.ts';
import { HttpProblem, json, type Operation } from '../../lib/http/index.ts';
import { transactionOf } from '../../lib/http/line-representations.ts';
import type { Once } from '../../lib/idempotency/index.ts';

const waits = 'The transaction waits in a line; when it has had its turn, it can be redacted.';

export function redactTransaction(redactions: RedactionStore, once: Once): Operation<'redactTransaction'> {
  return ({ path: { transactionId: id }, body: { reason }, caller: { tenant }, by, log, ...invocation }) => {
    log({ transactionId: id });
    return once({
      ...invocation,
      tenant,
      request: { id, reason },
      change: async () => {
        const request = { tenant, by, reason, cause: invocation.cause, timeMs: invocation.remainingTimeInMillis() };
        const record = await redactions.transaction(request, id);
        if (record === 'pending') throw new HttpProblem('in_progress', waits);
        const transaction = record && transactionOf(id, record, undefined);
        if (!transaction) throw new HttpProblem('not_found', 'There is no such transaction.');
        return json(200, transaction);
      },
    });
  };
}
