import { type FlagReader, flagsMaxAgeMs, forbiddenBy } from '../config/flags.ts';
import type { Middleware } from './invocation.ts';
import { HttpProblem } from './problem.ts';
import { isMutation, type Route } from './route.ts';

const retryHeaders = { 'Retry-After': String(flagsMaxAgeMs / 1_000) };

/**
 * Refuses, as `unavailable`, what an operator has switched off: every change, or a single operation that makes one.
 * Nothing has been read or written then, so a stored answer is not replayed either, and the key may be used again.
 *
 * Reads ask nothing. A change asks for the flags, which costs one call per instance and minute: a switch that takes
 * effect without a deployment needs some look at something outside, and a minute is short enough for those who throw it.
 */
export function featureFlags(flags: FlagReader): Middleware {
  return {
    before: async ({ event }) => {
      const route: Route = event.invocation.route;
      if (!isMutation(route)) return;
      const forbidding = forbiddenBy(await flags.current(), route.operationId);
      if (forbidding === undefined) return;
      event.invocation.logged.forbiddenBy = forbidding;
      throw new HttpProblem('unavailable', details[forbidding], {}, retryHeaders);
    },
  };
}

const details = {
  acceptWrites: 'Changes are switched off for now. Nothing was decided; retry later with the same key.',
  disabledOperations: 'This operation is switched off for now. Nothing was decided; retry later with the same key.',
};
