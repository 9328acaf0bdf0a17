import type { QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { type BalanceName, type BalancePlace, balanceName, type TenantId } from '../../ledger/index.ts';
import {
  balanceItemKey,
  balancePartition,
  entryKey,
  entrySortKey,
  firstEntryAt,
  type Key,
  lastEntryAt,
} from './keys.ts';

/** Reports and audits name balances, and find their rows, by this alone. */
export type { BalancePlace };

/** The last instant that a key can say: in the year 2286. */
const lastInstant = 9_999_999_999_999;

/** A name that no other balance of the account has. */
export function nameInAccount({ asset, shard }: BalancePlace): BalanceName {
  return balanceName(asset, shard);
}

export function balanceKeyAt(tenant: TenantId, place: BalancePlace): Key {
  return balanceItemKey(tenant, place);
}

export function entryKeyAt(tenant: TenantId, place: BalancePlace, time: number, sequence: number): Key {
  return entryKey(tenant, place, time, sequence);
}

/** Queries the entries behind one of this time and sequence, oldest first; all of them behind 0 and 0. */
export function entriesBehind(
  tenant: TenantId,
  place: BalancePlace,
  { at, sequence }: { readonly at: number; readonly sequence: number },
): Omit<QueryCommandInput, 'TableName'> {
  return entryRange(
    balancePartition(tenant, place),
    entrySortKey(place.asset, at, sequence + 1),
    lastEntryAt(place.asset, lastInstant),
  );
}

/** Queries the last entry up to an instant, that instant included. */
export function lastEntryBy(
  tenant: TenantId,
  place: BalancePlace,
  instant: number,
): Omit<QueryCommandInput, 'TableName'> {
  const { asset } = place;
  const range = entryRange(balancePartition(tenant, place), firstEntryAt(asset, 0), lastEntryAt(asset, instant));
  return { ...range, ScanIndexForward: false, Limit: 1 };
}

function entryRange(partition: string, first: string, last: string): Omit<QueryCommandInput, 'TableName'> {
  return {
    KeyConditionExpression: 'PK = :pk AND SK BETWEEN :first AND :last',
    ExpressionAttributeValues: { ':pk': partition, ':first': first, ':last': last },
  };
}
