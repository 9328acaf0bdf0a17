import type { BatchOutcome, BatchPreview, BatchResult, Ledger } from '../../lib/dynamodb/index.ts';
import { acceptAnswer, acceptedAnswer } from '../../lib/http/accepted-answer.ts';
import { type Answer, HttpProblem, json, type Operation } from '../../lib/http/index.ts';
import { declinedProblem, failedProblem, refusedProblem } from '../../lib/http/ledger-problems.ts';
import type { LogFields } from '../../lib/http/log-fields.ts';
import { postedTransactionOf, previewOf } from '../../lib/http/representations.ts';
import { maxCommitMs, type PostBatch, postBatch } from '../../lib/ledger/index.ts';
import { countedTypeOf, failedOutcome, postedOutcome } from '../../lib/observability/index.ts';
import { loggedAccounts } from './post-answer.ts';

export function createBatch(ledger: Ledger): Operation<'createBatch'> {
  return async (request) => {
    const { body, caller, key, query, cause, log, remainingTimeInMillis } = request;
    const { transactions } = body;
    const command = postBatch({ tenant: caller.tenant, key, transactions });
    const timeMs = Math.min(maxCommitMs, remainingTimeInMillis());
    log({
      accounts: loggedAccounts(command.members.flatMap(({ postings }) => postings)),
      members: transactions.length,
    });
    if (query.dryRun) {
      log({ dryRun: true });
      return previewAnswer(await ledger.previewBatch(command, timeMs));
    }
    if (request.prefersAsync) return acceptAnswer(ledger, request, command);
    const result = await ledger.postBatch(command, timeMs, cause);
    log(courseOf(result, command.type));
    return outcomeAnswer(result, command);
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

function outcomeAnswer(outcome: BatchOutcome, command: PostBatch): Answer {
  switch (outcome.kind) {
    case 'posted': {
      const { transactions, replayed } = outcome;
      return json(201, { transactions: transactions.map(postedTransactionOf) }, { replayed });
    }
    case 'rejected':
      throw declinedProblem(outcome.transaction, outcome);
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

function previewAnswer(outcome: BatchPreview): Answer {
  if (outcome.kind === 'refused') throw refusedProblem(outcome);
  if (outcome.kind === 'rejected') throw declinedProblem(outcome.transaction);
  return json(200, { dryRun: true, transactions: outcome.transactions.map(previewOf) });
}
