import type { AccountId, TenantId } from './account.ts';
import type { AuditFinding } from './audit-finding.ts';
import type { HoldClaim } from './hold-audit.ts';
import type { Acceptance } from './pending-transaction.ts';
import type { TransactionId } from './transaction.ts';

/** A place in a line, as far as an audit goes. */
export interface AuditedPlace {
  readonly account: AccountId;
  readonly transaction: TransactionId;
  /** Milliseconds since 1970. */
  readonly acceptedAt: number;
}

/** What a record says of a transaction that waits: that it has this place in a line. */
export function claimOfWaiting(tenant: TenantId, id: TransactionId, accepted: Acceptance | undefined): HoldClaim {
  return { tenant, measure: 'waiting', subject: subjectOf(id, accepted?.account, accepted?.at), amount: 1n };
}

/** What a place in a line says: that this transaction waits there. */
export function claimOfPlace(tenant: TenantId, { transaction, account, acceptedAt }: AuditedPlace): HoldClaim {
  return { tenant, measure: 'waiting', subject: subjectOf(transaction, account, acceptedAt), amount: -1n };
}

/** A transaction that waits, and has no place. */
export function withoutPlace(tenant: TenantId, id: TransactionId, accepted: Acceptance | undefined): AuditFinding {
  const subject = subjectOf(id, accepted?.account, accepted?.at);
  return { kind: 'wrong_line', tenant, subject, detail: 'it waits, and has no place' };
}

/** A place at which nothing waits. */
export function withoutWaiting(tenant: TenantId, { transaction, account, acceptedAt }: AuditedPlace): AuditFinding {
  const subject = subjectOf(transaction, account, acceptedAt);
  return { kind: 'wrong_line', tenant, subject, detail: 'it has a place, and does not wait' };
}

function subjectOf(id: TransactionId, account: AccountId | undefined, at: number | undefined): string {
  return account === undefined ? `${id} in no line` : `${id} in the line of ${account} at ${at}`;
}
