import type { Ledger } from '../../lib/dynamodb/index.ts';
import { LedgerError } from '../../lib/ledger/index.ts';
import type { BackToWork } from '../../lib/platform/reprocessing.ts';

/** How long a failed transaction may take to be accepted anew, in milliseconds. */
const acceptTimeMs = 4_000;

/** Has the ledger accept failed transactions anew. */
export function acceptAnewBy(ledger: Pick<Ledger, 'reprocess'>): BackToWork['acceptAnew'] {
  return async (tenant, transactionId, cause) => {
    const result = await ledger.reprocess(tenant, transactionId, acceptTimeMs, cause);
    if (result.kind !== 'failed') return result;
    throw new LedgerError(result.code, `${transactionId} could not be accepted anew`);
  };
}
