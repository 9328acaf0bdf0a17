import type { Ledger } from '../../lib/dynamodb/index.ts';
import { HttpProblem, json, type Operation, weakETag } from '../../lib/http/index.ts';
import { transactionOf } from '../../lib/http/representations.ts';

export function getTransaction(ledger: Ledger): Operation<'getTransaction'> {
  return async ({ path: { transactionId }, caller, log }) => {
    log({ transactionId });
    const record = await ledger.transactions.record(caller.tenant, transactionId);
    if (record?.result.kind !== 'transaction') throw new HttpProblem('not_found', 'There is no such transaction.');
    const { result, reversed } = record;
    // Nothing of a transaction changes but its status and what was reversed of it.
    const etag = weakETag(result.transaction.status, ...(reversed ? [reversed.reversals] : []));
    return json(200, transactionOf(result.transaction, reversed), { etag });
  };
}
