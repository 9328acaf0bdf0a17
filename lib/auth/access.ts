import { readEnvironment } from '../config/environment.ts';
import { EmbeddedMetrics, type LineWriter } from '../observability/index.ts';
import { openPlatformTable, type PlatformTable } from '../platform/platform-table.ts';
import { ApiKeyLookup } from './api-key-lookup.ts';
import { ApiKeys } from './api-keys.ts';
import { type Authenticator, firstOf } from './authenticator.ts';
import { RateAllowances } from './rate-allowances.ts';
import { StoredRateLeases } from './rate-leases.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { staticKey } from './static-key.ts';
import { parseTokenIssuers } from './token-issuers.ts';
import { tokens } from './tokens.ts';

/** What decides whether a request is let in. */
export interface Access {
  readonly authenticate: Authenticator;
  readonly limiter: RateLimiter;
}

export interface AccessOptions {
  /** The Platform table where the function has it open: one client then serves both. */
  readonly platform?: PlatformTable;
  /** How long what was found out about an API key is good, in milliseconds; a minute where nothing is said. */
  readonly keyMaxAgeMs?: number;
}

/**
 * The access check that the function's environment describes.
 *
 * @throws EnvironmentError, or Error where the issuers of tokens are not configured as they should be
 */
export function accessOfEnvironment(
  logger: LineWriter,
  { platform: opened, keyMaxAgeMs: maxAgeMs }: AccessOptions = {},
): Access {
  const { API_KEY_SHA256, PLATFORM_TABLE, POWERTOOLS_METRICS_NAMESPACE, TOKEN_ISSUERS } = readEnvironment([
    'API_KEY_SHA256',
    'PLATFORM_TABLE',
    'POWERTOOLS_METRICS_NAMESPACE',
    'TOKEN_ISSUERS',
  ]);
  const telling = { logger, metrics: new EmbeddedMetrics(POWERTOOLS_METRICS_NAMESPACE) };
  const platform = opened ?? openPlatformTable({ table: PLATFORM_TABLE });
  const lookup = new ApiKeyLookup(platform, logger);
  const apiKeys = new ApiKeys({ lookup, clock: platform.clock, logger, maxAgeMs });
  const ofIssuers = tokens(parseTokenIssuers(TOKEN_ISSUERS), telling);
  const limiter = new RateAllowances({ leases: new StoredRateLeases(platform), clock: platform.clock, ...telling });
  return { authenticate: firstOf(staticKey(API_KEY_SHA256), apiKeys.authenticate, ofIssuers), limiter };
}
