import type { AccountId, TenantId } from '../ledger/index.ts';
import type { Key } from './keys.ts';

/**
 * The keys of what the audit of the running ledger keeps, apart from all rows of the ledger itself: the audit may write
 * below this prefix and nowhere else.
 */
export const auditPrefix = 'AUDIT';

export const auditStateKey: Key = { PK: auditPrefix, SK: 'STATE' };

/** How far the balances of an account were verified. */
export function verifiedKey(tenant: TenantId, account: AccountId): Key {
  return { PK: `${auditPrefix}#T#${tenant}#A#${account}`, SK: 'VERIFIED' };
}
