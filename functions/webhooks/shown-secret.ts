import type { Answer } from '../../lib/http/index.ts';

/**
 * The answer with a secret in it, for the request that made the secret and for nobody else: it is never what is kept to be replayed.
 * Undefined where this request made none.
 */
export type Shown = Answer | undefined;

/** What stands in an answer in place of a secret that was told already. */
export const secretNote =
  'The secret was told once, in the first answer to this request. If it is lost, POST …/rotate-secret under a new key makes another.';
