import { auditPrefix } from '../../config/ledger-table.ts';
import type {
  AccountId,
  AssetCode,
  BalancePlace,
  HoldId,
  RecordId,
  TenantId,
  TransactionId,
} from '../../ledger/index.ts';

/**
 * Every key of the Ledger table. One partition holds an account with its balances and entries;
 * shards above 0 have partitions of their own, since it is a partition that can take only so many writes a second.
 *
 * | item    | PK                       | SK                                   | read by                                           |
 * |---------|--------------------------|--------------------------------------|---------------------------------------------------|
 * | asset   | `T#<tenant>`             | `ASSET#<asset>`                      | get; query the prefix: the tenant's assets        |
 * | account | `T#<tenant>#A#<account>` | `ACCOUNT`                            | get; query `ACCOUNT`…`B#~`: with all its balances |
 * | balance | the account's; of a shard above 0 `T#<tenant>#A#<account>#S#<shard>` | `B#<asset>` | get                |
 * | entry   | its balance's            | `E#<asset>#<time ms>#<sequence>`     | query a range: history, balance as of an instant  |
 * | record  | `T#<tenant>#X#<id>`      | `RECORD`                             | get by idempotency key or transaction id          |
 * | place in line | `T#<tenant>#L#<account>` | `P#<accepted ms>#<transaction id>`  | query from the head: what waits, in its order     |
 * | hold    | `T#<tenant>#H#<hold id>` | `HOLD`                               | get                                               |
 * | change  | `T#<tenant>#C#<id>`      | `CHANGE`                             | get: a change that moves no money, for the journal |
 * | block   | `T#<tenant>#J`           | `BLOCK#<number, 12 digits>`          | query a range, or the last: the tenant's journal  |
 * | fees    | `T#<tenant>`             | `FEES`                               | get: the schedules that are or may be in force    |
 * | version | `T#<tenant>`             | `FEES#<version, 8 digits>`           | get; query the prefix: all fee schedules          |
 * | audit   | `AUDIT`                  | `STATE`                              | get: how far the self-audit has got, what it found |
 * | audited | `AUDIT#T#<tenant>#A#<account>` | `VERIFIED`                     | get: how far the account's balances were verified |
 *
 * `<time ms>` has 13 digits and `<sequence>` 12, so that text order is the order of commits. The index
 * `accountsByTenant` (`accountsOf` = `T#<tenant>`, `accountId`) lists a tenant's accounts, eventually. The index `due`
 * (`dueBucket`, `dueAt`) orders open holds by their end and places in line by their age, eventually; see `hold-due.ts`
 * and `line-item.ts`.
 */
export interface Key extends Record<string, string> {
  readonly PK: string;
  readonly SK: string;
}

/** The condition of a put that creates its item; where there is one, the write fails and returns it. */
export const ifAbsent = {
  ConditionExpression: 'attribute_not_exists(PK)',
  ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
} as const;

const timeDigits = 13;
const sequenceDigits = 12;
const feeVersionDigits = 8;
const blockDigits = 12;
const lastSequence = '9'.repeat(sequenceDigits);

export const accountSortKey = 'ACCOUNT';
export const recordSortKey = 'RECORD';
export const holdSortKey = 'HOLD';
export const changeSortKey = 'CHANGE';
const blockPrefix = 'BLOCK#';
export const balancePrefix = 'B#';
export const placePrefix = 'P#';
export const assetPrefix = 'ASSET#';
export const feeHeadSortKey = 'FEES';
export const feeVersionPrefix = 'FEES#';
const shardMark = '#S#';

/** Sorts after every balance and before every entry, which begin with `B#` and `E#`. */
export const afterLastBalance = 'B#~';

export function tenantPartition(tenant: TenantId): string {
  return `T#${tenant}`;
}

export function accountPartition(tenant: TenantId, account: AccountId): string {
  return `T#${tenant}#A#${account}`;
}

export function assetKey(tenant: TenantId, asset: AssetCode): Key {
  return { PK: tenantPartition(tenant), SK: `${assetPrefix}${asset}` };
}

