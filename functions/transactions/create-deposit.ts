import type { Ledger } from '../../lib/dynamodb/index.ts';
import type { Operation } from '../../lib/http/index.ts';
import { flows } from '../../lib/ledger/index.ts';
import { postFlow } from './flow.ts';

export function createDeposit(ledger: Ledger): Operation<'createDeposit'> {
  return (request) => postFlow(ledger, 'createDeposit', flows.deposit, request);
}
