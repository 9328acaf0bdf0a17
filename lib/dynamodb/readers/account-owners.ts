import * as z from 'zod';
import type { AccountId, TenantId } from '../../ledger/index.ts';
import { accountId, parseRow } from '../items/items.ts';
import { accountKey } from '../items/keys.ts';
import type { Reader } from '../table/reader.ts';

/** All that is read of an account to tell whose it is. */
const attributes = ['PK', 'SK', 'accountId', 'owner'] as const;

const ownerRow = z.object({ accountId, owner: z.string().optional() });

/** Whose accounts are: what the access check asks where credentials reach the accounts of their subject only. */
export class AccountOwners {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /**
   * The owners of accounts, by one consistent `BatchGetItem` for each hundred. An account that does not exist, or has no owner, is missing.
   *
   * @throws LedgerError `unavailable`
   */
  async owners(tenant: TenantId, accounts: readonly AccountId[]): Promise<ReadonlyMap<AccountId, string>> {
    const rows = await this.#reader.getAll(
      accounts.map((account) => accountKey(tenant, account)),
      attributes,
    );
    const owners = new Map<AccountId, string>();
    for (const row of rows) {
      const { accountId: account, owner } = parseRow(ownerRow, row);
      if (owner !== undefined) owners.set(account, owner);
    }
    return owners;
  }
}
