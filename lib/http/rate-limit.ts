import type { Allowance, RateLimiter } from '../auth/index.ts';
import type { Middleware } from './invocation.ts';
import { HttpProblem } from './problem.ts';

/**
 * Takes each request out of what its client may make, and refuses what is beyond that as `rate_limited`.
 * It runs as soon as it is known whose request it is, before any work is done for it: a request that is refused leaves nothing behind, not
 * even its key.
 */
export function rateLimit(limiter: RateLimiter): Middleware {
  return {
    before: async ({ event }) => {
      const { invocation } = event;
      if (!invocation.caller) return;
      const allowance = await limiter.take(invocation.caller);
      if (!allowance) return;
      invocation.allowance = allowance;
      if (allowance.isAllowed) return;
      throw new HttpProblem('rate_limited', undefined, {}, { 'Retry-After': String(allowance.resetSeconds) });
    },
  };
}

/**
 * Tells every answer to a client, problems too, what is left of its allowance; so it stands above what makes problems.
 * Source: draft-ietf-httpapi-ratelimit-headers, "RateLimit-Policy" and "RateLimit".
 */
export function rateLimitHeaders(): Middleware {
  const tell: Middleware['after'] = ({ event, response }) => {
    const { allowance } = event.invocation;
    if (allowance && response) response.headers = { ...response.headers, ...headersOf(allowance) };
  };
  return { after: tell, onError: tell };
}

/** The quota is the burst, and its window the time in which the rate brings so much again, in whole seconds. */
function headersOf({ policy, remaining, resetSeconds }: Allowance): Readonly<Record<string, string>> {
  const windowSeconds = Math.ceil(policy.burst / policy.requestsPerSecond);
  return {
    'RateLimit-Policy': `"client";q=${policy.burst};w=${windowSeconds}`,
    RateLimit: `"client";r=${remaining};t=${resetSeconds}`,
  };
}
