import type { Ledger } from '../../lib/dynamodb/index.ts';
import { feeScheduleOf } from '../../lib/http/fee-representations.ts';
import { json, type Operation, weakETag } from '../../lib/http/index.ts';

export function getFeeSchedule(ledger: Ledger): Operation<'getFeeSchedule'> {
  return async ({ path: { version }, caller }) =>
    // A version is never changed.
    json(200, feeScheduleOf(await ledger.fees.get(caller.tenant, version)), { etag: weakETag(version) });
}
