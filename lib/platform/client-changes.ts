import type { Facts } from '../audit/index.ts';
import type { NewApiKey } from '../auth/api-key.ts';
import type { RatePolicy } from '../auth/caller.ts';
import type { Role, Scope } from '../auth/scopes.ts';
import type { ApiClient, ClientKey } from './client.ts';
import { maxClientKeys } from './client-limits.ts';

/** What is changed of a client; what is absent stays, and null takes it away. */
export interface ClientPatch {
  readonly name?: string | undefined;
  readonly roles?: readonly Role[] | undefined;
  readonly scopes?: readonly Scope[] | undefined;
  readonly rate?: RatePolicy | null | undefined;
  readonly expiresAt?: number | null | undefined;
}

/** What is kept of a new key. */
export function keptOf({ sha256, prefix }: NewApiKey, createdAt: number): ClientKey {
  return { sha256, prefix, createdAt };
}

/** The client with what a patch says in place of what was. */
export function patchedClient(client: ApiClient, patch: ClientPatch): ApiClient {
  const { rate, expiresAt, ...rest } = client;
  const newRate = patch.rate === undefined ? rate : patch.rate;
  const newExpiry = patch.expiresAt === undefined ? expiresAt : patch.expiresAt;
  return {
    ...rest,
    name: patch.name ?? client.name,
    roles: patch.roles ?? client.roles,
    scopes: patch.scopes ?? client.scopes,
    ...(newRate && { rate: newRate }),
    ...(newExpiry !== null && newExpiry !== undefined && { expiresAt: newExpiry }),
  };
}

/**
 * The client with a new key. Those before it end when the overlap is over, or sooner if they would have; those that have ended are gone, and
 * beyond five the oldest ends at once.
 */
export function rotatedClient(client: ApiClient, key: NewApiKey, overlapSeconds: number, now: number): ApiClient {
  const ends = now + overlapSeconds * 1_000;
  const older = client.keys
    .map((one) => ({ ...one, expiresAt: Math.min(one.expiresAt ?? ends, ends) }))
    .filter(({ expiresAt }) => expiresAt > now);
  return { ...client, keys: [keptOf(key, now), ...older].slice(0, maxClientKeys) };
}

/** The client without a valid key, for ever. One that is revoked already stays as it is. */
export function revokedClient(client: ApiClient, reason: string | undefined, now: number): ApiClient {
  if (client.revokedAt !== undefined) return client;
  return { ...client, revokedAt: now, ...(reason && { revokedFor: reason }) };
}

/** What the audit log says of a client: its keys by what is shown of them. */
export function factsOf({ name, roles, scopes, subject, rate, expiresAt, keys, revokedAt }: ApiClient): Facts {
  return {
    name,
    roles,
    scopes,
    subject,
    rate: rate && { ...rate },
    expiresAt: timeText(expiresAt),
    keys: keys.map((key) => ({ prefix: key.prefix, expiresAt: timeText(key.expiresAt) })),
    revokedAt: timeText(revokedAt),
  };
}

function timeText(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}
