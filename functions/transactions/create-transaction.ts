import type { Ledger } from '../../lib/dynamodb/index.ts';
import type { Operation } from '../../lib/http/index.ts';
import { postAnswer } from './post-answer.ts';

export function createTransaction(ledger: Ledger): Operation<'createTransaction'> {
  return (request) => {
    const { postings, type = 'transaction', exchange, description, metadata } = request.body;
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
