import { createHash } from 'node:crypto';
import type { TenantId } from './account.ts';
import type { AuditFinding } from './audit-finding.ts';
import { balanceTitle } from './balance.ts';
import type { Entry } from './entry.ts';
import { claimDigest, claimOf, claimsOf, type EntryClaim } from './entry-claim.ts';
import type { PostedTransaction, TransactionId } from './transaction.ts';

/** Buckets of a tally. Where one does not close, only its share of the transactions has to be looked at again. */
const bucketCount = 4_096;

/** The bucket of a transaction: the same for its record and for all its entries. */
export function bucketOf(tenant: TenantId, transaction: TransactionId): number {
  const digest = createHash('sha256').update(`${tenant}\n${transaction}`).digest();
  return digest.readUInt16BE(0) % bucketCount;
}

/**
 * Tells whether every posted transaction has just its entries and every entry its transaction, in one walk in any order and
 * in memory that does not grow: what transactions claim is added, what entries claim is subtracted, and a bucket
 * that does not come to zero has damage in it. (Bellare and Micciancio's additive hash of a multiset, here against
 * accidents, not against a forger: who can write the table can forge all of it.)
 */
export class TransactionTally {
  readonly #sums: bigint[] = Array.from({ length: bucketCount }, () => 0n);

  addTransaction(tenant: TenantId, transaction: PostedTransaction): void {
    const bucket = bucketOf(tenant, transaction.id);
    for (const claim of claimsOf(transaction)) this.#add(bucket, claimDigest(tenant, claim));
  }

  addEntry(tenant: TenantId, entry: Entry): void {
    this.#add(bucketOf(tenant, entry.transactionId), -claimDigest(tenant, claimOf(entry)));
  }

  #add(bucket: number, value: bigint): void {
    this.#sums[bucket] = (this.#sums[bucket] ?? 0n) + value;
  }

  /** The buckets that do not close; none when transactions and entries agree. */
  openBuckets(): number[] {
    return this.#sums.flatMap((sum, bucket) => (sum === 0n ? [] : [bucket]));
  }
}

interface Pairing {
  readonly tenant: TenantId;
  readonly id: TransactionId;
  transaction?: PostedTransaction;
  readonly entries: Entry[];
}

/** Names the damage in the buckets of a tally that did not close, from their transactions and entries. */
export class TransactionAudit {
  readonly #buckets: ReadonlySet<number>;
  readonly #pairings = new Map<string, Pairing>();

  constructor(buckets: Iterable<number>) {
    this.#buckets = new Set(buckets);
  }

  addTransaction(tenant: TenantId, transaction: PostedTransaction): void {
    const pairing = this.#pairing(tenant, transaction.id);
    if (pairing) pairing.transaction = transaction;
  }

  addEntry(tenant: TenantId, entry: Entry): void {
    this.#pairing(tenant, entry.transactionId)?.entries.push(entry);
  }

  #pairing(tenant: TenantId, id: TransactionId): Pairing | undefined {
    if (!this.#buckets.has(bucketOf(tenant, id))) return undefined;
    const key = `${tenant} ${id}`;
    const known = this.#pairings.get(key);
    if (known) return known;
    const pairing: Pairing = { tenant, id, entries: [] };
    this.#pairings.set(key, pairing);
    return pairing;
  }

  /** What does not agree, when all transactions and entries of the buckets have been added. */
  findings(): AuditFinding[] {
    return [...this.#pairings.values()].flatMap(({ tenant, id, transaction, entries }) =>
      transaction ? auditTransaction(tenant, transaction, entries) : [withoutTransaction(tenant, id, entries)],
    );
  }
}

/** Tells of entries whose transaction is not there, or was not posted. */
export function withoutTransaction(tenant: TenantId, id: TransactionId, entries: readonly Entry[]): AuditFinding {
  const places = entries.map(placeOf).join(', ');
  return { kind: 'missing_transaction', tenant, subject: id, detail: `named by ${places}` };
}

/** Holds a posted transaction to all entries that say they belong to it, and those to the transaction. */
export function auditTransaction(
  tenant: TenantId,
  transaction: PostedTransaction,
  entries: readonly Entry[],
): AuditFinding[] {
  const findings: AuditFinding[] = [];
  const unclaimed = new Map(entries.map((entry) => [placeOf(entry), entry]));
  for (const claim of claimsOf(transaction)) {
    const place = placeOf(claim);
    const entry = unclaimed.get(place);
    unclaimed.delete(place);
    if (!entry) {
      const detail = `there is no ${place} of ${claim.amount}`;
      findings.push({ kind: 'incomplete_transaction', tenant, subject: transaction.id, detail });
      continue;
    }
    const differences = differencesOf(claim, claimOf(entry));
    if (differences.length > 0) {
      findings.push({ kind: 'unlike_transaction', tenant, subject: place, detail: differences.join('; ') });
    }
  }
  for (const place of unclaimed.keys()) {
    findings.push({ kind: 'surplus_entry', tenant, subject: place, detail: `${transaction.id} did not make it` });
  }
  return findings;
}

function placeOf(entry: Pick<EntryClaim, 'account' | 'asset' | 'shard' | 'sequence'>): string {
  return `${balanceTitle(entry)} entry ${entry.sequence}`;
}

function differencesOf(claimed: EntryClaim, found: EntryClaim): string[] {
  const names = Object.keys(claimed) as (keyof EntryClaim)[];
  return names
    .filter((name) => claimed[name] !== found[name])
    .map((name) => `${name} is ${found[name]}, the transaction says ${claimed[name]}`);
}
