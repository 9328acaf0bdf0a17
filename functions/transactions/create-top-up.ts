import type { Ledger } from '../../lib/dynamodb/index.ts';
import type { Operation } from '../../lib/http/index.ts';
import { flows } from '../../lib/ledger/index.ts';
import { postFlow } from './flow.ts';

export function createTopUp(ledger: Ledger): Operation<'createTopUp'> {
  return (request) => postFlow(ledger, 'createTopUp', flows.topUp, request);
}
