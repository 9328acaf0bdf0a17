import {
  type Account,
  type AccountId,
  type AssetCode,
  type Balance,
  balanceKey,
  balanceName,
  type Commitment,
  emptyBalance,
  type FeeTimeline,
  type Hold,
  type HoldId,
  type LedgerState,
  type PostedTransaction,
  type Posting,
  type PostTransaction,
  type PostTransactionRequest,
  postTransaction,
  type ReversalState,
  type TenantId,
  type TransactionId,
} from '../../lib/ledger/index.ts';

export const usd = 'USD/2' as AssetCode;

export function posting(source: string, destination: string, amount: bigint, asset: string = usd): Posting {
  return {
    source: source as AccountId,
    destination: destination as AccountId,
    asset: asset as AssetCode,
    amount,
  };
}

export function commandOf(postings: readonly Posting[], rest: Partial<PostTransactionRequest> = {}): PostTransaction {
  return postTransaction({
    tenant: 'default' as TenantId,
    key: 'key',
    operation: 'createTransaction',
    type: 'transfer',
    postings,
    ...rest,
  });
}

export function accountOf(id: string, rest: Partial<Account> = {}): Account {
  return {
    id: id as AccountId,
    status: 'active',
    unbounded: false,
    floors: new Map(),
    balances: new Set(),
    shards: 1,
    metadata: {},
    createdAt: 0,
    version: 1,
    ...rest,
  };
}

/** A state written down: accounts, registered assets and the balances that exist. */
export class WrittenState implements LedgerState {
  fees: FeeTimeline = [];
  readonly holds = new Map<string, Hold>();
  readonly reversibles = new Map<string, ReversalState>();
  readonly accounts = new Map<string, Account>();
  readonly assets = new Set<string>([usd]);
  readonly balances = new Map<string, Balance>();
  /** The shard that is used, of accounts that are spread. */
  readonly shards = new Map<string, number>();

  with(id: string, rest: Partial<Account> = {}): this {
    this.accounts.set(id, accountOf(id, rest));
    return this;
  }

  /** An account that has had entries in an asset before; its status and floor are its account's. */
  withBalance(id: string, posted: bigint, rest: Partial<Balance> = {}, account: Partial<Account> = {}): this {
    const asset = rest.asset ?? usd;
    const known = this.accounts.get(id) ?? accountOf(id, account);
    const owner = { ...known, balances: new Set([...known.balances, balanceName(asset, rest.shard ?? 0)]) };
    this.accounts.set(id, owner);
    const shard = rest.shard ?? 0;
    this.balances.set(balanceKey({ account: owner.id, asset, shard }), {
      ...emptyBalance(owner, asset, shard),
      posted,
      version: 4,
      sequence: 7,
      lastEntryAt: 1_000,
      lastTransaction: 'tx_before' as TransactionId,
      headHash: 'f'.repeat(64),
      ...rest,
    });
    return this;
  }

  balance(account: AccountId, asset: AssetCode): Balance | undefined {
    return this.balances.get(balanceKey({ account, asset, shard: this.shard(account) }));
  }

  shard(account: AccountId): number {
    return this.shards.get(account) ?? 0;
  }

  account(id: AccountId): Account | undefined {
    return this.accounts.get(id);
  }

  hold(id: HoldId): Hold | undefined {
    return this.holds.get(id);
  }

  reversible(id: TransactionId): ReversalState | undefined {
    return this.reversibles.get(id);
  }

  feeTimeline(): FeeTimeline {
    return this.fees;
  }

  hasAsset(asset: AssetCode): boolean {
    return this.assets.has(asset);
  }
}

/** The transaction that a decision makes. */
export function transactionOf({ result }: Commitment): PostedTransaction {
  if (result.kind !== 'transaction') throw new Error(`made a ${result.kind}`);
  if (result.transaction.status !== 'posted') throw new Error('was rejected');
  return result.transaction;
}
