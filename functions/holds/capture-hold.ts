import type { Ledger } from '../../lib/dynamodb/index.ts';
import { acceptAnswer, acceptedAnswer } from '../../lib/http/accepted-answer.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import { postedTransactionOf, transactionLocation } from '../../lib/http/representations.ts';
import { captureHold as captureHoldCommand, InvariantViolation } from '../../lib/ledger/index.ts';
import { settle } from './settle.ts';

export function captureHold(ledger: Ledger): Operation<'captureHold'> {
  return async (request) => {
    const { path, body, caller, ownAccounts, key, log } = request;
    const { holdId } = path;
    log({ accounts: [body.destination], holdId });
    const command = captureHoldCommand({ tenant: caller.tenant, key, holdId, ...body });
    if (request.prefersAsync) return acceptAnswer(ledger, request, command);
    const { result, replayed } = await settle(ledger, request, command);
    if (result.kind === 'pending') {
      if (!replayed) log({ accepted: true });
      return acceptedAnswer(command, result.pending.createdAt, { replayed });
    }
    if (result.kind !== 'transaction' || result.transaction.status !== 'posted') {
      throw new InvariantViolation('the key made no posted transaction');
    }
    const { transaction } = result;
    const answer = postedTransactionOf(transaction, ownAccounts);
    return json(201, answer, { location: transactionLocation(transaction.id), replayed });
  };
}
