import type { Caller, RatePolicy } from './caller.ts';

/** What a client's allowance says to one request. */
export interface Allowance {
  readonly isAllowed: boolean;
  readonly policy: RatePolicy;
  /** Requests that may follow at once. */
  readonly remaining: number;
  /** Whole seconds until the allowance is full again, or for a request that was refused until another may be made. */
  readonly resetSeconds: number;
}

/** Takes a request out of what its client may make; undefined for one that is limited by the stage alone. It never fails. */
export interface RateLimiter {
  take(caller: Caller): Promise<Allowance | undefined>;
}

/** For places where nobody is to be limited. */
export const unlimited: RateLimiter = { take: async () => undefined };
