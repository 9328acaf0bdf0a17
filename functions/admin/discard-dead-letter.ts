import { deadLetterOf } from '../../lib/http/dead-letter-representations.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import type { Once } from '../../lib/idempotency/index.ts';
import type { DeadLetterStore } from '../../lib/platform/dead-letter-store.ts';
import { deadLetterNotFound, deadLetterNotOpen } from './dead-letter-problems.ts';
import { requestAsSeenBy, visibleTenants } from './visible-tenants.ts';

export function discardDeadLetter(letters: DeadLetterStore, once: Once): Operation<'discardDeadLetter'> {
  return ({ path: { deadLetterId: id }, body: { reason }, caller, by, ...invocation }) =>
    once({
      ...invocation,
      tenant: caller.tenant,
      request: requestAsSeenBy(caller, { id, reason }),
      change: async (keyApplied) => {
        const letter = await letters.get(visibleTenants(caller), id);
        if (!letter) throw deadLetterNotFound(id);
        const resolution = { by: caller.client, at: Date.now(), reason };
        const result = await letters.resolve(letter, 'discarded', resolution, keyApplied, by);
        if (result.kind === 'not_open') throw deadLetterNotOpen(result.letter);
        return json(200, deadLetterOf(result.letter));
      },
    });
}
