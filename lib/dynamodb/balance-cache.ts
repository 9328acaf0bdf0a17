import { type AccountId, type AssetCode, type Balance, balanceKey, type TenantId } from '../ledger/index.ts';
import type { PendingWrite } from './pending-write.ts';

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

  get(tenant: TenantId, account: AccountId, asset: AssetCode): Remembered | undefined {
    const key = cacheKey(tenant, account, asset);
    const remembered = this.#balances.get(key);
    if (remembered) this.#put(key, remembered);
    return remembered;
  }

  /** Takes a balance as it was read, unless a later one is remembered: the read may have been on its way for a while. */
  learn(tenant: TenantId, balance: Balance): void {
    const key = cacheKey(tenant, balance.account, balance.asset);
    const known = this.#balances.get(key);
    if (!known || known.balance.version <= balance.version) this.#put(key, { balance });
  }

  /** Takes a balance as it is now, whatever was remembered. */
  replace(tenant: TenantId, balance: Balance): void {
    this.#put(cacheKey(tenant, balance.account, balance.asset), { balance });
  }

  /** Takes balances as a write will leave them. */
  foresee(tenant: TenantId, balances: readonly Balance[], write: PendingWrite): void {
    for (const balance of balances) {
      this.#put(cacheKey(tenant, balance.account, balance.asset), { balance, write });
    }
  }

  /** Forgets what a write would have left. */
  unforesee(tenant: TenantId, balances: readonly Balance[], write: PendingWrite): void {
    for (const { account, asset } of balances) {
      const key = cacheKey(tenant, account, asset);
      if (this.#balances.get(key)?.write === write) this.#balances.delete(key);
    }
  }

  delete(tenant: TenantId, account: AccountId, asset: AssetCode): void {
    this.#balances.delete(cacheKey(tenant, account, asset));
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

function cacheKey(tenant: TenantId, account: AccountId, asset: AssetCode): string {
  return `${tenant}#${balanceKey(account, asset)}`;
}
