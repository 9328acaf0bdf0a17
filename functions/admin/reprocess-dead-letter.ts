import { deadLetterOf } from '../../lib/http/dead-letter-representations.ts';
import { HttpProblem, json, type Operation } from '../../lib/http/index.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import type { Reprocessing } from '../../lib/platform/reprocessing.ts';
import { deadLetterNotFound, deadLetterNotOpen } from './dead-letter-problems.ts';
import { requestAsSeenBy, visibleTenants } from './visible-tenants.ts';

export function reprocessDeadLetter(reprocessing: Reprocessing, once: Once): Operation<'reprocessDeadLetter'> {
  return ({ path: { deadLetterId: id }, caller, by, ...invocation }) =>
    once({
      ...invocation,
      tenant: caller.tenant,
      request: requestAsSeenBy(caller, { id }),
      change: async (keyApplied) => {
        const resolving = { by, keyApplied, cause: invocation.cause };
        const result = await reprocessing.reprocess(visibleTenants(caller), id, resolving);
        switch (result.kind) {
          case 'reprocessed':
            return json(200, deadLetterOf(result.letter));
          case 'not_found':
            throw deadLetterNotFound(id);
          case 'not_open':
            throw deadLetterNotOpen(result.letter);
          case 'not_reprocessable':
            throw new HttpProblem('not_reprocessable', result.detail);
        }
      },
    });
}
