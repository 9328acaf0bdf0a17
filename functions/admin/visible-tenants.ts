import type { Caller, Scope } from '../../lib/auth/index.ts';
import type { CanonicalValue, TenantId } from '../../lib/ledger/index.ts';

const platformScope: Scope = 'admin:platform';

/**
 * Whose dead letters a caller may see: the own tenant's, and those that do not say whose they are if the credentials allow
 * to operate the platform, since such a message may be anybody's.
 */
export function visibleTenants(caller: Caller): (TenantId | undefined)[] {
  return caller.allows(platformScope) ? [caller.tenant, undefined] : [caller.tenant];
}

/**
 * A request about dead letters in the form in which its repetitions are known. That of who may see more is another one: a stored answer must not tell
 * somebody else of the tenant what only that caller was to see.
 */
export function requestAsSeenBy(
  caller: Caller,
  request: { readonly [name: string]: CanonicalValue | undefined },
): CanonicalValue {
  return caller.allows(platformScope) ? { ...request, ofPlatform: true } : request;
}
