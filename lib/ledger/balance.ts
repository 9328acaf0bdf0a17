import type { Account, AccountId, AccountStatus, BalanceName, FreezeKind } from './account.ts';
import { floorOf } from './account.ts';
import type { AssetCode } from './asset.ts';
import { genesisHash } from './entry.ts';
import { InvariantViolation } from './errors.ts';
import type { TransactionId } from './transaction.ts';
import type { DebitLimits, DebitUse } from './velocity.ts';

/** Which balance of a tenant: the one stored item that postings change. */
export interface BalancePlace {
  readonly account: AccountId;
  readonly asset: AssetCode;
  /** 0, and more only on an account that is spread over shards. */
  readonly shard: number;
}

/** What an account has of an asset. It is stored, never summed; the entries explain it and the audit re-adds them. */
export interface Balance extends BalancePlace {
  /** Over how many shards the account is spread; a copy of the account's, so that a commit need not read it. 1 for most. */
  readonly shards: number;
  /** Credits less debits, in minor units. */
  readonly posted: bigint;
  /** Reserved by open outgoing holds, in minor units. */
  readonly held: bigint;
  /** The lowest `posted − held` allowed; null without one. A copy of the account's, so that a commit need not read it. */
  readonly floor: bigint | null;
  /** A copy of the account's, for the same reason. */
  readonly status: AccountStatus;
  /** A copy of the account's. */
  readonly freezes?: FreezeKind;
  /** A copy of the account's for this asset. */
  readonly limits?: DebitLimits;
  /** What went out of it by now; kept only where there are limits. */
  readonly debits?: DebitUse;
  /** Counts its changes; every write of it is conditioned on the version it was decided on. */
  readonly version: number;
  /** Entries so far: the newest has this sequence, the next gets one more. */
  readonly sequence: number;
  /** The time of the newest entry, in milliseconds since 1970; 0 before the first. */
  readonly lastEntryAt: number;
  readonly lastTransaction: TransactionId | null;
  /** The hash of the newest entry; the genesis hash before the first. */
  readonly headHash: string;
}

/** Names a balance within a tenant. No part can contain the separator. */
export function balanceKey({ account, asset, shard }: BalancePlace): string {
  return `${account}#${balanceName(asset, shard)}`;
}

/** Names a balance within its account, as the account's own set of balances does. */
export function balanceName(asset: AssetCode, shard: number): BalanceName {
  return (shard === 0 ? asset : `${asset}#${shard}`) as BalanceName;
}

/** Reads a balance's name back. */
export function parseBalanceName(name: BalanceName): Pick<BalancePlace, 'asset' | 'shard'> {
  const [asset, shard] = name.split('#');
  return { asset: asset as AssetCode, shard: Number(shard ?? 0) };
}

/** A balance as people read it: `alice USD/2`, `system:treasury USD/2 shard 3`. */
export function balanceTitle({ account, asset, shard }: BalancePlace): string {
  return `${account} ${asset}${shard === 0 ? '' : ` shard ${shard}`}`;
}

/** A balance before its first entry. Version 0 says that it is not stored yet. */
export function emptyBalance(account: Account, asset: AssetCode, shard = 0): Balance {
  const limits = account.limits?.get(asset);
  return {
    account: account.id,
    asset,
    shard,
    shards: account.shards,
    posted: 0n,
    held: 0n,
    floor: floorOf(account, asset),
    status: account.status,
    ...(account.freezes !== undefined && { freezes: account.freezes }),
    ...(limits && { limits }),
    version: 0,
    sequence: 0,
    lastEntryAt: 0,
    lastTransaction: null,
    headHash: genesisHash,
  };
}

/** What an account has of an asset over all shards together. Its version and sequence count what theirs count. */
export type BalanceTotal = Omit<Balance, 'shard' | 'lastTransaction' | 'headHash'>;

/** Adds up the shards of one balance, of which there is at least one; what they copy from the account is the same in each. */
export function totalOf(shards: readonly Balance[]): BalanceTotal {
  const [first, ...others] = shards;
  if (!first) throw new InvariantViolation('a balance has at least one shard');
  const { shard: _, lastTransaction: __, headHash: ___, ...total } = first;
  let { posted, held, version, sequence, lastEntryAt } = total;
  for (const shard of others) {
    posted += shard.posted;
    held += shard.held;
    version += shard.version;
    sequence += shard.sequence;
    lastEntryAt = Math.max(lastEntryAt, shard.lastEntryAt);
  }
  return { ...total, posted, held, version, sequence, lastEntryAt };
}

/** What can be spent now, in minor units: `posted − held − floor`; null where there is no floor to stop at. */
export function availableOf(balance: Pick<Balance, 'posted' | 'held' | 'floor'>): bigint | null {
  return balance.floor === null ? null : balance.posted - balance.held - balance.floor;
}
