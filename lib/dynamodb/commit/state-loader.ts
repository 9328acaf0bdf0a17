import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import {
  type Account,
  type AccountId,
  type AssetCode,
  type Balance,
  type BalancePlace,
  balanceKey,
  type Command,
  type FeeTimeline,
  type Hold,
  type HoldId,
  type LedgerState,
  type Needs,
  needsOf,
  type RecordId,
  type ReversalState,
  recordIdOfTransaction,
  type TenantId,
  type TransactionId,
} from '../../ledger/index.ts';
import { parseFeeHead } from '../items/fee-item.ts';
import { parseHold } from '../items/hold-item.ts';
import { parseAccount, parseAsset, parseBalance, type Row } from '../items/items.ts';
import {
  accountKey,
  accountSortKey,
  assetKey,
  assetPrefix,
  balanceItemKey,
  balancePrefix,
  feeHeadKey,
  feeHeadSortKey,
  holdKey,
  holdSortKey,
  type Key,
  recordKey,
} from '../items/keys.ts';
import { type KeyRecord, parseRecord, recordTransactionId, reversalStateOf } from '../items/record-item.ts';
import { readItems } from '../table/batch-read.ts';
import type { Patience } from '../table/patience.ts';
import type { BalanceCache } from './balance-cache.ts';
import type { FeeCache } from './fee-cache.ts';
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

/** What one call of `load` has found so far, and what it has asked for. */
interface Loading {
  readonly tenant: TenantId;
  readonly commands: readonly Command[];
  /** Whether nothing remembered may be used. */
  readonly fresh: boolean;
  readonly loaded: LoadedItems;
  readonly foreseenFrom: Set<PendingWrite>;
  /** Partition and sort keys asked for: what was not found then is absent. */
  readonly asked: Set<string>;
  isFresh: boolean;
}

/**
 * Reads what commands of one tenant need in as few calls as possible. A transaction takes none when warm, one when
 * cold, two when a balance is new; a command on something it only names, such as a hold, one more. On an account that
 * is spread, a list uses one shard, the one that this instance keeps to; an instance that does not know yet over how
 * many it is spread reads shard 0 first, which says it.
 */
export class StateLoader {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #cache: BalanceCache;
  readonly #fees: FeeCache;

  constructor(client: DynamoDBDocumentClient, table: string, cache: BalanceCache, fees: FeeCache) {
    this.#client = client;
    this.#table = table;
    this.#cache = cache;
    this.#fees = fees;
  }

