import type { TenantId } from '../ledger/index.ts';
import { ownerScopes, type Role, roles, type Scope } from './scopes.ts';

/** How far a scope reaches: over all accounts of the tenant, or over the subject's own alone. */
export type Reach = 'tenant' | 'own';

/** How many requests a client may make: `requestsPerSecond` for long, `burst` at once after a pause. */
export interface RatePolicy {
  readonly requestsPerSecond: number;
  readonly burst: number;
}

/** What a client gets about which nothing was said. */
export const defaultRatePolicy: RatePolicy = { requestsPerSecond: 100, burst: 200 };

/** What credentials say of who presents them. */
export interface Credentials {
  readonly tenant: TenantId;
  /** Names the credentials in logs, limits and the audit log; never the credentials themselves. */
  readonly client: string;
  /** The person or thing that acts, whose accounts are those with this owner. */
  readonly subject?: string | undefined;
  readonly roles: readonly Role[];
  /** Beyond those of the roles. */
  readonly scopes: readonly Scope[];
  readonly rate?: RatePolicy | 'unlimited' | undefined;
}

/** Who makes a request, as the credentials say. */
export interface Caller {
  /** The owner of all that the caller may come near; it comes from the credentials and from nowhere else. */
  readonly tenant: TenantId;
  /** A name for logs, limits and the audit log; never the credentials. */
  readonly client: string;
  readonly subject?: string;
  /** Absent for one that is limited by the stage alone. */
  readonly rate?: RatePolicy;
  /** All that the credentials allow over the whole tenant. */
  readonly scopes: ReadonlySet<Scope>;
  /** How far the credentials reach with a scope; undefined where they do not allow it at all. */
  reach(scope: Scope): Reach | undefined;
  /** Whether the credentials allow a scope over the whole tenant. */
  allows(scope: Scope): boolean;
}

const ofOwners: ReadonlySet<Scope> = new Set(ownerScopes);

/** The caller that credentials make. What no role and no scope of theirs allows is forbidden, but for what owners may do with their own. */
export function callerOf({ tenant, client, subject, rate = defaultRatePolicy, ...granted }: Credentials): Caller {
  const scopes: ReadonlySet<Scope> = new Set([...granted.roles.flatMap((role) => roles[role]), ...granted.scopes]);
  const reach = (scope: Scope): Reach | undefined => {
    if (scopes.has(scope)) return 'tenant';
    return subject !== undefined && ofOwners.has(scope) ? 'own' : undefined;
  };
  return {
    tenant,
    client,
    ...(subject !== undefined && { subject }),
    ...(rate !== 'unlimited' && { rate }),
    scopes,
    reach,
    allows: (scope) => scopes.has(scope),
  };
}
