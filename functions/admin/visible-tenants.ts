import type { Caller, Scope } from '../../lib/auth/index.ts';
import type { TenantId } from '../../lib/ledger/index.ts';

const platformScope: Scope = 'admin:platform';

/**
 * Whose dead letters a caller may see: the own tenant's, and those that do not say whose they are if the credentials allow
 * to operate the platform, since such a message may be anybody's.
 */
export function visibleTenants(caller: Caller): (TenantId | undefined)[] {
  return caller.allows(platformScope) ? [caller.tenant, undefined] : [caller.tenant];
}
