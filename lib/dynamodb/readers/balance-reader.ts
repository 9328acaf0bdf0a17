import {
  type AccountId,
  type AssetCode,
  type Balance,
  type BalanceTotal,
  emptyBalance,
  LedgerError,
  parseBalanceName,
  type TenantId,
  totalOf,
} from '../../ledger/index.ts';
import { lastEntryBy } from '../items/balance-place.ts';
import { parseAccount, parseBalance, parseEntry, type StoredAccount } from '../items/items.ts';
import {
  accountKey,
  accountPartition,
  accountSortKey,
  afterLastBalance,
  assetKey,
  balanceItemKey,
  balancePrefix,
} from '../items/keys.ts';
import type { Reader } from '../table/reader.ts';
import { accountNotFound } from './account-reader.ts';
import { type AccountSpread, furtherShards } from './account-spread.ts';

/** What a balance was at an instant. */
export interface BalanceAt {
  readonly account: AccountId;
  readonly asset: AssetCode;
  /** Credits less debits up to and at the instant, in minor units. */
  readonly posted: bigint;
  /** The last entry's sequence by then; 0 before the first. Over several shards, the number of entries by then. */
  readonly sequence: number;
  /** When the last entry by then was made, in milliseconds since 1970; undefined before the first. */
  readonly updatedAt?: number;
}

/** Balances as they are and as they were. They are stored, so no read grows with the history. */
export class BalanceReader {
  readonly #reader: Reader;
  readonly #spread: AccountSpread;

  constructor(reader: Reader, spread: AccountSpread) {
    this.#reader = reader;
    this.#spread = spread;
  }

  /**
   * One consistent read; an asset without a posting on the account yet costs a second one, to tell empty from absent.
   * The shards of an account that is spread are one more, after the first, and are no snapshot: of what is committed
   * while they are read, any part may be in the sum. Everything committed before is.
   *
   * @throws LedgerError `not_found` when the account or the asset does not exist, `unavailable`
   */
  async get(tenant: TenantId, account: AccountId, asset: AssetCode): Promise<BalanceTotal> {
    const row = await this.#reader.get(balanceItemKey(tenant, { account, asset, shard: 0 }));
    if (row) {
      const first = parseBalance(row);
      this.#spread.learn(tenant, first);
      if (first.shards === 1) return totalOf([first]);
      const keys = furtherShards(first.shards).map((shard) => balanceItemKey(tenant, { account, asset, shard }));
      return totalOf([first, ...(await this.#reader.getAll(keys)).map(parseBalance)]);
    }
    return emptyBalance(await this.#requireAccount(tenant, account, asset), asset);
  }

  /**
   * One Query for the account and all its balances, in order of asset; one read more for the shards of an account that is
   * spread.
   *
   * @throws LedgerError `not_found`, `unavailable`
   */
  async list(tenant: TenantId, account: AccountId): Promise<{ account: StoredAccount; balances: BalanceTotal[] }> {
    const { account: stored, balances } = await this.shards(tenant, account);
    return { account: stored, balances: [...Map.groupBy(balances, ({ asset }) => asset).values()].map(totalOf) };
  }

  /** As `list`, each shard by itself. */
  async shards(tenant: TenantId, account: AccountId): Promise<{ account: StoredAccount; balances: Balance[] }> {
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
    const balances = rows.filter(({ SK }) => String(SK).startsWith(balancePrefix));
    const parsed = parseAccount(stored);
    const further = [...parsed.balances].map(parseBalanceName).filter(({ shard }) => shard > 0);
    const keys = further.map((place) => balanceItemKey(tenant, { account, ...place }));
    const spread = keys.length === 0 ? [] : await this.#reader.getAll(keys);
    return { account: parsed, balances: [...balances, ...spread].map(parseBalance) };
  }

  /**
   * The posted balance at an instant (milliseconds since 1970): one Query for the last entry by then, for each shard,
   * however long the history; and the account, the first time this instance meets it or when it is unbounded. Until a
   * few seconds have passed since the instant, a commit decided before it may still land.
   *
   * @throws LedgerError `not_found` when the account or the asset does not exist, `unavailable`
   */
  async at(tenant: TenantId, account: AccountId, asset: AssetCode, instant: number): Promise<BalanceAt> {
    const known = await this.lastBy(tenant, account, asset, instant);
    if (known) return known;
    await this.#requireAccount(tenant, account, asset);
    return { account, asset, posted: 0n, sequence: 0 };
  }

  /**
   * The same, undefined where there was no entry yet, whatever the reason.
   *
   * @throws LedgerError `not_found` when the account does not exist, `unavailable`
   */
  async lastBy(
    tenant: TenantId,
    account: AccountId,
    asset: AssetCode,
    instant: number,
  ): Promise<BalanceAt | undefined> {
    const lastOf = async (shard: number) => {
      const { rows } = await this.#reader.query(lastEntryBy(tenant, { account, asset, shard }, instant));
      return rows.map(parseEntry);
    };
    const [first, shards] = await Promise.all([lastOf(0), this.#spread.shardsOf(tenant, account)]);
    const last = [first, ...(await Promise.all(furtherShards(shards).map(lastOf)))].flat();
    if (last.length === 0) return undefined;
    return {
      account,
      asset,
      posted: last.reduce((sum, { balanceAfter }) => sum + balanceAfter, 0n),
      sequence: last.reduce((sum, entry) => sum + entry.sequence, 0),
      updatedAt: Math.max(...last.map(({ createdAt }) => createdAt)),
    };
  }

  async #requireAccount(tenant: TenantId, account: AccountId, asset: AssetCode): Promise<StoredAccount> {
    const rows = await this.#reader.getAll([accountKey(tenant, account), assetKey(tenant, asset)]);
    const stored = rows.find(({ SK }) => SK === accountSortKey);
    if (!stored) throw accountNotFound(account);
    if (rows.length < 2) throw new LedgerError('not_found', `asset ${asset} does not exist`, { asset });
    return parseAccount(stored);
  }
}
