import { readEnvironment } from '../config/environment.ts';
import type { LineWriter } from '../observability/index.ts';
import type { Authenticator } from './authenticator.ts';
import { type RateLimiter, unlimited } from './rate-limiter.ts';
import { staticKey } from './static-key.ts';

/** What decides whether a request is let in. */
export interface Access {
  readonly authenticate: Authenticator;
  readonly limiter: RateLimiter;
}

/**
 * The access check that the function's environment describes.
 *
 * @throws EnvironmentError
 */
export function accessOfEnvironment(_logger: LineWriter): Access {
  const { API_KEY_SHA256 } = readEnvironment(['API_KEY_SHA256']);
  return { authenticate: staticKey(API_KEY_SHA256), limiter: unlimited };
}
