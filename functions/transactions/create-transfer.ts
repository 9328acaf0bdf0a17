import type { Ledger } from '../../lib/dynamodb/index.ts';
import type { Operation } from '../../lib/http/index.ts';
import { postAnswer } from './post-answer.ts';

export function createTransfer(ledger: Ledger): Operation<'createTransfer'> {
  return (request) => {
    const { source, destination, asset, amount, description, metadata } = request.body;
    return postAnswer(ledger, request, {
      operation: 'createTransfer',
      type: 'transfer',
      postings: [{ source, destination, asset, amount }],
      description,
      metadata,
    });
  };
}
