import type { Ledger } from '../../lib/dynamodb/index.ts';
import type { Answer, OperationRequest } from '../../lib/http/index.ts';
import { type Flow, flowPosting } from '../../lib/ledger/index.ts';
import { postAnswer } from './post-answer.ts';

export type FlowOperationId = 'createDeposit' | 'createWithdrawal' | 'createTopUp' | 'createBonus' | 'createSpend';

/** All flows take the same path, query and body. */
type FlowRequest = Pick<OperationRequest<'createDeposit'>, keyof OperationRequest<'createDeposit'>>;

/** Posts a named flow on the account in the path. */
export function postFlow<Id extends FlowOperationId>(
  ledger: Ledger,
  operation: Id,
  flow: Flow,
  request: FlowRequest,
): Promise<Answer> {
  const { accountId } = request.path;
  const { asset, amount, description, metadata } = request.body;
  return postAnswer(ledger, request, {
    operation,
    type: flow.type,
    postings: [flowPosting(flow, accountId, asset, amount)],
    description,
    metadata,
    accountInPath: accountId,
  });
}
