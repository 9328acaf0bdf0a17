import { readEnvironment } from '../config/environment.ts';
import type { LineWriter } from '../observability/index.ts';
import { openPlatformTable } from '../platform/platform-table.ts';
import { ApiKeyLookup } from './api-key-lookup.ts';
import { ApiKeys } from './api-keys.ts';
import { type Authenticator, firstOf } from './authenticator.ts';
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
export function accessOfEnvironment(logger: LineWriter): Access {
  const { API_KEY_SHA256, PLATFORM_TABLE } = readEnvironment(['API_KEY_SHA256', 'PLATFORM_TABLE']);
  const platform = openPlatformTable({ table: PLATFORM_TABLE });
  const apiKeys = new ApiKeys({ lookup: new ApiKeyLookup(platform, logger), clock: platform.clock, logger });
  return { authenticate: firstOf(staticKey(API_KEY_SHA256), apiKeys.authenticate), limiter: unlimited };
}
