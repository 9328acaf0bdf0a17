import { type Answer, json } from '../../lib/http/index.ts';
import { holdLocation, holdOf } from '../../lib/http/representations.ts';
import { InvariantViolation } from '../../lib/ledger/index.ts';
import type { Settled } from './settle.ts';

/** The answer of an operation that makes or ends a hold: of the key's record and nothing else, so that a replay has the same bytes. */
export function holdAnswer(status: 200 | 201, { result, replayed }: Settled): Answer {
  if (result.kind !== 'hold') throw new InvariantViolation(`the key made a ${result.kind} and no hold`);
  const { hold } = result;
  return json(status, holdOf(hold), { replayed, ...(status === 201 && { location: holdLocation(hold.id) }) });
}
