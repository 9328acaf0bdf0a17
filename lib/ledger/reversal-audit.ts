import type { TenantId } from './account.ts';
import type { AuditFinding } from './audit-finding.ts';
import type { HoldClaim } from './hold-audit.ts';
import { remainingOf } from './reversal.ts';
import type { PostedTransaction, ReversalState } from './transaction.ts';

/** What was reversed of a transaction, as its record says it. */
export type Reversed = Omit<ReversalState, 'transaction'>;

/**
 * What a transaction says of reversals: as one that was reversed, how much, how often and by which one last; as one that
 * reverses, the opposite of all that, and which one was before it. So every reversal is named by just one other record.
 */
export function claimsOfReversals(
  tenant: TenantId,
  transaction: PostedTransaction,
  reversed: Reversed | undefined,
): HoldClaim[] {
  const claims: HoldClaim[] = [];
  if (reversed) {
    const { reversedAmount, reversals, lastReversal } = reversed;
    claims.push(
      { tenant, measure: 'reversed', subject: transaction.id, amount: reversedAmount },
      { tenant, measure: 'reversals', subject: transaction.id, amount: BigInt(reversals) },
    );
    if (lastReversal !== null) claims.push({ tenant, measure: 'named', subject: lastReversal, amount: 1n });
  }
  const { id, reverses, previousReversal, postings } = transaction;
  if (reverses === undefined) return claims;
  const [posting, ...others] = postings;
  // A transaction with several postings is reversed whole, and its record names no amount.
  const amount = posting && others.length === 0 ? posting.amount : 0n;
  claims.push(
    { tenant, measure: 'reversed', subject: reverses, amount: -amount },
    { tenant, measure: 'reversals', subject: reverses, amount: -1n },
    { tenant, measure: 'named', subject: id, amount: -1n },
  );
  if (previousReversal) claims.push({ tenant, measure: 'named', subject: previousReversal, amount: 1n });
  return claims;
}

/** What does not fit in what was reversed of a transaction by itself. */
export function auditReversed(
  tenant: TenantId,
  transaction: PostedTransaction,
  reversed: Reversed | undefined,
): AuditFinding[] {
  if (!reversed) return [];
  const remaining = remainingOf({ transaction, ...reversed });
  if (remaining === null || remaining >= 0n) return [];
  const detail = `${reversed.reversedAmount} was reversed, ${-remaining} more than it moved`;
  return [{ kind: 'wrong_reversals', tenant, subject: transaction.id, detail }];
}
