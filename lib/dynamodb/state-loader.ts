import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import {
  type Account,
  type AccountId,
  type AssetCode,
  type Balance,
  balanceKey,
  type LedgerState,
  type PostTransaction,
  type RecordId,
  recordIdOfTransaction,
  type TenantId,
} from '../ledger/index.ts';
import type { BalanceCache } from './balance-cache.ts';
import { readItems } from './batch-read.ts';
import { type KeyRecord, parseAccount, parseAsset, parseBalance, parseRecord, type Row } from './items.ts';
import {
  accountKey,
  accountSortKey,
  assetKey,
  assetPrefix,
  balanceItemKey,
  balancePrefix,
  type Key,
  recordKey,
} from './keys.ts';
import type { Patience } from './patience.ts';
import type { PendingWrite } from './pending-write.ts';

/** What a list of commands is decided on. */
export interface LoadedState {
  readonly state: LedgerState;
  /** The records found among those of the commands whose key was looked up. */
  readonly records: ReadonlyMap<RecordId, KeyRecord>;
  /** Whether all of it was read in this call, consistently: only then may a command be declined on it. */
  readonly isFresh: boolean;
  /** The writes under way that part of it is foreseen from: what is decided on it may be written only after them. */
  readonly foreseenFrom: ReadonlySet<PendingWrite>;
}

/** Reads what commands of one tenant need in as few calls as possible: none when warm, one when cold, two when a balance is new. */
export class StateLoader {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #cache: BalanceCache;

  constructor(client: DynamoDBDocumentClient, table: string, cache: BalanceCache) {
    this.#client = client;
    this.#table = table;
    this.#cache = cache;
  }

  /**
   * Loads the state of commands. With `fresh`, nothing remembered is used. A command that needs a read at all has its
   * key record read along, so that a replay to a cold instance is one call.
   *
   * @throws whatever the SDK throws, or LedgerError `unavailable` when time is over; nothing was written
   */
  async load(
    tenant: TenantId,
    commands: readonly PostTransaction[],
    options: { readonly fresh: boolean },
    patience: Patience,
  ): Promise<LoadedState> {
    const loaded = new LoadedItems();
    const foreseenFrom = new Set<PendingWrite>();
    const keys: Key[] = [];
    for (const command of commands) {
      const cold: Key[] = [];
      for (const { account, asset } of balancesOf(command)) {
        const remembered = options.fresh ? undefined : this.#cache.get(tenant, account, asset);
        if (remembered) {
          loaded.add(remembered.balance);
          if (remembered.write?.isPending) foreseenFrom.add(remembered.write);
        } else cold.push(balanceItemKey(tenant, account, asset));
      }
      if (cold.length > 0) keys.push(...cold, recordKey(tenant, command.record));
    }
    const isFresh = !loaded.hasBalances;
    await this.#read(tenant, keys, loaded, patience);
    await this.#readForMissingBalances(tenant, commands, loaded, patience);
    return { state: loaded, records: loaded.records, isFresh, foreseenFrom };
  }

  /** Accounts and assets matter only where a balance does not exist yet: an existing one proves both. */
  async #readForMissingBalances(
    tenant: TenantId,
    commands: readonly PostTransaction[],
    loaded: LoadedItems,
    patience: Patience,
  ): Promise<void> {
    const keys: Key[] = [];
    for (const command of commands) {
      if (loaded.records.has(command.record)) continue;
      for (const { account, asset } of balancesOf(command)) {
        if (loaded.balance(account, asset)) continue;
        keys.push(accountKey(tenant, account));
        if (this.#cache.hasAsset(tenant, asset)) loaded.addAsset(asset);
        else keys.push(assetKey(tenant, asset));
      }
    }
    await this.#read(tenant, keys, loaded, patience);
  }

  async #read(tenant: TenantId, keys: readonly Key[], loaded: LoadedItems, patience: Patience): Promise<void> {
    for (const row of await readItems(this.#client, this.#table, keys, patience)) {
      const sortKey = String(row.SK);
      if (sortKey.startsWith(balancePrefix)) {
        const balance = parseBalance(row);
        loaded.add(balance);
        this.#cache.learn(tenant, balance);
      } else if (sortKey.startsWith(assetPrefix)) {
        const { code } = parseAsset(row);
        loaded.addAsset(code);
        this.#cache.addAsset(tenant, code);
      } else if (sortKey === accountSortKey) loaded.addAccount(parseAccount(row));
      else loaded.addRecord(row);
    }
  }
}

/** The balances a command touches; one may come more than once. */
export function* balancesOf(command: PostTransaction): Generator<{ account: AccountId; asset: AssetCode }> {
  for (const { source, destination, asset } of command.postings) {
    yield { account: source, asset };
    yield { account: destination, asset };
  }
}

class LoadedItems implements LedgerState {
  readonly #balances = new Map<string, Balance>();
  readonly #accounts = new Map<AccountId, Account>();
  readonly #assets = new Set<AssetCode>();
  readonly records = new Map<RecordId, KeyRecord>();

  get hasBalances(): boolean {
    return this.#balances.size > 0;
  }

  balance(account: AccountId, asset: AssetCode): Balance | undefined {
    return this.#balances.get(balanceKey(account, asset));
  }

  account(account: AccountId): Account | undefined {
    return this.#accounts.get(account);
  }

  hasAsset(asset: AssetCode): boolean {
    return this.#assets.has(asset);
  }

  add(balance: Balance): void {
    this.#balances.set(balanceKey(balance.account, balance.asset), balance);
  }

  addAccount(account: Account): void {
    this.#accounts.set(account.id, account);
  }

  addAsset(asset: AssetCode): void {
    this.#assets.add(asset);
  }

  addRecord(row: Row): void {
    const record = parseRecord(row);
    this.records.set(recordIdOfTransaction(record.transaction.id), record);
  }
}
