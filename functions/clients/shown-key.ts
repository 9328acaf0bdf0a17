import type { Answer } from '../../lib/http/index.ts';

/**
 * The answer with a key in it, for the request that made the key and for nobody else: it is never what is kept to be replayed.
 * Undefined where this request made none.
 */
export type Shown = Answer | undefined;

/** What stands in an answer in place of a key that was told already. */
export const keyNote =
  'The key was told once, in the first answer to this request. If it is lost, POST …/rotate-key under a new Idempotency-Key makes another.';
