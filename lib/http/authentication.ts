import { presentedCredential } from '../auth/credentials.ts';
import type { Authenticator } from '../auth/index.ts';
import type { Middleware } from './invocation.ts';
import { HttpProblem } from './problem.ts';
import { isRepeated } from './repeated-headers.ts';

/**
 * Finds out whose request it is, and refuses that of a stranger.
 *
 * It runs before anything else of the request is read, so that strangers learn nothing but that they are strangers.
 */
export function authentication(authenticate: Authenticator): Middleware {
  return {
    before: async ({ event }) => {
      const { invocation } = event;
      if (invocation.route.scope === 'public') return;
      const isAmbiguous = isRepeated(event, 'authorization') || isRepeated(event, 'x-api-key');
      const credential = isAmbiguous ? undefined : presentedCredential(event.headers);
      const caller = credential === undefined ? undefined : await authenticate(credential);
      if (!caller) {
        throw new HttpProblem('unauthenticated', undefined, {}, { 'WWW-Authenticate': challenge(credential) });
      }
      // Known from here on: the line in the log says whose request it was, whatever becomes of it.
      invocation.caller = caller;
    },
  };
}

/** The same for whatever is wrong with a credential, which is for the log to say. Source: RFC 6750, section 3. */
function challenge(credential: string | undefined): string {
  return `Bearer realm="florin"${credential === undefined ? '' : ', error="invalid_token"'}`;
}
