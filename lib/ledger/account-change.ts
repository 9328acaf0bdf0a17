import type { Account, AccountStatus, FreezeKind } from './account.ts';
import { assetsOf, floorOf } from './account.ts';
import type { AssetCode } from './asset.ts';
import type { Balance } from './balance.ts';
import { canonicalJson } from './canonical-json.ts';
import { LedgerError } from './errors.ts';
import { maxBalancesPerAccount, maxMetadataBytes, maxMetadataEntries, maxShards } from './limits.ts';
import { checkLimits, type DebitLimits, isSameLimit } from './velocity.ts';

/** A change of an account: what is absent stays, null resets (RFC 7396). */
export interface AccountPatch {
  readonly status?: AccountStatus | undefined;
  readonly freezes?: FreezeKind | undefined;
  readonly floors?: ReadonlyMap<AssetCode, bigint | null> | undefined;
  /** By asset: all limits of that asset, anew. */
  readonly limits?: ReadonlyMap<AssetCode, DebitLimits | null> | undefined;
  readonly shards?: number | undefined;
  readonly owner?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, string | null>> | undefined;
}

/** What a change does to one balance's copies of the account: all of them, as they are to be. */
export interface BalanceAdjustment {
  readonly balance: Balance;
  readonly status: AccountStatus;
  readonly floor: bigint | null;
  readonly freezes?: FreezeKind;
  readonly limits?: DebitLimits;
  readonly shards: number;
  /**
   * Whether it holds only for the balance as it was seen. A floor and a closing do; a freeze, limits and a spreading do
   * not, so that they cannot starve on a busy account.
   */
  readonly ifUnchanged: boolean;
}

/**
 * Decides a change of an account on all its balances.
 *
 * @throws LedgerError `account_closed` for any change of a closed account, `balance_conflict` for a floor above its
 * balance or for closing an account that is not empty, `invalid_request` for a floor of an unbounded account, a
 * positive floor, fewer shards than before, or too many floors, limits, shards or metadata
 */
export function changeAccount(
  account: Account,
  balances: readonly Balance[],
  patch: AccountPatch,
): { readonly account: Account; readonly adjustments: readonly BalanceAdjustment[] } {
  if (account.status === 'closed') {
    throw new LedgerError('account_closed', `account ${account.id} is closed for good`, { account: account.id });
  }
  const status = patch.status ?? account.status;
  const floors = mergeFloors(account, patch.floors);
  const shards = patch.shards ?? account.shards;
  const owner = patch.owner === undefined ? account.owner : (patch.owner ?? undefined);
  const freezes = freezesOf(patch.freezes, account);
  const limits = mergeLimits(account, patch.limits);
  checkLimits(shards, limits ?? new Map());
  checkShards(account, shards);
  const { owner: _, freezes: __, limits: ___, ...kept } = account;
  const changed: Account = {
    ...kept,
    status,
    ...(freezes && { freezes }),
    floors,
    ...(limits && { limits }),
    shards,
    ...(owner !== undefined && { owner }),
    metadata: mergeMetadata(account.metadata, patch.metadata),
    version: account.version + 1,
  };
  if (status === 'closed') demandEmpty(balances);
  const adjustments: BalanceAdjustment[] = [];
  for (const balance of balances) {
    const floor = floorOf(changed, balance.asset);
    const isNewFloor = floor !== balance.floor;
    if (isNewFloor) demandAbove(balance, floor);
    const limit = limits?.get(balance.asset);
    const isSame =
      status === balance.status &&
      freezes === balance.freezes &&
      shards === balance.shards &&
      isSameLimit(limit, balance.limits);
    if (isSame && !isNewFloor) continue;
    adjustments.push({
      balance,
      status,
      floor,
      ...(freezes && { freezes }),
      ...(limit && { limits: limit }),
      shards,
      ifUnchanged: isNewFloor || status === 'closed',
    });
  }
  return { account: changed, adjustments };
}

/** @throws LedgerError `invalid_request` */
export function checkFloors(unbounded: boolean, floors: ReadonlyMap<AssetCode, bigint>): void {
  if (unbounded && floors.size > 0) throw new LedgerError('invalid_request', 'an unbounded account has no floors');
  if (floors.size > maxBalancesPerAccount) {
    throw new LedgerError('invalid_request', `an account has at most ${maxBalancesPerAccount} floors`);
  }
  for (const [asset, floor] of floors) {
    if (floor > 0n)
      throw new LedgerError('invalid_request', `the floor of ${asset} is 0 or negative, a credit limit`, { asset });
  }
}

