import type { Middleware } from './invocation.ts';
import { HttpProblem } from './problem.ts';
import type { Route } from './route.ts';

/**
 * Lets a request pass if its caller has the route's scope. Who has it for accounts of his own alone passes only where the route says how it
 * is told which they are; `ownership` sees to the rest.
 */
export function authorisation(): Middleware {
  return {
    before: ({ event }) => {
      const { invocation } = event;
      const { scope, owners }: Route = invocation.route;
      if (scope === 'public') return;
      const reach = invocation.caller?.reach(scope);
      if (reach === undefined || (reach === 'own' && owners === undefined)) {
        const where = reach === 'own' ? ' for the whole tenant' : '';
        throw new HttpProblem('forbidden', `This operation takes the scope ${scope}${where}.`);
      }
      invocation.reach = reach;
    },
  };
}
