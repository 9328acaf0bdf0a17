import type { Ledger } from '../../lib/dynamodb/index.ts';
import { HttpProblem, type OperationRequest } from '../../lib/http/index.ts';
import { declinedProblem, failedProblem, refusedProblem } from '../../lib/http/ledger-problems.ts';
import type { OperationId } from '../../lib/http/routes.ts';
import { type Command, type KeyResult, maxCommitMs } from '../../lib/ledger/index.ts';
import { countedOutcomeOf, countedTypeOf } from '../../lib/observability/index.ts';

type HoldRequest = Pick<OperationRequest<OperationId>, 'ownAccounts' | 'cause' | 'log' | 'remainingTimeInMillis'>;

/** What a key did, by this request or an earlier one. */
export interface Settled {
  readonly result: KeyResult;
  readonly replayed: boolean;
}

/**
 * Executes a command on a hold, and logs what came of it.
 *
 * @throws HttpProblem where it was declined or refused, and where there is no answer
 */
export async function settle(
  ledger: Ledger,
  { ownAccounts, cause, log, remainingTimeInMillis }: HoldRequest,
  command: Command,
): Promise<Settled> {
  const outcome = await ledger.execute(command, Math.min(maxCommitMs, remainingTimeInMillis()), cause);
  const { attempts: commitAttempts } = outcome;
  switch (outcome.kind) {
    case 'settled':
      break;
    case 'key_reused':
      throw new HttpProblem('idempotency_key_reused');
    case 'refused':
      throw refusedProblem(outcome);
    case 'failed':
      if (commitAttempts > 0) log({ commitAttempts });
      throw new HttpProblem(outcome.code);
  }
  const { result, replayed } = outcome;
  if (replayed) log({ replayed });
  else log({ commitAttempts });
  if (result.kind === 'pending') log({ transactionId: result.pending.id });
  if (result.kind !== 'transaction') return { result, replayed };
  const { transaction } = result;
  log({ transactionId: transaction.id });
  // A replay settles nothing: the transaction was counted when it was settled.
  const type = countedTypeOf(transaction.type);
  if (!replayed) log({ type, outcome: countedOutcomeOf(transaction) });
  if (transaction.status === 'failed') throw failedProblem(transaction, { replayed });
  if (transaction.status === 'rejected') throw declinedProblem(transaction, { replayed }, ownAccounts);
  return { result, replayed };
}
