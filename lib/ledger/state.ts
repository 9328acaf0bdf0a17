import type { Account, AccountId } from './account.ts';
import type { AssetCode } from './asset.ts';
import { type Balance, balanceKey, balanceName } from './balance.ts';
import type { Commitment } from './decision.ts';
import type { FeeTimeline } from './fee-schedule.ts';
import type { Hold, HoldId } from './hold.ts';
import type { ReversalState, TransactionId } from './transaction.ts';

/**
 * What a decision is made on. `undefined` means known to be absent; what was never loaded must not be asked for.
 * Accounts and assets are asked only where a balance does not exist yet: an existing balance proves both.
 */
export interface LedgerState {
  /** Of an account that is spread, the shard that is used. */
  balance(account: AccountId, asset: AssetCode): Balance | undefined;
  /** Which shard of a balance all that is decided on this state uses; 0 where it is not spread. */
  shard(account: AccountId, asset: AssetCode): number;
  account(account: AccountId): Account | undefined;
  hasAsset(asset: AssetCode): boolean;
  hold(id: HoldId): Hold | undefined;
  /** The tenant's fee schedules that are or may soon be in force; undefined where they were never loaded. */
  feeTimeline(): FeeTimeline | undefined;
  /** A transaction that is to be reversed, with what was reversed of it so far; rejected ones count as absent. */
  reversible(id: TransactionId): ReversalState | undefined;
}

/** A hold as a command found and left it; found absent by the one that makes it. */
export interface HoldChange {
  readonly before?: Hold;
  readonly after: Hold;
}

/** What was reversed of a transaction, as a command found and left it. */
export interface ReversalChange {
  readonly before: ReversalState;
  readonly after: ReversalState;
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
  readonly #holds = new Map<HoldId, Hold>();
  readonly #reversals = new Map<TransactionId, ReversalState>();

  constructor(base: LedgerState) {
    this.#base = base;
  }

  balance(account: AccountId, asset: AssetCode): Balance | undefined {
    const key = balanceKey({ account, asset, shard: this.shard(account, asset) });
    return this.#balances.get(key) ?? this.#base.balance(account, asset);
  }

  shard(account: AccountId, asset: AssetCode): number {
    return this.#base.shard(account, asset);
  }

  account(account: AccountId): Account | undefined {
    return this.#accounts.get(account) ?? this.#base.account(account);
  }

  hasAsset(asset: AssetCode): boolean {
    return this.#base.hasAsset(asset);
  }

  hold(id: HoldId): Hold | undefined {
    return this.#holds.get(id) ?? this.#base.hold(id);
  }

  feeTimeline(): FeeTimeline | undefined {
    return this.#base.feeTimeline();
  }

  reversible(id: TransactionId): ReversalState | undefined {
    return this.#reversals.get(id) ?? this.#base.reversible(id);
  }

  /** Lays the changes of one decided command over the state. */
  apply({ changes, holds = [], reversals = [] }: Pick<Commitment, 'changes' | 'holds' | 'reversals'>): void {
    for (const { after } of holds) this.#holds.set(after.id, after);
    for (const { after } of reversals) this.#reversals.set(after.transaction.id, after);
    for (const { after, openedOn } of changes) {
      this.#balances.set(balanceKey(after), after);
      if (openedOn) {
        const account = this.account(openedOn.id) ?? openedOn;
        const opened = new Set([balanceName(after.asset, after.shard)]);
        this.#accounts.set(openedOn.id, { ...account, balances: account.balances.union(opened) });
      }
    }
  }
}
