import * as z from 'zod';
import {
  type Account,
  type AccountId,
  type Asset,
  type AssetCode,
  accountStatuses,
  type Balance,
  declineReasons,
  type Entry,
  InvariantViolation,
  type Metadata,
  type Posting,
  type PostTransaction,
  type RecordId,
  type TenantId,
  type Transaction,
  type TransactionId,
  transactionIdOf,
} from '../ledger/index.ts';
import {
  accountKey,
  assetKey,
  balanceItemKey,
  balancePrefix,
  entryKey,
  type Key,
  recordKey,
  tenantPartition,
} from './keys.ts';

/**
 * Rows of the Ledger table and what they mean. Numbers come back as bigint (see `client.ts`) and every row is
 * parsed on its way out: what does not fit is damage, and is never computed with. Attributes that are not known
 * here are left alone, so that items stay readable one version back.
 */
const amount = z.bigint();
const count = z.bigint().transform(Number);
const accountId = z.string().transform((text) => text as AccountId);
const assetCode = z.string().transform((text) => text as AssetCode);
const metadata = z.record(z.string(), z.string());

export type Row = Record<string, unknown>;

function parseRow<Schema extends z.ZodType>(schema: Schema, row: Row): z.output<Schema> {
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

// --- account ---------------------------------------------------------------------------------------------------------

const accountRow = z.object({
  accountId,
  status: z.enum(accountStatuses),
  unbounded: z.boolean(),
  floors: z.record(z.string(), amount),
  balances: z.set(z.string()).optional(),
  owner: z.string().optional(),
  metadata,
  createdAt: count,
  version: count,
  keysApplied: z.array(z.object({ mark: z.string(), requestHash: z.string() })),
});

/** An account as it is stored: with the last idempotency keys applied to it. */
export interface StoredAccount extends Account {
  readonly keysApplied: readonly AppliedKey[];
}

export function accountItem(tenant: TenantId, account: StoredAccount): Row {
  return {
    ...accountKey(tenant, account.id),
    accountsOf: tenantPartition(tenant),
    accountId: account.id,
    status: account.status,
    unbounded: account.unbounded,
    floors: Object.fromEntries(account.floors),
    ...(account.balances.size > 0 && { balances: account.balances }),
    ...(account.owner !== undefined && { owner: account.owner }),
    metadata: account.metadata,
    createdAt: account.createdAt,
    version: account.version,
    keysApplied: account.keysApplied,
  };
}

export function parseAccount(row: Row): StoredAccount {
  const { accountId: id, floors, balances, owner, ...rest } = parseRow(accountRow, row);
  return {
    id,
    ...rest,
    ...(owner !== undefined && { owner }),
    floors: new Map(Object.entries(floors) as [AssetCode, bigint][]),
    balances: new Set([...(balances ?? [])] as AssetCode[]),
  };
}

// --- balance ---------------------------------------------------------------------------------------------------------

const balanceRow = z.object({
  SK: z.string(),
  account: accountId,
  posted: amount,
  held: amount,
  floor: amount.optional(),
  status: z.enum(accountStatuses),
  version: count,
  sequence: count,
  lastEntryAt: count,
  lastTransaction: z.string(),
  headHash: z.string(),
});

/** A floor that is absent means none. */
export function balanceItem(tenant: TenantId, balance: Balance): Row {
  const { asset, floor, ...rest } = balance;
  return { ...balanceItemKey(tenant, balance.account, asset), ...rest, ...(floor !== null && { floor }) };
}

export function parseBalance(row: Row): Balance {
  const { SK, floor, lastTransaction, ...rest } = parseRow(balanceRow, row);
  return {
    ...rest,
    asset: SK.slice(balancePrefix.length) as AssetCode,
    floor: floor ?? null,
    lastTransaction: lastTransaction as TransactionId,
  };
}

// --- entry -----------------------------------------------------------------------------------------------------------

const entryRow = z.object({
  account: accountId,
  asset: assetCode,
  sequence: count,
  amount,
  balanceAfter: amount,
  transactionId: z.string(),
  previousTransactionId: z.string().optional(),
  type: z.string(),
  counterparty: accountId,
  description: z.string().optional(),
  createdAt: count,
  detailsDigest: z.string(),
  previousHash: z.string(),
  hash: z.string(),
});

export function entryItem(tenant: TenantId, entry: Entry): Row {
  const { previousTransactionId, ...rest } = entry;
  return {
    ...entryKey(tenant, entry.account, entry.asset, entry.createdAt, entry.sequence),
    ...rest,
    ...(previousTransactionId !== null && { previousTransactionId }),
  };
}

export function parseEntry(row: Row): Entry {
  const { previousTransactionId, description, transactionId, ...rest } = parseRow(entryRow, row);
  return {
    ...rest,
    transactionId: transactionId as TransactionId,
    previousTransactionId: (previousTransactionId ?? null) as TransactionId | null,
    ...(description !== undefined && { description }),
  };
}

// --- key record ------------------------------------------------------------------------------------------------------

const posting = z.object({ source: accountId, destination: accountId, asset: assetCode, amount });

const recordBase = {
  type: z.string(),
  postings: z.array(posting),
  createdAt: count,
  requestHash: z.string(),
  nonce: z.string(),
};

const recordRow = z.discriminatedUnion('status', [
  z.object({
    ...recordBase,
    status: z.literal('posted'),
    // What each posting left, source before destination: the rest of its entries follows from the posting.
    results: z.array(z.object({ sequence: count, balanceAfter: amount })),
    description: z.string().optional(),
    metadata: metadata.optional(),
    salt: z.string(),
  }),
  z.object({
    ...recordBase,
    status: z.literal('rejected'),
    reason: z.enum(declineReasons),
    evidence: z.object({
      account: accountId,
      asset: assetCode.optional(),
      available: amount.optional(),
      required: amount.optional(),
    }),
  }),
]);

/** What an idempotency key did: a transaction, the hash of the request that asked for it, and which attempt wrote it. */
export interface KeyRecord {
  readonly transaction: Transaction;
  readonly requestHash: string;
  /** Random per request, so that a request recognises its own write when the answer to it was lost. */
  readonly nonce: string;
}

export function recordItem(command: PostTransaction, record: KeyRecord): Row {
  const { transaction, requestHash, nonce } = record;
  const { id: _, ...content } = transaction;
  const key = recordKey(command.tenant, command.record);
  if (content.status === 'rejected') return { ...key, ...content, requestHash, nonce };
  const { entries, ...rest } = content;
  const results = entries.map(({ sequence, balanceAfter }) => ({ sequence, balanceAfter }));
  return { ...key, ...rest, results, requestHash, nonce };
}

export function parseRecord(row: Row): KeyRecord {
  const { requestHash, nonce, ...content } = parseRow(recordRow, row);
  const id = transactionIdOf(String(row.PK).slice(String(row.PK).lastIndexOf('#') + 1) as RecordId);
  if (content.status === 'rejected') {
    return { transaction: { id, ...content } as Transaction, requestHash, nonce };
  }
  const { results, description, metadata: details, ...rest } = content;
  const transaction: Transaction = {
    id,
    ...rest,
    entries: recordedEntries(content.postings, results),
    ...(description !== undefined && { description }),
    ...(details !== undefined && { metadata: details as Metadata }),
  };
  return { transaction, requestHash, nonce };
}

function recordedEntries(postings: readonly Posting[], results: readonly { sequence: number; balanceAfter: bigint }[]) {
  const sides = postings.flatMap(({ source, destination, asset, amount: moved }) => [
    { account: source, asset, amount: -moved },
    { account: destination, asset, amount: moved },
  ]);
  if (sides.length !== results.length) throw new InvariantViolation('a record has two results for each posting');
  return results.map((result, index) => ({ ...(sides[index] as (typeof sides)[number]), ...result }));
}

export type { Key };
