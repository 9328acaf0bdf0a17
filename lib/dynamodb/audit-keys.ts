import { auditPrefix } from '../config/ledger-table.ts';
import type { AccountId, TenantId } from '../ledger/index.ts';
import type { Key } from './keys.ts';

/** The audit of the running ledger keeps what it needs apart from all rows of the ledger itself. */
export const auditStateKey: Key = { PK: auditPrefix, SK: 'STATE' };

/** How far the balances of an account were verified. */
export function verifiedKey(tenant: TenantId, account: AccountId): Key {
  return { PK: `${auditPrefix}#T#${tenant}#A#${account}`, SK: 'VERIFIED' };
}
