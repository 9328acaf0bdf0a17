import { createHash } from 'node:crypto';
import type { AccountId, TenantId } from './account.ts';
import type { AssetCode } from './asset.ts';
import type { Entry } from './entry.ts';
import { requiredDigest } from './redaction.ts';
import type { PostedTransaction, TransactionId } from './transaction.ts';

/** What a transaction and its entry both know of the entry, so that each can be held to the other. */
export interface EntryClaim {
  readonly transactionId: TransactionId;
  readonly account: AccountId;
  readonly asset: AssetCode;
  readonly shard: number;
  readonly sequence: number;
  readonly amount: bigint;
  readonly balanceAfter: bigint;
  readonly type: string;
  readonly counterparty: AccountId;
  readonly createdAt: number;
  readonly description: string | undefined;
  readonly detailsDigest: string;
}

/** What an entry claims of itself. */
export function claimOf(entry: Entry): EntryClaim {
  const { transactionId, account, asset, shard, sequence, amount, balanceAfter } = entry;
  const { type, counterparty, createdAt, description, detailsDigest: digest } = entry;
  return {
    transactionId,
    account,
    asset,
    shard,
    sequence,
    amount,
    balanceAfter,
    type,
    counterparty,
    createdAt,
    description,
    detailsDigest: digest,
  };
}

/** The entries a posted transaction claims to have made: two for each posting, source before destination. */
export function claimsOf(transaction: PostedTransaction): EntryClaim[] {
  const { id, type, createdAt, description, postings, entries } = transaction;
  const digest = requiredDigest(transaction);
  return entries.map((recorded, index) => {
    const posting = postings[index >> 1];
    if (!posting) throw new RangeError('a transaction has two entries for each posting');
    const counterparty = index % 2 === 0 ? posting.destination : posting.source;
    return { transactionId: id, ...recorded, type, counterparty, createdAt, description, detailsDigest: digest };
  });
}

/** Bytes of a claim's digest that are kept: enough that no two different claims will ever share them by chance. */
const digestBytes = 16;

/** A number that stands for a claim: the same for the same claim of the same tenant, and for no other. */
export function claimDigest(tenant: TenantId, claim: EntryClaim): bigint {
  const parts = [
    tenant,
    claim.transactionId,
    claim.account,
    claim.asset,
    claim.shard,
    claim.sequence,
    claim.amount.toString(),
    claim.balanceAfter.toString(),
    claim.type,
    claim.counterparty,
    claim.createdAt,
    claim.description ?? null,
    claim.detailsDigest,
  ];
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest();
  return BigInt(`0x${digest.toString('hex', 0, digestBytes)}`);
}
