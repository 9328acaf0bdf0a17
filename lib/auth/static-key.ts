import { createHash, timingSafeEqual } from 'node:crypto';
import type { TenantId } from '../ledger/index.ts';
import type { Caller } from './caller.ts';

/** Finds the caller that a key belongs to; undefined for a key that is not known. */
export type Authenticator = (key: string) => Caller | undefined;

const developer: Caller = {
  tenant: 'default' as TenantId,
  client: 'development',
  allows: () => true,
};

/**
 * The access check of a stage with one static key, which may do everything in the tenant `default`.
 * Only the key's SHA-256 is known here, and digests are compared in constant time.
 *
 * @param sha256 the key's digest as 64 lower-case hexadecimal digits
 */
export function staticKey(sha256: string): Authenticator {
  const expected = Buffer.from(sha256, 'hex');
  return (key) => (timingSafeEqual(createHash('sha256').update(key).digest(), expected) ? developer : undefined);
}
