import type { QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import type { AccountId, AssetCode, TenantId } from '../ledger/index.ts';
import {
  accountPartition,
  balanceItemKey,
  entryKey,
  entrySortKey,
  firstEntryAt,
  type Key,
  lastEntryAt,
} from './keys.ts';

/** Which balance of a tenant. Reports and audits name balances, and find their rows, by this alone. */
export interface BalancePlace {
  readonly account: AccountId;
  readonly asset: AssetCode;
}

/** The last instant that a key can say: in the year 2286. */
const lastInstant = 9_999_999_999_999;

/** A name that no other balance of the account has. */
export function nameInAccount({ asset }: BalancePlace): string {
  return asset;
}

export function balanceKeyAt(tenant: TenantId, { account, asset }: BalancePlace): Key {
  return balanceItemKey(tenant, account, asset);
}

export function entryKeyAt(tenant: TenantId, { account, asset }: BalancePlace, time: number, sequence: number): Key {
  return entryKey(tenant, account, asset, time, sequence);
}

/** Queries the entries behind one of this time and sequence, oldest first; all of them behind 0 and 0. */
export function entriesBehind(
  tenant: TenantId,
  { account, asset }: BalancePlace,
  { at, sequence }: { readonly at: number; readonly sequence: number },
): Omit<QueryCommandInput, 'TableName'> {
  return entryRange(
    accountPartition(tenant, account),
    entrySortKey(asset, at, sequence + 1),
    lastEntryAt(asset, lastInstant),
  );
}

/** Queries the last entry up to an instant, that instant included. */
export function lastEntryBy(
  tenant: TenantId,
  { account, asset }: BalancePlace,
  instant: number,
): Omit<QueryCommandInput, 'TableName'> {
  const range = entryRange(accountPartition(tenant, account), firstEntryAt(asset, 0), lastEntryAt(asset, instant));
  return { ...range, ScanIndexForward: false, Limit: 1 };
}

function entryRange(partition: string, first: string, last: string): Omit<QueryCommandInput, 'TableName'> {
  return {
    KeyConditionExpression: 'PK = :pk AND SK BETWEEN :first AND :last',
    ExpressionAttributeValues: { ':pk': partition, ':first': first, ':last': last },
  };
}
