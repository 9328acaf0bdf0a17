import { ledgerTable } from '../../config/ledger-table.ts';
import { type AccountId, LedgerError, type TenantId } from '../../ledger/index.ts';
import { parseAccount, type StoredAccount } from '../items/items.ts';
import { accountKey, tenantPartition } from '../items/keys.ts';
import type { Reader } from '../table/reader.ts';

/** An account by its name: one consistent read. @throws LedgerError `not_found`, `unavailable` */
export async function readAccount(reader: Reader, tenant: TenantId, id: AccountId): Promise<StoredAccount> {
  const row = await reader.get(accountKey(tenant, id));
  if (!row) throw accountNotFound(id);
  return parseAccount(row);
}

export function accountNotFound(account: AccountId): LedgerError {
  return new LedgerError('not_found', `account ${account} does not exist`, { account });
}

/**
 * Accounts of a tenant in order of id, from the index: eventually consistent, so that an account just created may still be
 * missing, and one that just got a balance may not name it yet. One Query.
 *
 * @throws LedgerError `unavailable`
 */
export async function listAccounts(
  reader: Reader,
  tenant: TenantId,
  limit: number,
  after?: AccountId,
): Promise<{ accounts: StoredAccount[]; next?: AccountId }> {
  const { name, partitionKey, sortKey } = ledgerTable.indexes.accountsByTenant;
  const { rows } = await reader.query({
    IndexName: name,
    KeyConditionExpression: `${partitionKey} = :tenant${after ? ` AND ${sortKey} > :after` : ''}`,
    ExpressionAttributeValues: { ':tenant': tenantPartition(tenant), ...(after && { ':after': after }) },
    Limit: limit + 1,
  });
  const accounts = rows.slice(0, limit).map(parseAccount);
  const last = accounts.at(-1);
  return rows.length > limit && last ? { accounts, next: last.id } : { accounts };
}
