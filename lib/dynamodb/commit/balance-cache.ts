import {
  type AccountId,
  type AssetCode,
  type Balance,
  type BalancePlace,
  balanceKey,
  type TenantId,
} from '../../ledger/index.ts';
import type { PendingWrite } from './pending-write.ts';
import { ShardChoice } from './shard-choice.ts';

/** Balances an instance remembers; at about 1 KB each, some 10 MB. */
const capacity = 10_000;

/** A balance as remembered; with a write while it is only what that write will leave. */
export interface Remembered {
  readonly balance: Balance;
  readonly write?: PendingWrite;
}

/**
 * The last state this instance saw of balances, or what its own writes under way will leave; and the assets it saw
 * registered.
 *
 * A stale balance does no harm: every write is conditioned on its version and its head hash, and no decline is decided
 * on it. So this saves a read, and nothing depends on it. Assets are never changed or removed.
 */
export class BalanceCache {
  readonly #balances = new Map<string, Remembered>();
  readonly #assets = new Set<string>();
  readonly #shards = new Map<string, number>();
  /** Which shards this instance uses of those it remembers. */
  readonly choice = new ShardChoice();

  get(tenant: TenantId, place: BalancePlace): Remembered | undefined {
    const key = cacheKey(tenant, place);
    const remembered = this.#balances.get(key);
    if (remembered) this.#put(key, remembered);
    return remembered;
  }

  /** Takes a balance as it was read, unless a later one is remembered: the read may have been on its way for a while. */
  learn(tenant: TenantId, balance: Balance): void {
    const key = cacheKey(tenant, balance);
    const known = this.#balances.get(key);
    if (!known || known.balance.version <= balance.version) this.#put(key, { balance });
    this.#learnShards(tenant, balance);
  }

  /** Takes a balance as it is now, whatever was remembered. */
  replace(tenant: TenantId, balance: Balance): void {
    this.#put(cacheKey(tenant, balance), { balance });
    this.#learnShards(tenant, balance);
  }

  /** Takes balances as a write will leave them. */
  foresee(tenant: TenantId, balances: readonly Balance[], write: PendingWrite): void {
    for (const balance of balances) this.#put(cacheKey(tenant, balance), { balance, write });
  }

  /** Forgets what a write would have left. */
  unforesee(tenant: TenantId, balances: readonly Balance[], write: PendingWrite): void {
    for (const balance of balances) {
      const key = cacheKey(tenant, balance);
      if (this.#balances.get(key)?.write === write) this.#balances.delete(key);
    }
  }

  delete(tenant: TenantId, place: BalancePlace): void {
    this.#balances.delete(cacheKey(tenant, place));
  }

  /**
   * Over how many shards postings of an asset on an account are spread, as far as a balance seen told; undefined where
   * none told of more than one. They only ever become more, and fewer than there are do no harm.
   */
  shards(tenant: TenantId, account: AccountId, asset: AssetCode): number | undefined {
    return this.#shards.get(cacheKey(tenant, { account, asset, shard: 0 }));
  }

  #learnShards(tenant: TenantId, { account, asset, shards }: Balance): void {
    const key = cacheKey(tenant, { account, asset, shard: 0 });
    if (shards <= (this.#shards.get(key) ?? 1)) return;
    this.#shards.set(key, shards);
    if (this.#shards.size > capacity) this.#shards.delete(this.#shards.keys().next().value as string);
  }

  hasAsset(tenant: TenantId, asset: AssetCode): boolean {
    return this.#assets.has(`${tenant}#${asset}`);
  }

  addAsset(tenant: TenantId, asset: AssetCode): void {
    this.#assets.add(`${tenant}#${asset}`);
  }

  /** Puts at the end: the first of a Map is its eldest, so the order of use is the order of eviction. */
  #put(key: string, remembered: Remembered): void {
    this.#balances.delete(key);
    this.#balances.set(key, remembered);
    if (this.#balances.size > capacity) this.#balances.delete(this.#balances.keys().next().value as string);
  }
}

function cacheKey(tenant: TenantId, place: BalancePlace): string {
  return `${tenant}#${balanceKey(place)}`;
}
