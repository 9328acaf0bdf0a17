import type { Caller } from '../../lib/auth/index.ts';
import type { TenantId } from '../../lib/ledger/index.ts';

/**
 * Whose dead letters a caller may see: the own tenant's, and those that do not say whose they are if the credentials allow
 * to operate the platform, since such a message may be anybody's.
 */
export function visibleTenants(caller: Caller): (TenantId | undefined)[] {
  return caller.allows('admin:platform') ? [caller.tenant, undefined] : [caller.tenant];
}
