import { type Authenticator, presentedKey } from '../auth/index.ts';
import type { Middleware } from './invocation.ts';
import { HttpProblem } from './problem.ts';
import type { Route } from './route.ts';

/**
 * Lets a request pass if its credentials are known and allow the route's scope.
 * It runs before anything of the request is read, so that strangers learn nothing but that they are strangers.
 */
export function access(authenticate: Authenticator): Middleware {
  return {
    before: ({ event }) => {
      const { invocation } = event;
      const route: Route = invocation.route;
      if (route.scope === 'public') return;
      const key = presentedKey(event.headers);
      const caller = key === undefined ? undefined : authenticate(key);
      if (!caller) {
        throw new HttpProblem('unauthenticated', undefined, {}, { 'WWW-Authenticate': 'Bearer realm="florin"' });
      }
      if (!caller.allows(route.scope)) throw new HttpProblem('forbidden');
      invocation.caller = caller;
    },
  };
}
