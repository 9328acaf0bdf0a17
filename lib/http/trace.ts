import { traceOfInvocation } from '../observability/index.ts';
import type { Middleware } from './invocation.ts';

/** Finds out which trace the request belongs to. Nothing about a trace can fail a request. */
export function trace(): Middleware {
  return {
    before: ({ event }) => {
      event.invocation.trace = traceOfInvocation(event.headers);
    },
  };
}
