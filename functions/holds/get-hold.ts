import { type Clock, type Ledger, systemClock } from '../../lib/dynamodb/index.ts';
import { HttpProblem, json, type Operation, weakETag } from '../../lib/http/index.ts';
import { holdOf } from '../../lib/http/representations.ts';
import { holdStatusAt } from '../../lib/ledger/index.ts';

export function getHold(ledger: Ledger, clock: Pick<Clock, 'now'> = systemClock): Operation<'getHold'> {
  return async ({ path: { holdId }, caller, ownAmong, log }) => {
    log({ holdId });
    const hold = await ledger.holds.get(caller.tenant, holdId);
    const isTheirs = hold && (!ownAmong || (await ownAmong([hold.account])).size > 0);
    if (!isTheirs) throw new HttpProblem('not_found', 'There is no such hold.');
    // Its time ends it, before anybody has noticed.
    const status = holdStatusAt(hold, clock.now());
    return json(200, holdOf({ ...hold, status }), { etag: weakETag(hold.version, status) });
  };
}
