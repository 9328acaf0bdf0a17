import type { Ledger } from '../../lib/dynamodb/index.ts';
import { HttpProblem, json, type Operation, weakETag } from '../../lib/http/index.ts';
import { transactionOf } from '../../lib/http/line-representations.ts';

export function getTransaction(ledger: Ledger): Operation<'getTransaction'> {
  return async ({ path: { transactionId }, caller, log }) => {
    log({ transactionId });
    const record = await ledger.transactions.record(caller.tenant, transactionId);
    const transaction = record && transactionOf(transactionId, record);
    if (!transaction) throw new HttpProblem('not_found', 'There is no such transaction.');
    // Nothing of a transaction changes but its status, what was reversed of it, and what was made of one that failed.
    const { reversed } = record;
    const isReprocessed = 'reprocessedBy' in transaction;
    const etag = weakETag(
      transaction.status,
      ...(reversed ? [reversed.reversals] : []),
      ...(isReprocessed ? ['again'] : []),
    );
    return json(200, transaction, { etag });
  };
}
