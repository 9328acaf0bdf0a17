import type { Ledger } from '../../lib/dynamodb/index.ts';
import type { Operation } from '../../lib/http/index.ts';
import { voidHold as voidHoldCommand } from '../../lib/ledger/index.ts';
import { holdAnswer } from './hold-answer.ts';
import { settle } from './settle.ts';

export function voidHold(ledger: Ledger): Operation<'voidHold'> {
  return async (request) => {
    const { path, caller, key, log } = request;
    const { holdId } = path;
    log({ holdId });
    return holdAnswer(200, await settle(ledger, request, voidHoldCommand({ tenant: caller.tenant, key, holdId })));
  };
}
