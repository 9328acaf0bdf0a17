import { createHash } from 'node:crypto';
import type { AccountId, TenantId } from '../ledger/index.ts';

/**
 * The message group of an account's line: one worker at a time serves it. A hash, since a tenant's and an account's
 * name together may be longer than the 128 characters of a group.
 */
export function lineGroup(tenant: TenantId, account: AccountId): string {
  return createHash('sha256').update(`${tenant}#${account}`).digest('hex');
}

/** The message group of all that is done for a tenant one after the other. A tenant's name is always short enough. */
export function tenantGroup(tenant: TenantId): string {
  return tenant;
}
