import * as z from 'zod';
import {
  type Account,
  type AccountId,
  type Asset,
  type AssetCode,
  accountStatuses,
  type Balance,
  type BalanceName,
  type DebitLimits,
  type Entry,
  freezeKinds,
  InvariantViolation,
  type TenantId,
  type TransactionId,
} from '../../ledger/index.ts';
import {
  accountKey,
  assetKey,
  balanceItemKey,
  balancePrefix,
  entryKey,
  parseBalancePartition,
  tenantPartition,
} from './keys.ts';

/**
 * Rows of the Ledger table and what they mean. Numbers come back as bigint (see `client.ts`) and every row is
 * parsed on its way out: what does not fit is damage, and is never computed with. Attributes that are not known
 * here are left alone, so that items stay readable one version back.
 */
export const amount = z.bigint();
export const count = z.bigint().transform(Number);
export const accountId = z.string().transform((text) => text as AccountId);
export const assetCode = z.string().transform((text) => text as AssetCode);
export const transactionId = z.string().transform((text) => text as TransactionId);
export const metadata = z.record(z.string(), z.string());
/** What is left where details were redacted. */
export const redaction = z.object({ at: count, detailsDigest: z.string().optional() });
// Hashes are kept as their 32 bytes, half of what their digits would take in each item that carries one.
export const hash = z.instanceof(Uint8Array).transform((bytes) => Buffer.from(bytes).toString('hex'));

export type Row = Record<string, unknown>;

/** A hash as items keep it. */
export function hashBytes(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex');
}

/** The last part of a key: an account in a partition, an asset, a record. */
export function lastPart(key: string): string {
  return key.slice(key.lastIndexOf('#') + 1);
}

export function parseRow<Schema extends z.ZodType>(schema: Schema, row: Row): z.output<Schema> {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  throw new InvariantViolation(`damaged item ${row.PK} ${row.SK}: ${z.prettifyError(parsed.error)}`);
}

// --- asset -----------------------------------------------------------------------------------------------------------

const assetRow = z.object({
  code: assetCode,
  scale: count,
  name: z.string().optional(),
  createdAt: count,
  keyApplied: z.object({ mark: z.string(), requestHash: z.string() }),
});

/** Which idempotency key a change was made under, kept in the changed item itself. */
export interface AppliedKey {
  readonly mark: string;
  readonly requestHash: string;
}

export function assetItem(tenant: TenantId, asset: Asset, keyApplied: AppliedKey): Row {
  return { ...assetKey(tenant, asset.code), ...asset, keyApplied };
}

export function parseAsset(row: Row): Asset & { keyApplied: AppliedKey } {
  return parseRow(assetRow, row) as Asset & { keyApplied: AppliedKey };
}

// --- limits of debits ------------------------------------------------------------------------------------------------

const windowLimit = z.object({ amount: amount.optional(), count: count.optional() });
const debitLimits = z.object({ hour: windowLimit.optional(), day: windowLimit.optional() });
const windowUse = z.object({ startedAt: count, amount, count });
const debitUse = z.object({ hour: windowUse, day: windowUse });

// --- account ---------------------------------------------------------------------------------------------------------

const accountRow = z.object({
  accountId,
  status: z.enum(accountStatuses),
  freezes: z.enum(freezeKinds).optional(),
  unbounded: z.boolean(),
  floors: z.record(z.string(), amount),
  limits: z.record(z.string(), debitLimits).optional(),
  balances: z.set(z.string()).optional(),
  // Absent means 1, here and in balances.
  shards: count.optional(),
  owner: z.string().optional(),
  metadata,
  createdAt: count,
  version: count,
  keysApplied: z.array(z.object({ mark: z.string(), requestHash: z.string() })),
  // Absent on accounts that were not changed since changes are recorded.
  changes: count.optional(),
  redacted: z.object({ at: count, change: count, openFrom: count.optional() }).optional(),
});

/** An account as it is stored: with the last idempotency keys applied to it, and how many of its changes have records. */
export interface StoredAccount extends Account {
  readonly keysApplied: readonly AppliedKey[];
  readonly changes: number;
}

