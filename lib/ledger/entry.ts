import type { AccountId, Metadata, TenantId } from './account.ts';
import type { AssetCode } from './asset.ts';
import { digestOf } from './canonical-json.ts';
import type { TransactionId, TransactionType } from './transaction.ts';

/** The hash before the first entry of every balance. */
export const genesisHash = '0'.repeat(64);

/** The version of the hashed form; it changes only together with a documented new form. */
const hashVersion = 1;

/** One side of a posting on one balance: immutable, gapless by sequence, chained by hash. */
export interface Entry {
  readonly account: AccountId;
  readonly asset: AssetCode;
  /** The shard of the balance; 0 on an account that is not spread. */
  readonly shard: number;
  /** 1, 2, 3 … per balance. */
  readonly sequence: number;
  /** Minor units; negative for a debit. */
  readonly amount: bigint;
  /** The posted balance after this entry, in minor units. */
  readonly balanceAfter: bigint;
  readonly transactionId: TransactionId;
  /** The transaction before this one on the same balance; null for the first. */
  readonly previousTransactionId: TransactionId | null;
  readonly type: TransactionType;
  readonly counterparty: AccountId;
  readonly description?: string;
  /** A debit that was allowed to leave the balance below its floor; not part of the hash. */
  readonly overdraft?: true;
  /** The transaction's time, in milliseconds since 1970. */
  readonly createdAt: number;
  readonly detailsDigest: string;
  readonly previousHash: string;
  readonly hash: string;
}

/**
 * The digest that binds a transaction's description and metadata to its entries without showing them:
 * salted, so that redacted personal data cannot be guessed back while the chain still verifies.
 */
export function detailsDigest(salt: string, description: string | undefined, metadata: Metadata | undefined): string {
  return digestOf({ v: hashVersion, salt, description: description ?? null, metadata: metadata ?? null });
}

/**
 * The hash that chains an entry to the one before it on its balance.
 * SHA-256 over canonical JSON; amounts and the sequence as decimal strings, the time as RFC 3339 UTC with milliseconds.
 */
export function entryHash(tenant: TenantId, entry: Omit<Entry, 'hash'>): string {
  return digestOf({
    v: hashVersion,
    previousHash: entry.previousHash,
    tenant,
    account: entry.account,
    asset: entry.asset,
    shard: entry.shard,
    sequence: String(entry.sequence),
    amount: entry.amount.toString(),
    balanceAfter: entry.balanceAfter.toString(),
    transactionId: entry.transactionId,
    type: entry.type,
    createdAt: new Date(entry.createdAt).toISOString(),
    detailsDigest: entry.detailsDigest,
  });
}
