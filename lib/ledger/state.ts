import type { Account, AccountId } from './account.ts';
import type { AssetCode } from './asset.ts';
import { type Balance, balanceKey } from './balance.ts';

/**
 * What a decision is made on. `undefined` means known to be absent; what was never loaded must not be asked for.
 * Accounts and assets are asked only where a balance does not exist yet: an existing balance proves both.
 */
export interface LedgerState {
  balance(account: AccountId, asset: AssetCode): Balance | undefined;
  account(account: AccountId): Account | undefined;
  hasAsset(asset: AssetCode): boolean;
}

/** A balance as a transaction found and left it. */
export interface BalanceChange {
  readonly before: Balance;
  readonly after: Balance;
  /** The account that learns of its new balance; absent when the balance existed. */
  readonly openedOn?: Account;
}

/** A state with the changes of decided, not yet committed commands laid over it: what the next command in a list sees. */
export class WorkingState implements LedgerState {
  readonly #base: LedgerState;
  readonly #balances = new Map<string, Balance>();
  readonly #accounts = new Map<AccountId, Account>();

  constructor(base: LedgerState) {
    this.#base = base;
  }

  balance(account: AccountId, asset: AssetCode): Balance | undefined {
    return this.#balances.get(balanceKey(account, asset)) ?? this.#base.balance(account, asset);
  }

  account(account: AccountId): Account | undefined {
    return this.#accounts.get(account) ?? this.#base.account(account);
  }

  hasAsset(asset: AssetCode): boolean {
    return this.#base.hasAsset(asset);
  }

  /** Lays the changes of one decided command over the state. */
  apply(changes: readonly BalanceChange[]): void {
    for (const { after, openedOn } of changes) {
      this.#balances.set(balanceKey(after.account, after.asset), after);
      if (openedOn) {
        const account = this.account(openedOn.id) ?? openedOn;
        this.#accounts.set(openedOn.id, { ...account, balances: new Set([...account.balances, after.asset]) });
      }
    }
  }
}
