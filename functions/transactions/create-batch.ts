import type { BatchOutcome, BatchPreview, BatchResult, Ledger } from '../../lib/dynamodb/index.ts';
import { acceptAnswer, acceptedAnswer } from '../../lib/http/accepted-answer.ts';
import { type Answer, HttpProblem, json, type Operation, type OperationRequest } from '../../lib/http/index.ts';
import { declinedProblem, failedProblem, refusedProblem } from '../../lib/http/ledger-problems.ts';
import type { LogFields } from '../../lib/http/log-fields.ts';
import { postedTransactionOf, previewOf } from '../../lib/http/representations.ts';
import { maxCommitMs, type PostBatch, postBatch } from '../../lib/ledger/index.ts';
import { countedTypeOf, failedOutcome, postedOutcome } from '../../lib/observability/index.ts';
import { requireOwnersTerms } from './owner-terms.ts';
import { loggedAccounts } from './post-answer.ts';

/** The accounts whose entries may be told; undefined where all may. */
type OwnAccounts = OperationRequest<'createBatch'>['ownAccounts'];

export function createBatch(ledger: Ledger): Operation<'createBatch'> {
  return async (request) => {
    const { body, caller, ownAccounts: own, key, query, cause, log, remainingTimeInMillis } = request;
    const { transactions } = body;
    await requireOwnersTerms(ledger, request, transactions);
    const command = postBatch({ tenant: caller.tenant, key, transactions });
    const timeMs = Math.min(maxCommitMs, remainingTimeInMillis());
    log({
      accounts: loggedAccounts(command.members.flatMap(({ postings }) => postings)),
      members: transactions.length,
    });
    if (query.dryRun) {
      log({ dryRun: true });
      return previewAnswer(await ledger.previewBatch(command, timeMs), own);
    }
    if (request.prefersAsync) return acceptAnswer(ledger, request, command);
    const result = await ledger.postBatch(command, timeMs, cause);
    log(courseOf(result, command.type));
    return outcomeAnswer(result, command, own);
  };
}

/** What the log says of a result. A batch counts as one transaction, which a replay does not make. */
function courseOf(result: BatchResult, type: string): LogFields {
  const { kind, attempts: commitAttempts } = result;
  if (kind === 'posted' || kind === 'rejected') {
    if (result.replayed) return { replayed: true };
    const outcome = kind === 'posted' ? postedOutcome : result.transaction.reason;
    return { type: countedTypeOf(type), outcome, commitAttempts };
  }
  if (kind === 'gave_up') return { type: countedTypeOf(type), outcome: failedOutcome, commitAttempts };
  if (kind === 'pending' && !result.replayed) return { accepted: true, commitAttempts };
  return kind === 'failed' && commitAttempts > 0 ? { commitAttempts } : {};
}

function outcomeAnswer(outcome: BatchOutcome, command: PostBatch, own: OwnAccounts): Answer {
  switch (outcome.kind) {
    case 'posted': {
      const { transactions, replayed } = outcome;
      const answers = transactions.map((transaction) => postedTransactionOf(transaction, own));
      return json(201, { id: command.id, transactions: answers }, { replayed });
    }
    case 'rejected':
      throw declinedProblem(outcome.transaction, outcome, own);
    case 'gave_up':
      throw failedProblem(outcome.transaction, outcome);
    case 'pending':
      return acceptedAnswer(command, outcome.acceptedAt, outcome);
    case 'key_reused':
      throw new HttpProblem('idempotency_key_reused');
    case 'refused':
      throw refusedProblem(outcome);
    case 'failed':
      throw new HttpProblem(outcome.code);
  }
}

function previewAnswer(outcome: BatchPreview, own: OwnAccounts): Answer {
  if (outcome.kind === 'refused') throw refusedProblem(outcome);
  if (outcome.kind === 'rejected') throw declinedProblem(outcome.transaction, undefined, own);
  const previews = outcome.transactions.map((transaction) => previewOf(transaction, own));
  return json(200, { dryRun: true, transactions: previews });
}
