import type { Refused } from '../dynamodb/index.ts';
import { type AccountId, type FailedTransaction, type RejectedTransaction, refusalCodes } from '../ledger/index.ts';
import { HttpProblem, type ProblemExtensions } from './problem.ts';

/** How the ledger's declines and refusals look on the wire, for every operation that moves or reserves money. */

/**
 * The problem of a decline: final, with its evidence.
 *
 * @param stored where it was stored, and whether an earlier request did; absent for a dry run's
 * @param own the accounts of the request that are the caller's own, where he may know of no others
 */
export function declinedProblem(
  { id, reason, evidence }: RejectedTransaction,
  stored: { readonly replayed: boolean } | undefined,
  own: ReadonlySet<AccountId> | undefined,
): HttpProblem {
  const { account, asset, available, required, window, measure, limit, used, index } = tellable(evidence, own);
  const extensions = {
    ...(stored && { transactionId: id }),
    ...(index !== undefined && { index: String(index) }),
    ...(account !== undefined && { account }),
    ...(asset !== undefined && { asset }),
    ...(available !== undefined && { available: available.toString() }),
    ...(required !== undefined && { required: required.toString() }),
    ...(window !== undefined && { window }),
    ...(measure !== undefined && { measure }),
    ...(limit !== undefined && { limit: limit.toString() }),
    ...(used !== undefined && { used: used.toString() }),
  };
  const headers = stored?.replayed ? { 'Idempotent-Replayed': 'true' } : undefined;
  return new HttpProblem(reason, lateDetail(reason), extensions, headers, stored && `/v1/transactions/${id}`);
}

/** Of what was found on another's account, an owner is told no more than which member of a batch it declined: it might say what there is. */
function tellable(
  evidence: RejectedTransaction['evidence'],
  own: ReadonlySet<AccountId> | undefined,
): RejectedTransaction['evidence'] {
  const { account, index } = evidence;
  if (!own || (account !== undefined && own.has(account))) return evidence;
  return { ...(index !== undefined && { index }) };
}

/** What would have refused it leaves the key unused only where it was found at once. */
function lateDetail(reason: RejectedTransaction['reason']): string | undefined {
  if (!refusalCodes.some((code) => code === reason)) return undefined;
  return 'It was accepted, and rejected for this when its turn came. The answer is final.';
}

/** The problem of a transaction that was given up: final, like a decline. */
export function failedProblem({ id }: FailedTransaction, { replayed }: { readonly replayed: boolean }): HttpProblem {
  const headers = replayed ? { 'Idempotent-Replayed': 'true' } : undefined;
  return new HttpProblem('transaction_failed', undefined, { transactionId: id }, headers, `/v1/transactions/${id}`);
}

/**
 * The problem of a refusal: nothing was done, and the key may be used again.
 *
 * @param accountInPath the account that the path names, if it does: its absence is a 404 of the path and not a fault of the body
 */
export function refusedProblem(
  { code, account, asset, detail, index }: Omit<Refused, 'kind'>,
  accountInPath?: AccountId,
): HttpProblem {
  const evidence: ProblemExtensions = {
    ...(index !== undefined && { index: String(index) }),
    ...(account !== undefined && { account }),
    ...(asset !== undefined && { asset }),
  };
  if (code === 'account_not_found' && account !== undefined && account === accountInPath) {
    return new HttpProblem('not_found', 'There is no such account. The key may be used again.', evidence);
  }
  if (code === 'invalid_request' && detail !== undefined) {
    return new HttpProblem(code, undefined, { ...evidence, errors: [{ in: 'body', pointer: '', detail }] });
  }
  return new HttpProblem(code, detail, evidence);
}