export function accountItem(tenant: TenantId, account: StoredAccount): Row {
  return {
    ...accountKey(tenant, account.id),
    accountsOf: tenantPartition(tenant),
    accountId: account.id,
    status: account.status,
    ...(account.freezes !== undefined && { freezes: account.freezes }),
    unbounded: account.unbounded,
    floors: Object.fromEntries(account.floors),
    ...(account.limits && { limits: Object.fromEntries(account.limits) }),
    ...(account.balances.size > 0 && { balances: account.balances }),
    ...(account.shards > 1 && { shards: account.shards }),
    ...(account.owner !== undefined && { owner: account.owner }),
    metadata: account.metadata,
    createdAt: account.createdAt,
    version: account.version,
    keysApplied: account.keysApplied,
    ...(account.changes > 0 && { changes: account.changes }),
    ...(account.redacted && { redacted: account.redacted }),
  };
}

export function parseAccount(row: Row): StoredAccount {
  const account = parseRow(accountRow, row);
  const { accountId: id, floors, balances, shards = 1, owner, freezes, limits, changes = 0, ...others } = account;
  const { redacted, ...rest } = others;
  return {
    id,
    ...rest,
    ...(owner !== undefined && { owner }),
    ...(freezes !== undefined && { freezes }),
    ...(limits && { limits: new Map(Object.entries(limits) as [AssetCode, DebitLimits][]) }),
    floors: new Map(Object.entries(floors) as [AssetCode, bigint][]),
    balances: new Set([...(balances ?? [])] as BalanceName[]),
    shards,
    changes,
    ...(redacted && { redacted }),
  };
}

// --- balance ---------------------------------------------------------------------------------------------------------

const balanceRow = z.object({
  PK: z.string(),
  SK: z.string(),
  posted: amount,
  held: amount,
  floor: amount.optional(),
  shards: count.optional(),
  status: z.enum(accountStatuses),
  freezes: z.enum(freezeKinds).optional(),
  limits: debitLimits.optional(),
  debits: debitUse.optional(),
  version: count,
  sequence: count,
  lastEntryAt: count,
  // Absent before the first entry: a balance may begin with a hold.
  lastTransaction: transactionId.optional(),
  headHash: hash,
});

/** Account, asset and shard are in the key. A floor that is absent means none. */
export function balanceItem(tenant: TenantId, balance: Balance): Row {
  const { account: _, asset: __, shard: ___, shards, floor, headHash, lastTransaction, ...rest } = balance;
  return {
    ...balanceItemKey(tenant, balance),
    ...rest,
    ...(shards > 1 && { shards }),
    ...(floor !== null && { floor }),
    ...(lastTransaction !== null && { lastTransaction }),
    headHash: hashBytes(headHash),
  };
}

export function parseBalance(row: Row): Balance {
  const { PK, SK, floor, shards = 1, lastTransaction, ...rest } = parseRow(balanceRow, row);
  return {
    ...parseBalancePartition(PK),
    shards,
    asset: SK.slice(balancePrefix.length) as AssetCode,
    ...rest,
    floor: floor ?? null,
    lastTransaction: lastTransaction ?? null,
  };
}

// --- entry -----------------------------------------------------------------------------------------------------------

const entryRow = z.object({
  PK: z.string(),
  SK: z.string(),
  amount,
  balanceAfter: amount,
  transaction: transactionId,
  previousTransaction: transactionId.optional(),
  type: z.string(),
  counterparty: accountId,
  description: z.string().optional(),
  overdraft: z.literal(true).optional(),
  detailsDigest: hash,
  previousHash: hash,
  hash,
});

/** Account, asset, shard, time and sequence are in the key. */
export function entryItem(tenant: TenantId, entry: Entry): Row {
  const { createdAt, sequence, description, previousTransactionId } = entry;
  return {
    ...entryKey(tenant, entry, createdAt, sequence),
    amount: entry.amount,
    balanceAfter: entry.balanceAfter,
    transaction: entry.transactionId,
    ...(previousTransactionId !== null && { previousTransaction: previousTransactionId }),
    type: entry.type,
    counterparty: entry.counterparty,
    ...(description !== undefined && { description }),
    ...(entry.overdraft && { overdraft: true }),
    detailsDigest: hashBytes(entry.detailsDigest),
    previousHash: hashBytes(entry.previousHash),
    hash: hashBytes(entry.hash),
  };
}

export function parseEntry(row: Row): Entry {
  const { PK, SK, transaction, previousTransaction, description, overdraft, ...rest } = parseRow(entryRow, row);
  const [, asset, time, sequence] = SK.split('#');
  return {
    ...parseBalancePartition(PK),
    asset: asset as AssetCode,
    sequence: Number(sequence),
    ...rest,
    transactionId: transaction,
    previousTransactionId: previousTransaction ?? null,
    ...(description !== undefined && { description }),
    ...(overdraft && { overdraft }),
    createdAt: Number(time),
  };
}
