import type { Ledger } from '../../lib/dynamodb/index.ts';
import type { Operation } from '../../lib/http/index.ts';
import { flows } from '../../lib/ledger/index.ts';
import { postFlow } from './flow.ts';

export function createSpend(ledger: Ledger): Operation<'createSpend'> {
  return (request) => postFlow(ledger, 'createSpend', flows.spend, request);
}
