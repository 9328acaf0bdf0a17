import type { Ledger } from '../../lib/dynamodb/index.ts';
import type { Operation } from '../../lib/http/index.ts';
import { flows } from '../../lib/ledger/index.ts';
import { postFlow } from './flow.ts';

export function createWithdrawal(ledger: Ledger): Operation<'createWithdrawal'> {
  return (request) => postFlow(ledger, 'createWithdrawal', flows.withdrawal, request);
}
