import { HttpProblem } from '../../lib/http/index.ts';
import type { DeadLetter } from '../../lib/platform/dead-letter.ts';
import type { DeadLetterId } from '../../lib/platform/dead-letter-id.ts';

export function deadLetterNotFound(id: DeadLetterId): HttpProblem {
  return new HttpProblem('not_found', `There is no dead letter ${id}.`);
}

/** Somebody has seen to it before. */
export function deadLetterNotOpen({ status }: DeadLetter): HttpProblem {
  return new HttpProblem('dead_letter_not_open', `The dead letter was ${status} before.`);
}
