import { type AccountId, type AssetCode, type Balance, balanceKey, type TenantId } from '../ledger/index.ts';

/** Balances an instance remembers; at about 1 KB each, some 10 MB. */
const capacity = 10_000;

/**
 * The last state this instance saw of balances, and the assets it saw registered.
 *
 * A stale balance does no harm: every write is conditioned on its version, and no decline is decided on it. So this
 * saves a read and nothing depends on it. Assets are never changed or removed.
 */
export class BalanceCache {
  readonly #balances = new Map<string, Balance>();
  readonly #assets = new Set<string>();

  get(tenant: TenantId, account: AccountId, asset: AssetCode): Balance | undefined {
    const key = cacheKey(tenant, account, asset);
    const balance = this.#balances.get(key);
    if (balance) {
      // Moved to the end: the first of a Map is its eldest, so the order of use is the order of eviction.
      this.#balances.delete(key);
      this.#balances.set(key, balance);
    }
    return balance;
  }

  set(tenant: TenantId, balance: Balance): void {
    const key = cacheKey(tenant, balance.account, balance.asset);
    this.#balances.delete(key);
    this.#balances.set(key, balance);
    if (this.#balances.size > capacity) this.#balances.delete(this.#balances.keys().next().value as string);
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
}

function cacheKey(tenant: TenantId, account: AccountId, asset: AssetCode): string {
  return `${tenant}#${balanceKey(account, asset)}`;
}
