import {
  type AccountId,
  type AssetCode,
  type Balance,
  emptyBalance,
  LedgerError,
  type TenantId,
} from '../ledger/index.ts';
import { accountNotFound } from './account-reader.ts';
import { parseAccount, parseBalance, parseEntry, type StoredAccount } from './items.ts';
import {
  accountKey,
  accountPartition,
  accountSortKey,
  afterLastBalance,
  assetKey,
  balanceItemKey,
  balancePrefix,
  firstEntryAt,
  lastEntryAt,
} from './keys.ts';
import type { Reader } from './reader.ts';

/** What a balance was at an instant. */
export interface BalanceAt {
  readonly account: AccountId;
  readonly asset: AssetCode;
  /** Credits less debits up to and at the instant, in minor units. */
  readonly posted: bigint;
  /** The last entry's sequence by then; 0 before the first. */
  readonly sequence: number;
  /** When the last entry by then was made, in milliseconds since 1970; undefined before the first. */
  readonly updatedAt?: number;
}

/** Balances as they are and as they were. They are stored, so no read grows with the history. */
export class BalanceReader {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /**
   * One consistent read; an asset without a posting on the account yet costs a second one, to tell empty from absent.
   *
   * @throws LedgerError `not_found` when the account or the asset does not exist, `unavailable`
   */
  async get(tenant: TenantId, account: AccountId, asset: AssetCode): Promise<Balance> {
    const row = await this.#reader.get(balanceItemKey(tenant, account, asset));
    if (row) return parseBalance(row);
    return emptyBalance(await this.#requireAccount(tenant, account, asset), asset);
  }

  /** One Query for the account and all its balances, in order of asset. @throws LedgerError `not_found`, `unavailable` */
  async list(tenant: TenantId, account: AccountId): Promise<{ account: StoredAccount; balances: Balance[] }> {
    const rows = await this.#reader.queryAll({
      KeyConditionExpression: 'PK = :pk AND SK BETWEEN :first AND :last',
      ExpressionAttributeValues: {
        ':pk': accountPartition(tenant, account),
        ':first': accountSortKey,
        ':last': afterLastBalance,
      },
    });
    const stored = rows.find(({ SK }) => SK === accountSortKey);
    if (!stored) throw accountNotFound(account);
    const balances = rows.filter(({ SK }) => String(SK).startsWith(balancePrefix)).map(parseBalance);
    return { account: parseAccount(stored), balances };
  }

  /**
   * The posted balance at an instant (milliseconds since 1970): one Query for the last entry by then, however long the
   * history. Until a few seconds have passed since the instant, a commit decided before it may still land.
   *
   * @throws LedgerError `not_found` when the account or the asset does not exist, `unavailable`
   */
  async at(tenant: TenantId, account: AccountId, asset: AssetCode, instant: number): Promise<BalanceAt> {
    const { rows } = await this.#reader.query({
      KeyConditionExpression: 'PK = :pk AND SK BETWEEN :first AND :last',
      ExpressionAttributeValues: {
        ':pk': accountPartition(tenant, account),
        ':first': firstEntryAt(asset, 0),
        ':last': lastEntryAt(asset, instant),
      },
      ScanIndexForward: false,
      Limit: 1,
    });
    if (rows[0]) {
      const { balanceAfter, sequence, createdAt } = parseEntry(rows[0]);
      return { account, asset, posted: balanceAfter, sequence, updatedAt: createdAt };
    }
    await this.#requireAccount(tenant, account, asset);
    return { account, asset, posted: 0n, sequence: 0 };
  }

  async #requireAccount(tenant: TenantId, account: AccountId, asset: AssetCode): Promise<StoredAccount> {
    const rows = await this.#reader.getAll([accountKey(tenant, account), assetKey(tenant, asset)]);
    const stored = rows.find(({ SK }) => SK === accountSortKey);
    if (!stored) throw accountNotFound(account);
    if (rows.length < 2) throw new LedgerError('not_found', `asset ${asset} does not exist`, { asset });
    return parseAccount(stored);
  }
}
