import { createHash } from 'node:crypto';
import { maxOwnerLength, parseTenantId, type TenantId } from '../ledger/index.ts';
import type { Credentials } from './caller.ts';
import { type Claims, claimOf, spacedTextsOf, textsOf } from './claims.ts';
import { isRole, isScope, type Role, type Scope } from './scopes.ts';
import type { TokenIssuer } from './token-issuers.ts';
import { tokenClockToleranceSeconds } from './token-limits.ts';

/** Which part of a token does not fit the configuration of its issuer. */
export type ClaimFault =
  | 'audience'
  | 'required claims'
  | 'lifetime'
  | 'tenant'
  | 'subject'
  | 'client'
  | 'roles'
  | 'scopes';

/** What a verified token's claims say of who presents it, or which of them do not fit. A claim that is read must have the type it should have. */
export function credentialsOf(claims: Claims, issuer: TokenIssuer, nowMs: number): Credentials | ClaimFault {
  if (!isForUs(claims, issuer)) return 'audience';
  if (!hasRequired(claims, issuer)) return 'required claims';
  if (!isShortLived(claims, issuer, nowMs)) return 'lifetime';
  const tenant = tenantOf(claims, issuer);
  if (tenant === undefined) return 'tenant';
  const subject = subjectOf(claims, issuer);
  if (subject === null) return 'subject';
  const client = clientOf(claims, issuer);
  if (client === undefined) return 'client';
  const roles = rolesOf(claims, issuer);
  if (roles === undefined) return 'roles';
  const scopes = scopesOf(claims, issuer);
  if (scopes === undefined) return 'scopes';
  return { tenant, client, subject, roles, scopes, rate: issuer.rate };
}

/** `aud` is jose's to check. Some issuers' access tokens have none, and name the client instead. */
function isForUs(claims: Claims, { audience }: TokenIssuer): boolean {
  if (audience.claim === 'aud') return true;
  const value = claimOf(claims, audience.claim);
  return typeof value === 'string' && audience.values.includes(value);
}

function hasRequired(claims: Claims, { requiredClaims }: TokenIssuer): boolean {
  return Object.entries(requiredClaims).every(([name, wanted]) => claimOf(claims, name) === wanted);
}

function isShortLived({ exp }: Claims, { maxLifetimeSeconds }: TokenIssuer, nowMs: number): boolean {
  return typeof exp === 'number' && exp <= nowMs / 1_000 + maxLifetimeSeconds + tokenClockToleranceSeconds;
}

function tenantOf(claims: Claims, issuer: TokenIssuer): TenantId | undefined {
  const { tenantClaim, tenants } = issuer;
  const named = tenantClaim === undefined ? issuer.tenant : claimOf(claims, tenantClaim);
  if (typeof named !== 'string' || (tenants !== undefined && !tenants.includes(named))) return undefined;
  return parseTenantId(named);
}

/** Characters that cannot be seen are no part of a name: two subjects that look alike are one. */
const visible = /^\P{C}+$/u;

/** Undefined for a token without a subject, null for one whose subject cannot be an account's owner. */
function subjectOf(claims: Claims, { subjectClaim, subjectPrefix }: TokenIssuer): string | undefined | null {
  const named = claimOf(claims, subjectClaim);
  if (named === undefined) return undefined;
  if (typeof named !== 'string' || !visible.test(named)) return null;
  const subject = subjectPrefix + named;
  return subject.length <= maxOwnerLength ? subject : null;
}

const maxClientLength = 64;
const unsafe = /[^A-Za-z0-9._-]/g;

/**
 * The issuer's name and its name for the application that asked for the token, which is no person. It stands in keys and logs, so that
 * other characters are replaced; a digest then keeps two applications apart.
 */
function clientOf(claims: Claims, issuer: TokenIssuer): string | undefined {
  const named = claimOf(claims, 'azp') ?? claimOf(claims, 'client_id') ?? '-';
  if (typeof named !== 'string') return undefined;
  const safe = named.replaceAll(unsafe, '_').slice(0, maxClientLength);
  if (safe === named) return `${issuer.name}:${named}`;
  return `${issuer.name}:${safe}.${createHash('sha256').update(named).digest('hex').slice(0, 8)}`;
}

/** With names of the issuer's own only these count: somebody else's `admin` need not be ours. */
function rolesOf(claims: Claims, { rolesClaim, roleNames }: TokenIssuer): readonly Role[] | undefined {
  if (rolesClaim === undefined) return [];
  const names = textsOf(claimOf(claims, rolesClaim));
  if (roleNames === undefined) return names?.filter(isRole);
  return names?.flatMap((name) => (Object.hasOwn(roleNames, name) ? (roleNames[name] as Role) : []));
}

/** No token makes an operator of the platform: that would be the issuer's to decide, and it is ours. */
function scopesOf(claims: Claims, { scopeClaim, scopePrefix }: TokenIssuer): readonly Scope[] | undefined {
  if (scopeClaim === null) return [];
  return spacedTextsOf(claimOf(claims, scopeClaim))
    ?.filter((name) => name.startsWith(scopePrefix))
    .map((name) => name.slice(scopePrefix.length))
    .filter(isScope)
    .filter((scope) => scope !== 'admin:platform');
}
