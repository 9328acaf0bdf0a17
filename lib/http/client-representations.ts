import type * as z from 'zod';
import { isScope } from '../auth/scopes.ts';
import type { TenantId } from '../ledger/index.ts';
import { type ApiClient, clientStatusAt } from '../platform/client.ts';
import type { clientAnswer } from './client-schemas.ts';
import { timeText } from './representations.ts';

/**
 * An API client as others see it: its keys by what they begin with.
 *
 * @param lastUses when keys were used last, by their digests
 */
export function representationOf(
  client: ApiClient,
  now: number,
  lastUses: ReadonlyMap<string, number>,
): z.input<typeof clientAnswer> {
  const { id, tenant, name, roles, scopes, subject, rate, expiresAt, revokedAt, revokedFor, createdAt } = client;
  return {
    id,
    tenant,
    name,
    status: clientStatusAt(client, now),
    roles: [...roles],
    scopes: scopes.filter(isScope),
    ...(subject !== undefined && { subject }),
    ...(rate && { rate: { ...rate } }),
    ...(expiresAt !== undefined && { expiresAt: timeText(expiresAt) }),
    keys: client.keys
      .filter((key) => key.expiresAt === undefined || key.expiresAt > now)
      .map((key) => keyOf(key, lastUses.get(key.sha256))),
    ...(revokedAt !== undefined && { revokedAt: timeText(revokedAt) }),
    ...(revokedFor !== undefined && { revokedFor }),
    createdAt: timeText(createdAt),
    version: String(client.version),
  };
}

/** Where a client is for who asks: of another tenant than his own he has to say so. */
export function clientLocation({ tenant, id }: Pick<ApiClient, 'tenant' | 'id'>, ownTenant: TenantId): string {
  return `/v1/admin/clients/${id}${tenant === ownTenant ? '' : `?tenant=${tenant}`}`;
}

function keyOf({ prefix, createdAt, expiresAt }: ApiClient['keys'][number], lastUsedAt: number | undefined) {
  return {
    prefix,
    createdAt: timeText(createdAt),
    ...(expiresAt !== undefined && { expiresAt: timeText(expiresAt) }),
    ...(lastUsedAt !== undefined && { lastUsedAt: timeText(lastUsedAt) }),
  };
}
