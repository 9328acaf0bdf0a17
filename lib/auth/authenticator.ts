import type { Caller } from './caller.ts';

/**
 * Finds the caller that a credential belongs to, be it an API key or a token; undefined for one that is not known, not valid (any more or
 * yet), or of another kind.
 *
 * @throws LedgerError `unavailable` where that cannot be found out now
 */
export type Authenticator = (credential: string) => Promise<Caller | undefined>;

/** Asks one after the other. */
export function firstOf(...authenticators: readonly Authenticator[]): Authenticator {
  return async (credential) => {
    for (const authenticate of authenticators) {
      const caller = await authenticate(credential);
      if (caller) return caller;
    }
    return undefined;
  };
}
