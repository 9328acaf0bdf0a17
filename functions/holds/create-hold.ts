import type { Ledger } from '../../lib/dynamodb/index.ts';
import type { Operation } from '../../lib/http/index.ts';
import { createHold as createHoldCommand } from '../../lib/ledger/index.ts';
import { holdAnswer } from './hold-answer.ts';
import { settle } from './settle.ts';

export function createHold(ledger: Ledger): Operation<'createHold'> {
  return async (request) => {
    const { caller, key, log } = request;
    const { expiresAt, expiresInSeconds, ...body } = request.body;
    const command = createHoldCommand({
      tenant: caller.tenant,
      key,
      ...body,
      ...(expiresAt !== undefined && { expiry: { expiresAt } }),
      ...(expiresInSeconds !== undefined && { expiry: { expiresInSeconds } }),
    });
    log({ accounts: [command.account], holdId: command.holdId });
    return holdAnswer(201, await settle(ledger, request, command));
  };
}
