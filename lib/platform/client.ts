import type { RatePolicy } from '../auth/caller.ts';
import type { Role, Scope } from '../auth/scopes.ts';
import type { TenantId } from '../ledger/index.ts';
import type { ClientId } from './client-id.ts';

/** What is kept of one of a client's keys; not the key. */
export interface ClientKey {
  readonly sha256: string;
  /** Tells people which key is meant. */
  readonly prefix: string;
  /** Milliseconds since 1970, as all times here. */
  readonly createdAt: number;
  /** When it ends, where a newer one has taken its place. */
  readonly expiresAt?: number;
}

/** What a client may do. */
export interface ClientTerms {
  readonly roles: readonly Role[];
  /** Beyond those of the roles. */
  readonly scopes: readonly Scope[];
  /** Whose accounts it may use with what its roles and scopes do not give it. */
  readonly subject?: string;
  /** The usual one where it is absent. */
  readonly rate?: RatePolicy;
  /** When all its keys end. */
  readonly expiresAt?: number;
}

/** Somebody, or something, that calls the API with keys. */
export interface ApiClient extends ClientTerms {
  readonly tenant: TenantId;
  readonly id: ClientId;
  readonly name: string;
  /** The newest first; those that have run out go with the next rotation. */
  readonly keys: readonly ClientKey[];
  readonly createdAt: number;
  /** For ever. */
  readonly revokedAt?: number;
  readonly revokedFor?: string;
  /** Counts its changes, from 1. */
  readonly version: number;
}

export const clientStatuses = ['active', 'expired', 'revoked'] as const;
export type ClientStatus = (typeof clientStatuses)[number];

/** What a client's keys are good for at an instant. */
export function clientStatusAt({ revokedAt, expiresAt }: ApiClient, now: number): ClientStatus {
  if (revokedAt !== undefined) return 'revoked';
  return expiresAt !== undefined && expiresAt <= now ? 'expired' : 'active';
}
