import type { Ledger } from '../../lib/dynamodb/index.ts';
import { HttpProblem, type Operation } from '../../lib/http/index.ts';
import { reverseTransaction } from '../../lib/ledger/index.ts';
import { commandAnswer } from './post-answer.ts';

/** What the credentials must allow beyond the route's own scope, where an account may be left below its floor. */
const overdraftScope = 'transactions:overdraft';

export function createReversal(ledger: Ledger): Operation<'createReversal'> {
  return (request) => {
    const { path, body, caller, key } = request;
    const { amount, allowOverdraft: mayOverdraw, description, metadata } = body;
    if (mayOverdraw && !caller.allows(overdraftScope)) {
      throw new HttpProblem('forbidden', `To allow an overdraft takes the scope ${overdraftScope}.`);
    }
    const reverses = path.transactionId;
    return commandAnswer(
      ledger,
      request,
      reverseTransaction({ tenant: caller.tenant, key, reverses, amount, mayOverdraw, description, metadata }),
    );
  };
}