  /**
   * Loads the state of commands. With `fresh`, nothing remembered is used, and what it returns was all true at one time:
   * what told what else to read is read once more, and everything anew where it has changed meanwhile. A command that
   * needs a read at all has its key record read along, so that a replay to a cold instance is one call.
   *
   * @throws whatever the SDK throws, or LedgerError `unavailable` when time is over; nothing was written
   */
  async load(
    tenant: TenantId,
    commands: readonly Command[],
    options: { readonly fresh: boolean },
    patience: Patience,
  ): Promise<LoadedState> {
    for (let attempt = 1; ; attempt++) {
      const loading = await this.#loadOnce(tenant, commands, options.fresh, patience);
      const { loaded, isFresh, foreseenFrom } = loading;
      const followed = followedKeys(loading);
      const isOneTime =
        followed.length === 0 || (options.fresh && (await this.#isUnchanged(loading, followed, patience)));
      // A state that is not of one time does for a commit, since the write holds it to each part; for a decline it does not.
      if (isOneTime || !options.fresh) {
        return { state: loaded, records: loaded.records, isFresh: isFresh && isOneTime, foreseenFrom };
      }
      await patience.pause(attempt);
    }
  }

  async #loadOnce(
    tenant: TenantId,
    commands: readonly Command[],
    fresh: boolean,
    patience: Patience,
  ): Promise<Loading> {
    const loading: Loading = {
      tenant,
      commands,
      fresh,
      loaded: new LoadedItems(),
      foreseenFrom: new Set(),
      asked: new Set(),
      isFresh: true,
    };
    // Fee schedules that are remembered are as good as read: a new one takes effect only when all have read it.
    const remembered = this.#fees.get(tenant);
    if (remembered) loading.loaded.setFeeTimeline(remembered);
    // What is found tells what else is needed: a hold its balance, a missing balance its account and asset. It ends,
    // since nothing is asked twice.
    for (let keys = this.#missing(loading); keys.length > 0; keys = this.#missing(loading)) {
      await this.#read(loading, keys, patience);
    }
    return loading;
  }

  /** Whether holds and transactions are still as they were when the rest was read. */
  async #isUnchanged({ loaded }: Loading, keys: readonly Key[], patience: Patience): Promise<boolean> {
    const rows = await readItems(this.#client, this.#table, keys, patience);
    return rows.every((row) => {
      if (row.SK === holdSortKey) {
        const { id, version } = parseHold(row);
        return loaded.hold(id)?.version === version;
      }
      return loaded.reversible(recordTransactionId(row))?.reversals === reversalStateOf(parseRecord(row))?.reversals;
    });
  }

  /** The keys of what is needed, as far as can be told by now, and was neither found nor asked for. */
  #missing(loading: Loading): Key[] {
    const { tenant, commands, loaded, asked } = loading;
    const keys = new Map<string, Key>();
    const needed = commands.map((command) => ({ command, needs: needsOf(command, loaded) }));
    pinReserved(
      needed.flatMap(({ needs }) => needs.balances),
      loaded,
    );
    for (const { command, needs } of needed) {
      if (loaded.isAnswered(command)) continue;
      let isCold = false;
      const ask = (key: Key) => {
        const name = nameOf(key);
        if (asked.has(name)) return;
        keys.set(name, key);
        isCold = true;
      };
      const { balances, holds = [], reversibles = [], fees = false } = needs;
      if (fees && !loaded.feeTimeline()) ask(feeHeadKey(tenant));
      for (const hold of holds) ask(holdKey(tenant, hold));
      for (const id of reversibles) ask(recordKey(tenant, recordIdOfTransaction(id)));
      for (const { account, asset } of balances) {
        const place = this.#place(loading, account, asset);
        if (this.#find(loading, place)) continue;
        const key = balanceItemKey(tenant, place);
        if (!asked.has(nameOf(key))) ask(key);
        else {
          // Accounts and assets matter only where a balance does not exist yet: an existing one proves both.
          ask(accountKey(tenant, account));
          if (this.#cache.hasAsset(tenant, asset)) loaded.addAsset(asset);
          else ask(assetKey(tenant, asset));
        }
      }
      // A command that needs a read at all has its key's record read along.
      if (isCold) ask(recordKey(tenant, command.record));
    }
    for (const name of keys.keys()) asked.add(name);
    return [...keys.values()];
  }

  /**
   * Which shard the list uses, as far as can be told by now: shard 0 until it is known over how many an account is
   * spread. As long as an asset has no balance at all, its first is shard 0, so that whoever looks for it finds it there.
   */
  #place(loading: Loading, account: AccountId, asset: AssetCode): BalancePlace {
    const { tenant, commands, loaded } = loading;
    const first = { account, asset, shard: 0 };
    const chosen = loaded.chosenShard(account, asset);
    if (chosen !== undefined) return { ...first, shard: chosen };
    const shards = this.#cache.shards(tenant, account, asset) ?? this.#find(loading, first)?.shards;
    const [leader] = commands;
    if (shards === undefined || !leader) return first;
    if (shards === 1) {
      loaded.useShard(account, asset, 0);
      return first;
    }
    const { shard, isNew } = this.#cache.choice.choose(tenant, first, shards, leader.record);
    const place = { ...first, shard };
    if (isNew) this.#cache.delete(tenant, place);
    loaded.useShard(account, asset, shard);
    return place;
  }

  /** A balance that was read in this call, or one that this instance remembers. */
  #find(loading: Loading, place: BalancePlace): Balance | undefined {
    const known = loading.loaded.balanceAt(place);
    if (known || loading.fresh) return known;
    const remembered = this.#cache.get(loading.tenant, place);
    if (!remembered) return undefined;
    loading.loaded.add(remembered.balance);
    loading.isFresh = false;
    if (remembered.write?.isPending) loading.foreseenFrom.add(remembered.write);
    // What this instance wrote itself tells of shards once it is written, and not before.
    else if (remembered.balance.shards > 1) this.#cache.learn(loading.tenant, remembered.balance);
    return remembered.balance;
  }

