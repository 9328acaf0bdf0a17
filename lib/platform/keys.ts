import type { TenantId } from '../ledger/index.ts';

/**
 * Every key of the Platform table: what is around the ledger and moves no money.
 *
 * | item | PK | SK | read by |
 * |------|----|----|---------|
 */
export interface PlatformKey extends Record<string, string> {
  readonly PK: string;
  readonly SK: string;
}

/** What is of one tenant begins with this. */
export function tenantPrefix(tenant: TenantId): string {
  return `T#${tenant}`;
}
