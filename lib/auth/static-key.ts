import { createHash, timingSafeEqual } from 'node:crypto';
import type { TenantId } from '../ledger/index.ts';
import type { Authenticator } from './authenticator.ts';
import { callerOf } from './caller.ts';
import { scopeNames } from './scopes.ts';

/** What the key of a deployment is called. */
export const deploymentClient = 'deployment';

/** What the first key of a stage may do: everything, so that all others can be made with it. */
const operator = callerOf({
  tenant: 'default' as TenantId,
  client: deploymentClient,
  roles: ['admin'],
  scopes: scopeNames,
  rate: 'unlimited',
});

/**
 * Knows the key that a stage was deployed with, which may do everything in the tenant `default`, and make API clients of any tenant.
 * Only the key's SHA-256 is known here, and digests are compared in constant time.
 *
 * @param sha256 the key's digest as 64 lower-case hexadecimal digits
 */
export function staticKey(sha256: string): Authenticator {
  const expected = Buffer.from(sha256, 'hex');
  return async (key) => (timingSafeEqual(createHash('sha256').update(key).digest(), expected) ? operator : undefined);
}