  async #read({ tenant, loaded }: Loading, keys: readonly Key[], patience: Patience): Promise<void> {
    const askedAt = this.#fees.now;
    const rows = await readItems(this.#client, this.#table, keys, patience);
    if (keys.some(({ SK }) => SK === feeHeadSortKey)) {
      // One read for all commands of the tenant, at most every half minute: the most that a tenant without fees pays.
      const head = rows.find(({ SK }) => SK === feeHeadSortKey);
      const timeline = head ? parseFeeHead(head).timeline : [];
      loaded.setFeeTimeline(timeline);
      this.#fees.learn(tenant, timeline, askedAt);
    }
    for (const row of rows) {
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
      else if (sortKey === holdSortKey) loaded.addHold(parseHold(row));
      else if (sortKey !== feeHeadSortKey) loaded.addRecord(row);
    }
  }
}

/** What is reserved of an account that is spread lies on shard 0; then all of the list goes there. */
function pinReserved(balances: Needs['balances'], loaded: LoadedItems): void {
  for (const { account, asset, isReserved } of balances) if (isReserved) loaded.useShard(account, asset, 0);
}

/** The keys of the holds and transactions that were found, of commands that are to be decided: their balances were read after them. */
function followedKeys({ tenant, commands, loaded }: Loading): Key[] {
  const open = commands.filter((command) => !loaded.isAnswered(command));
  return open.flatMap((command) => {
    const { holds = [], reversibles = [] } = needsOf(command, loaded);
    return [
      ...holds.filter((id) => loaded.hold(id)).map((id) => holdKey(tenant, id)),
      ...reversibles.filter((id) => loaded.reversible(id)).map((id) => recordKey(tenant, recordIdOfTransaction(id))),
    ];
  });
}

function nameOf({ PK, SK }: Key): string {
  return `${PK} ${SK}`;
}

class LoadedItems implements LedgerState {
  #feeTimeline: FeeTimeline | undefined;
  readonly #balances = new Map<string, Balance>();
  readonly #shards = new Map<string, number>();
  readonly #accounts = new Map<AccountId, Account>();
  readonly #assets = new Set<AssetCode>();
  readonly #holds = new Map<HoldId, Hold>();
  readonly records = new Map<RecordId, KeyRecord>();

  /** Whether the command's record says what became of it: one that waits in a line is still to be decided when its turn comes. */
  isAnswered({ record }: Command): boolean {
    const found = this.records.get(record);
    return found !== undefined && found.result.kind !== 'pending';
  }

  balance(account: AccountId, asset: AssetCode): Balance | undefined {
    return this.balanceAt({ account, asset, shard: this.shard(account, asset) });
  }

  balanceAt(place: BalancePlace): Balance | undefined {
    return this.#balances.get(balanceKey(place));
  }

  shard(account: AccountId, asset: AssetCode): number {
    return this.chosenShard(account, asset) ?? 0;
  }

  chosenShard(account: AccountId, asset: AssetCode): number | undefined {
    return this.#shards.get(balanceKey({ account, asset, shard: 0 }));
  }

  useShard(account: AccountId, asset: AssetCode, shard: number): void {
    this.#shards.set(balanceKey({ account, asset, shard: 0 }), shard);
  }

  account(account: AccountId): Account | undefined {
    return this.#accounts.get(account);
  }

  hasAsset(asset: AssetCode): boolean {
    return this.#assets.has(asset);
  }

  hold(id: HoldId): Hold | undefined {
    return this.#holds.get(id);
  }

  reversible(id: TransactionId): ReversalState | undefined {
    const record = this.records.get(recordIdOfTransaction(id));
    return record && reversalStateOf(record);
  }

  feeTimeline(): FeeTimeline | undefined {
    return this.#feeTimeline;
  }

  setFeeTimeline(timeline: FeeTimeline): void {
    this.#feeTimeline = timeline;
  }

  add(balance: Balance): void {
    this.#balances.set(balanceKey(balance), balance);
  }

  addAccount(account: Account): void {
    this.#accounts.set(account.id, account);
  }

  addAsset(asset: AssetCode): void {
    this.#assets.add(asset);
  }

  addHold(hold: Hold): void {
    this.#holds.set(hold.id, hold);
  }

  addRecord(row: Row): void {
    this.records.set(recordIdOfTransaction(recordTransactionId(row)), parseRecord(row));
  }
}
