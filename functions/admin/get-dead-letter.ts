import { deadLetterOf } from '../../lib/http/dead-letter-representations.ts';
import { json, type Operation, weakETag } from '../../lib/http/index.ts';
import type { DeadLetterStore } from '../../lib/platform/dead-letter-store.ts';
import { deadLetterNotFound } from './dead-letter-problems.ts';
import { visibleTenants } from './visible-tenants.ts';

export function getDeadLetter(letters: DeadLetterStore): Operation<'getDeadLetter'> {
  return async ({ path: { deadLetterId }, caller }) => {
    const letter = await letters.get(visibleTenants(caller), deadLetterId);
    if (!letter) throw deadLetterNotFound(deadLetterId);
    // What can change of it: a note that comes late, and what is done about it.
    return json(200, deadLetterOf(letter), { etag: weakETag(letter.lastFailureAt, letter.status) });
  };
}