export function accountKey(tenant: TenantId, account: AccountId): Key {
  return { PK: accountPartition(tenant, account), SK: accountSortKey };
}

/** Where a balance lies with its entries. */
export function balancePartition(tenant: TenantId, { account, shard }: Omit<BalancePlace, 'asset'>): string {
  const partition = accountPartition(tenant, account);
  return shard === 0 ? partition : `${partition}${shardMark}${shard}`;
}

/** Reads account and shard back from the partition of a balance. */
export function parseBalancePartition(partition: string): Omit<BalancePlace, 'asset'> {
  const [, , , account, , shard] = partition.split('#');
  return { account: account as AccountId, shard: Number(shard ?? 0) };
}

export function balanceItemKey(tenant: TenantId, place: BalancePlace): Key {
  return { PK: balancePartition(tenant, place), SK: `${balancePrefix}${place.asset}` };
}

export function recordKey(tenant: TenantId, record: RecordId): Key {
  return { PK: `T#${tenant}#X#${record}`, SK: recordSortKey };
}

/** Where an account's line is: what was accepted to be executed later, in the order of acceptance. */
export function linePartition(tenant: TenantId, account: AccountId): string {
  return `T#${tenant}#L#${account}`;
}

export function placeKey(tenant: TenantId, account: AccountId, acceptedAt: number, transaction: TransactionId): Key {
  return { PK: linePartition(tenant, account), SK: `${placePrefix}${padded(acceptedAt, timeDigits)}#${transaction}` };
}

export function feeHeadKey(tenant: TenantId): Key {
  return { PK: tenantPartition(tenant), SK: feeHeadSortKey };
}

export function feeVersionKey(tenant: TenantId, version: number): Key {
  return { PK: tenantPartition(tenant), SK: `${feeVersionPrefix}${padded(version, feeVersionDigits)}` };
}

export function holdKey(tenant: TenantId, hold: HoldId): Key {
  return { PK: `T#${tenant}#H#${hold}`, SK: holdSortKey };
}

export function changeKey(tenant: TenantId, change: RecordId): Key {
  return { PK: `T#${tenant}#C#${change}`, SK: changeSortKey };
}

/** The key of the record, or change record, that lies in a partition; undefined where neither does. */
export function journaledKey(partition: string): Key | undefined {
  const mark = /^T#[^#]+#([XC])#[^#]+$/.exec(partition)?.[1];
  return mark === undefined ? undefined : { PK: partition, SK: mark === 'X' ? recordSortKey : changeSortKey };
}

/** Where a tenant's journal is. */
export function journalPartition(tenant: TenantId): string {
  return `T#${tenant}#J`;
}

export function blockKey(tenant: TenantId, number: number): Key {
  return { PK: journalPartition(tenant), SK: `${blockPrefix}${padded(number, blockDigits)}` };
}

/** Reads the number back from the key of a block. */
export function parseBlockNumber(sortKey: string): number {
  return Number(sortKey.slice(blockPrefix.length));
}

export function entryKey(tenant: TenantId, place: BalancePlace, time: number, sequence: number): Key {
  return { PK: balancePartition(tenant, place), SK: entrySortKey(place.asset, time, sequence) };
}

/** The self-audit keeps what it needs apart from all rows of the ledger itself. */
export const auditStateKey: Key = { PK: auditPrefix, SK: 'STATE' };

/** How far the balances of an account were verified. */
export function verifiedKey(tenant: TenantId, account: AccountId): Key {
  return { PK: `${auditPrefix}#T#${tenant}#A#${account}`, SK: 'VERIFIED' };
}

export function entrySortKey(asset: AssetCode, time: number, sequence: number): string {
  return `E#${asset}#${padded(time, timeDigits)}#${padded(sequence, sequenceDigits)}`;
}

/** Sorts before every entry of the balance at this time or later. */
export function firstEntryAt(asset: AssetCode, time: number): string {
  return entrySortKey(asset, time, 0);
}

/** Sorts after every entry of the balance up to this time, and before the next millisecond's. */
export function lastEntryAt(asset: AssetCode, time: number): string {
  return `E#${asset}#${padded(time, timeDigits)}#${lastSequence}`;
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