/** Whether an account can spend what it does not have, or is spread: to open one like that is a matter of who manages accounts. */
export function isOpenedByManagers({
  unbounded,
  shards,
  floors,
}: Pick<Account, 'unbounded' | 'shards' | 'floors'>): boolean {
  return unbounded || shards > 1 || [...floors.values()].some((floor) => floor < 0n);
}

/** @throws LedgerError `invalid_request` for more shards than one of an account with floors, for fewer than it had, or too many */
export function checkShards(account: Pick<Account, 'unbounded' | 'shards' | 'balances'>, shards: number): void {
  if (shards === account.shards) return;
  const refuse = (detail: string) => new LedgerError('invalid_request', detail);
  if (!account.unbounded) throw refuse('only an unbounded account is spread over shards');
  if (!Number.isInteger(shards) || shards < 1 || shards > maxShards) {
    throw refuse(`an account has 1 to ${maxShards} shards`);
  }
  if (shards < account.shards) throw refuse(`the account has ${account.shards} shards, and they can only become more`);
  const assets = assetsOf(account).size;
  if (assets * shards > maxBalancesPerAccount) {
    throw refuse(`an account has at most ${maxBalancesPerAccount} balances, and ${assets} assets × ${shards} are more`);
  }
}

/** @throws LedgerError `invalid_request` */
export function checkMetadata(metadata: Readonly<Record<string, string>>): void {
  if (Object.keys(metadata).length > maxMetadataEntries) {
    throw new LedgerError('invalid_request', `metadata has at most ${maxMetadataEntries} entries`);
  }
  if (Buffer.byteLength(canonicalJson(metadata)) > maxMetadataBytes) {
    throw new LedgerError('invalid_request', `metadata has at most ${maxMetadataBytes} bytes of JSON`);
  }
}

function mergeFloors(account: Account, patch: AccountPatch['floors']): ReadonlyMap<AssetCode, bigint> {
  if (!patch) return account.floors;
  const merged = new Map(account.floors);
  for (const [asset, floor] of patch) {
    if (floor === null) merged.delete(asset);
    else merged.set(asset, floor);
  }
  checkFloors(account.unbounded, merged);
  return merged;
}

/** What being frozen stops, in its one form: absent for debits only. */
export function freezesOf(wanted: FreezeKind | undefined, account?: Pick<Account, 'freezes'>): 'all' | undefined {
  return (wanted ?? account?.freezes) === 'all' ? 'all' : undefined;
}

function mergeLimits(account: Account, patch: AccountPatch['limits']): Account['limits'] {
  if (!patch) return account.limits;
  const merged = new Map(account.limits);
  for (const [asset, limits] of patch) {
    if (limits === null) merged.delete(asset);
    else merged.set(asset, limits);
  }
  return merged.size > 0 ? merged : undefined;
}

function mergeMetadata(metadata: Account['metadata'], patch: AccountPatch['metadata']): Account['metadata'] {
  if (!patch) return metadata;
  const merged = new Map(Object.entries(metadata));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, value);
  }
  const result = Object.fromEntries(merged);
  checkMetadata(result);
  return result;
}

/** The shards of an asset may differ from zero as long as they add up to it. */
function demandEmpty(balances: readonly Balance[]): void {
  const posted = new Map<AssetCode, bigint>();
  for (const balance of balances) posted.set(balance.asset, (posted.get(balance.asset) ?? 0n) + balance.posted);
  for (const { account, asset, held } of balances) {
    if (posted.get(asset) === 0n && held === 0n) continue;
    throw new LedgerError(
      'balance_conflict',
      `account ${account} still has a balance in ${asset}, and only an empty one can be closed`,
      {
        account,
        asset,
      },
    );
  }
}

function demandAbove({ account, asset, posted, held }: Balance, floor: bigint | null): void {
  if (floor === null || posted - held >= floor) return;
  throw new LedgerError('balance_conflict', `account ${account} is below the floor of ${asset} that was asked for`, {
    account,
    asset,
  });
}
