import { type Caller, ownerScopes, roles, type Scope } from '../auth/index.ts';
import type { TenantId } from '../ledger/index.ts';
import type { ApiClient, ClientTerms } from '../platform/client.ts';
import { HttpProblem } from './problem.ts';

/**
 * Holds a caller to what his own credentials allow over the whole tenant: whoever could give more, or get a key that may do more, could do all.
 * A client with a subject may do what owners may, and its subject may be anybody, so that takes as much.
 *
 * @throws HttpProblem `forbidden`, which names what he lacks
 */
export function requireAllOf(
  caller: Caller,
  ...terms: readonly Pick<ClientTerms, 'roles' | 'scopes' | 'subject'>[]
): void {
  const granted = new Set<Scope>(
    terms.flatMap(({ roles: names, scopes, subject }) => [
      ...names.flatMap((role) => roles[role]),
      ...scopes,
      ...(subject === undefined ? [] : ownerScopes),
    ]),
  );
  const missing = [...granted].filter((scope) => !caller.allows(scope));
  if (missing.length === 0) return;
  const detail = `The credentials do not allow what they would give: ${missing.sort().join(', ')}.`;
  throw new HttpProblem('forbidden', detail);
}

/**
 * Whose clients a request is about: the caller's own tenant's, unless it names another and the credentials allow to operate the platform.
 *
 * @throws HttpProblem `forbidden` for a tenant that is named without that, whatever tenant it is
 */
export function tenantMeant(caller: Caller, named: TenantId | undefined): TenantId {
  if (named === undefined) return caller.tenant;
  if (!caller.allows('admin:platform')) {
    throw new HttpProblem('forbidden', 'Only credentials with admin:platform may name a tenant.');
  }
  return named;
}

/** @throws HttpProblem `client_revoked` for a client that takes no change any more */
export function requireNotRevoked({ revokedAt }: ApiClient): void {
  if (revokedAt !== undefined) throw new HttpProblem('client_revoked');
}
