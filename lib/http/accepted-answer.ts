import type { AcceptResult, Ledger } from '../dynamodb/index.ts';
import { type AccountId, type LineCommand, maxCommitMs } from '../ledger/index.ts';
import { type Answer, json } from './answer.ts';
import { refusedProblem } from './ledger-problems.ts';
import { acceptedOf } from './line-representations.ts';
import type { OperationRequest } from './operation.ts';
import { respondAsync } from './prefer.ts';
import { HttpProblem } from './problem.ts';
import { transactionLocation } from './representations.ts';
import type { OperationId } from './routes.ts';

type AcceptingRequest = Pick<OperationRequest<OperationId>, 'cause' | 'log' | 'remainingTimeInMillis'>;

/**
 * Accepts a command to be executed in the background, and answers `202` with what was accepted.
 *
 * @throws HttpProblem where it was refused, or there is no answer
 */
export async function acceptAnswer(
  ledger: Ledger,
  { cause, log, remainingTimeInMillis }: AcceptingRequest,
  command: LineCommand,
  accountInPath?: AccountId,
): Promise<Answer> {
  log({ transactionId: command.id });
  const result = await ledger.accept(command, Math.min(maxCommitMs, remainingTimeInMillis()), cause);
  return outcomeAnswer(result, command, accountInPath, log);
}

function outcomeAnswer(
  result: AcceptResult,
  command: LineCommand,
  accountInPath: AccountId | undefined,
  log: AcceptingRequest['log'],
): Answer {
  const { attempts: commitAttempts } = result;
  switch (result.kind) {
    case 'accepted': {
      const { acceptedAt, replayed } = result;
      log(replayed ? { replayed } : { accepted: true, commitAttempts });
      return acceptedAnswer(command, acceptedAt, { replayed, isAsked: true });
    }
    case 'key_reused':
      throw new HttpProblem('idempotency_key_reused');
    case 'refused':
      throw refusedProblem(result, accountInPath);
    case 'failed':
      if (commitAttempts > 0) log({ commitAttempts });
      throw new HttpProblem(result.code);
  }
}

/** The answer to a request whose command waits in a line: whether that was asked for, or it was sent there. */
export function acceptedAnswer(
  command: LineCommand,
  acceptedAt: number,
  { replayed, isAsked = false }: { readonly replayed: boolean; readonly isAsked?: boolean },
): Answer {
  return json(202, acceptedOf(command, acceptedAt), {
    location: transactionLocation(command.id),
    replayed,
    ...(isAsked && { headers: { 'Preference-Applied': respondAsync } }),
  });
}
