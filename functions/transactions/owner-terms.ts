import { type Clock, type Ledger, systemClock } from '../../lib/dynamodb/index.ts';
import { HttpProblem, type OperationRequest } from '../../lib/http/index.ts';
import type { OperationId } from '../../lib/http/routes.ts';
import { type BatchMemberRequest, maxFeeVersionsAhead, type TenantId } from '../../lib/ledger/index.ts';

type Asked = Pick<BatchMemberRequest, 'type' | 'postings' | 'exchange'>;
type OwnersRequest = Pick<OperationRequest<OperationId>, 'caller' | 'ownAccounts'>;

/**
 * Holds owners to the terms that their tenant has for them. Fees go by the type of a transaction and are for single postings, so whoever
 * chose the type, or took several postings for one, would choose what it costs, and with a fee of the destination what it costs another.
 *
 * - a single posting of type `transfer` is what every owner may post: it is charged like any transfer;
 * - other postings are of type `transaction`, without an exchange, and only in a tenant that charges nothing, now or soon.
 *
 * That is known in time: a fee schedule takes effect later after it is made than any request lasts.
 *
 * @throws HttpProblem `forbidden`; LedgerError `unavailable`
 */
export async function requireOwnersTerms(
  ledger: Ledger,
  { caller, ownAccounts }: OwnersRequest,
  transactions: readonly Asked[],
  clock: Pick<Clock, 'now'> = systemClock,
): Promise<void> {
  if (!ownAccounts) return;
  const others = transactions.filter(
    ({ type, postings, exchange }) => type !== 'transfer' || postings.length > 1 || exchange !== undefined,
  );
  if (others.length === 0) return;
  if (others.some(({ type, exchange }) => type !== 'transaction' || exchange !== undefined)) {
    throw new HttpProblem('forbidden', 'Owners name neither a type of their own nor an exchange.');
  }
  if (await chargesFees(ledger, caller.tenant, clock.now())) {
    throw new HttpProblem('forbidden', 'Where fees are charged, owners post transfers, withdrawals and spends only.');
  }
}

/** Whether any version of the fee schedule that is in force, or waits to be, has a rule. One Query. */
async function chargesFees(ledger: Ledger, tenant: TenantId, now: number): Promise<boolean> {
  const { schedules } = await ledger.fees.list(tenant, maxFeeVersionsAhead + 1);
  const inForce = schedules.findIndex(({ effectiveAt }) => effectiveAt <= now);
  const relevant = inForce < 0 ? schedules : schedules.slice(0, inForce + 1);
  return relevant.some(({ rules }) => rules.length > 0);
}
