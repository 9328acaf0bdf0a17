import { type AccountId, LedgerError, type TenantId } from '../ledger/index.ts';
import { parseAccount, type StoredAccount } from './items.ts';
import { accountKey } from './keys.ts';
import type { Reader } from './reader.ts';

/** An account by its name: one consistent read. @throws LedgerError `not_found`, `unavailable` */
export async function readAccount(reader: Reader, tenant: TenantId, id: AccountId): Promise<StoredAccount> {
  const row = await reader.get(accountKey(tenant, id));
  if (!row) throw accountNotFound(id);
  return parseAccount(row);
}

export function accountNotFound(account: AccountId): LedgerError {
  return new LedgerError('not_found', `account ${account} does not exist`, { account });
}
