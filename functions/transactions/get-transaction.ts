import type { Ledger } from '../../lib/dynamodb/index.ts';
import { HttpProblem, json, type Operation, weakETag } from '../../lib/http/index.ts';
import { transactionOf } from '../../lib/http/line-representations.ts';
import { type AccountId, digestOf } from '../../lib/ledger/index.ts';
import { accountsOfRecord } from './record-accounts.ts';

/** Hexadecimal digits that tell one view of a transaction from another. */
const viewLength = 16;

export function getTransaction(ledger: Ledger): Operation<'getTransaction'> {
  return async ({ path: { transactionId }, caller: { tenant }, ownAmong, log }) => {
    log({ transactionId });
    const record = await ledger.transactions.record(tenant, transactionId);
    const own = record && ownAmong && (await ownAmong(await accountsOfRecord(ledger, tenant, record)));
    const transaction = record && own?.size !== 0 && transactionOf(transactionId, record, own);
    if (!transaction) throw new HttpProblem('not_found', 'There is no such transaction.');
    // Nothing of a transaction changes but its status, what was reversed of it, what was made of one that failed, and that it was redacted.
    const { reversed } = record;
    const isReprocessed = 'reprocessedBy' in transaction;
    const etag = weakETag(
      transaction.status,
      ...(reversed ? [reversed.reversals] : []),
      ...(isReprocessed ? ['again'] : []),
      ...('redacted' in transaction ? ['redacted'] : []),
      ...(own ? [viewOf(own)] : []),
    );
    return json(200, transaction, { etag });
  };
}

/** Owners see different parts of one transaction, so that what one of them has is never what another asks for. */
function viewOf(own: ReadonlySet<AccountId>): string {
  return digestOf([...own].sort()).slice(0, viewLength);
}
