import type { Caller, Scope } from '../auth/index.ts';
import { HttpProblem } from './problem.ts';

/**
 * Holds a request to a scope beyond its route's own, which what it asks for takes: "To do this takes the scope …".
 *
 * @throws HttpProblem `forbidden`, which names the scope
 */
export function requireScope(caller: Pick<Caller, 'allows'>, scope: Scope, toDoThis: string): void {
  if (!caller.allows(scope)) throw new HttpProblem('forbidden', `${toDoThis} takes the scope ${scope}.`);
}
