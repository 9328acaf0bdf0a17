import type { Ledger } from '../../lib/dynamodb/index.ts';
import type { Operation } from '../../lib/http/index.ts';
import { flows } from '../../lib/ledger/index.ts';
import { postFlow } from './flow.ts';

export function createBonus(ledger: Ledger): Operation<'createBonus'> {
  return (request) => postFlow(ledger, 'createBonus', flows.bonus, request);
}
