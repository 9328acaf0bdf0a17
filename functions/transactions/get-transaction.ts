import type { Ledger } from '../../lib/dynamodb/index.ts';
import { HttpProblem, json, type Operation, weakETag } from '../../lib/http/index.ts';
import { transactionOf } from '../../lib/http/representations.ts';

export function getTransaction(ledger: Ledger): Operation<'getTransaction'> {
  return async ({ path: { transactionId }, caller, log }) => {
    log({ transactionId });
    const transaction = await ledger.transactions.get(caller.tenant, transactionId);
    if (!transaction) throw new HttpProblem('not_found', 'There is no such transaction.');
    // Nothing of a transaction changes but its status.
    return json(200, transactionOf(transaction), { etag: weakETag(transaction.status) });
  };
}
