import type { Ledger, PreviewOutcome, TransactionResult } from '../../lib/dynamodb/index.ts';
import { acceptAnswer, acceptedAnswer } from '../../lib/http/accepted-answer.ts';
import { type Answer, HttpProblem, json, type OperationRequest } from '../../lib/http/index.ts';
import { declinedProblem, failedProblem, refusedProblem } from '../../lib/http/ledger-problems.ts';
import type { LogFields } from '../../lib/http/log-fields.ts';
import { postedTransactionOf, previewOf, transactionLocation } from '../../lib/http/representations.ts';
import type { OperationId } from '../../lib/http/routes.ts';
import {
  type AccountId,
  InvariantViolation,
  maxCommitMs,
  type Posting,
  type PostTransactionRequest,
  postTransaction,
  type TransactionCommand,
} from '../../lib/ledger/index.ts';
import { countedOutcomeOf, countedTypeOf } from '../../lib/observability/index.ts';

/** Accounts named in a log line at the most: a kilobyte of them. */
const maxLoggedAccounts = 8;

/** What the posting operations have in common of their requests. */
type PostingRequest = Pick<
  OperationRequest<OperationId>,
  'caller' | 'ownAccounts' | 'key' | 'prefersAsync' | 'cause' | 'log' | 'remainingTimeInMillis'
> & {
  readonly query: { readonly dryRun: boolean };
};

/** What an operation makes of its body. */
type Movement = Pick<
  PostTransactionRequest,
  'operation' | 'type' | 'postings' | 'exchange' | 'description' | 'metadata'
> & {
  /** The account in the path, if there is one: its absence is a 404 of the path and not a fault of the body. */
  readonly accountInPath?: AccountId;
};

/**
 * Posts a movement, or tries what would become of it, and renders the outcome. The answer is made of the transaction's
 * record and of who asks, and of nothing else, so that every replay has the same bytes.
 *
 * @throws HttpProblem for every outcome that is not `posted`
 */
export async function postAnswer(
  ledger: Ledger,
  request: PostingRequest,
  { accountInPath, ...movement }: Movement,
): Promise<Answer> {
  const command = postTransaction({ tenant: request.caller.tenant, key: request.key, ...movement });
  return commandAnswer(ledger, request, command, accountInPath);
}

/** The same for any command that makes one transaction. */
export async function commandAnswer(
  ledger: Ledger,
  request: PostingRequest,
  command: TransactionCommand,
  accountInPath?: AccountId,
): Promise<Answer> {
  const { query, cause, log, remainingTimeInMillis, ownAccounts: own } = request;
  const timeMs = Math.min(maxCommitMs, remainingTimeInMillis());
  if ('postings' in command) log({ accounts: loggedAccounts(command.postings) });
  if (query.dryRun) {
    log({ dryRun: true });
    return previewAnswer(await ledger.preview(command, timeMs), { accountInPath, own });
  }
  if (request.prefersAsync) return acceptAnswer(ledger, request, command, accountInPath);
  log({ transactionId: command.id });
  const result = await ledger.post(command, timeMs, cause);
  // Of a reversal, only what became of it says whose money it moved.
  if (result.kind === 'settled') log({ accounts: loggedAccounts(result.transaction.postings) });
  log(courseOf(result, command));
  return outcomeAnswer(result, command, { accountInPath, own });
}

/** What an answer depends on beside the outcome. */
interface View {
  readonly accountInPath: AccountId | undefined;
  /** The accounts whose entries may be told; undefined where all may. */
  readonly own: ReadonlySet<AccountId> | undefined;
}

/** The first few accounts of postings: enough to find it by, and bounded where it has many. */
export function loggedAccounts(postings: readonly Posting[]): AccountId[] {
  const accounts = new Set(postings.flatMap(({ source, destination }) => [source, destination]));
  return [...accounts].slice(0, maxLoggedAccounts);
}

/** What the log says of a result. A replay settles nothing: the transaction was counted when it was settled. */
function courseOf(result: TransactionResult, { type }: TransactionCommand): LogFields {
  const { attempts: commitAttempts } = result;
  if (result.kind === 'settled') {
    if (result.replayed) return { replayed: true };
    return { type: countedTypeOf(type), outcome: countedOutcomeOf(result.transaction), commitAttempts };
  }
  if (result.kind === 'pending' && !result.replayed) return { accepted: true, commitAttempts };
  return result.kind === 'failed' && commitAttempts > 0 ? { commitAttempts } : {};
}

function outcomeAnswer(outcome: TransactionResult, command: TransactionCommand, { accountInPath, own }: View): Answer {
  switch (outcome.kind) {
    case 'settled': {
      const { transaction, replayed } = outcome;
      if (transaction.status === 'posted') {
        return json(201, postedTransactionOf(transaction, own), {
          location: transactionLocation(command.id),
          replayed,
        });
      }
      if (transaction.status === 'failed') throw failedProblem(transaction, { replayed });
      throw declinedProblem(transaction, { replayed }, own);
    }
    case 'pending':
      return acceptedAnswer(command, outcome.acceptedAt, outcome);
    case 'key_reused':
      throw new HttpProblem('idempotency_key_reused');
    case 'refused':
      throw refusedProblem(outcome, accountInPath);
    case 'failed':
      throw new HttpProblem(outcome.code);
  }
}

function previewAnswer(outcome: PreviewOutcome, { accountInPath, own }: View): Answer {
  if (outcome.kind === 'refused') throw refusedProblem(outcome, accountInPath);
  if (outcome.transaction.status === 'posted') return json(200, previewOf(outcome.transaction, own));
  if (outcome.transaction.status === 'failed') throw new InvariantViolation('a dry run fails for good');
  throw declinedProblem(outcome.transaction, undefined, own);
}
