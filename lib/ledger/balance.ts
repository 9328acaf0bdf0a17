import type { Account, AccountId, AccountStatus, FreezeKind } from './account.ts';
import { floorOf } from './account.ts';
import type { AssetCode } from './asset.ts';
import { genesisHash } from './entry.ts';
import type { TransactionId } from './transaction.ts';
import type { DebitLimits, DebitUse } from './velocity.ts';

/** What an account has of an asset. It is stored, never summed; the entries explain it and the audit re-adds them. */
export interface Balance {
  readonly account: AccountId;
  readonly asset: AssetCode;
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

/** Names a balance within a tenant. Neither part can contain the separator. */
export function balanceKey(account: AccountId, asset: AssetCode): string {
  return `${account}#${asset}`;
}

/** A balance before its first entry. Version 0 says that it is not stored yet. */
export function emptyBalance(account: Account, asset: AssetCode): Balance {
  const limits = account.limits?.get(asset);
  return {
    account: account.id,
    asset,
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

/** What can be spent now, in minor units: `posted − held − floor`; null where there is no floor to stop at. */
export function availableOf(balance: Pick<Balance, 'posted' | 'held' | 'floor'>): bigint | null {
  return balance.floor === null ? null : balance.posted - balance.held - balance.floor;
}
