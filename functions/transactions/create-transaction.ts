import type { Ledger } from '../../lib/dynamodb/index.ts';
import type { Operation } from '../../lib/http/index.ts';
import { requireOwnersTerms } from './owner-terms.ts';
import { postAnswer } from './post-answer.ts';

export function createTransaction(ledger: Ledger): Operation<'createTransaction'> {
  return async (request) => {
    const { postings, type = 'transaction', exchange, description, metadata } = request.body;
    await requireOwnersTerms(ledger, request, [{ type, postings, exchange }]);
    return postAnswer(ledger, request, {
      operation: 'createTransaction',
      type,
      postings,
      exchange,
      description,
      metadata,
    });
  };
}
