import type { AuditLog } from '../../lib/audit/index.ts';
import type { Scope } from '../../lib/auth/index.ts';
import type { Ledger } from '../../lib/dynamodb/index.ts';
import { type Operation, requireScope } from '../../lib/http/index.ts';
import { reverseTransaction } from '../../lib/ledger/index.ts';
import { commandAnswer } from './post-answer.ts';

/** What the credentials must allow beyond the route's own scope, where an account may be left below its floor. */
const overdraftScope: Scope = 'transactions:overdraft';

export function createReversal(ledger: Ledger, acts: Pick<AuditLog, 'note'>): Operation<'createReversal'> {
  return async (request) => {
    const { path, query, body, caller, key } = request;
    const { amount, allowOverdraft: mayOverdraw, description, metadata } = body;
    if (mayOverdraw) requireScope(caller, overdraftScope, 'To allow an overdraft');
    const reverses = path.transactionId;
    if (mayOverdraw && !query.dryRun) {
      // It is recorded before it is executed: that it was asked for is what has to be known, whatever comes of it.
      await acts.note({
        tenant: caller.tenant,
        action: 'transaction.overdrawn',
        target: reverses,
        ...request.by,
        after: { allowOverdraft: true, amount: amount?.toString() },
      });
    }
    return commandAnswer(
      ledger,
      request,
      reverseTransaction({ tenant: caller.tenant, key, reverses, amount, mayOverdraw, description, metadata }),
    );
  };
}
