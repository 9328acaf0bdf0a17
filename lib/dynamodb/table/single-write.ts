import { InvariantViolation, LedgerError } from '../../ledger/index.ts';
import { boundedTimeout } from './client.ts';
import { type Fault, faultOf } from './faults.ts';
import { type Clock, Patience } from './patience.ts';

/** How long a change of an account or asset is tried, all its attempts together, in milliseconds. */
const writeTimeoutMs = 5_000;

const maxAttempts = 8;

/** What became of a write: applied, or refused by a fault that says why. */
export interface WriteResult {
  readonly refusal?: Extract<Fault, { kind: 'condition' | 'cancelled' }>;
  /** Whether the answer to a try was lost: a refusal may then be the effect of that very try. */
  readonly isInDoubt: boolean;
}

/**
 * Sends a conditional write until it is known that it was applied, or refused (`condition`, `cancelled`). The write must
 * be one that may be sent again: the key it is made under is part of it, so that after a lost answer whoever is refused
 * can look whether that was the effect of the first try.
 *
 * @throws LedgerError `unavailable` when no try had an effect, `outcome_unknown` when one may have
 */
export async function insistently(
  clock: Clock,
  write: (requestTimeout: number) => Promise<unknown>,
): Promise<WriteResult> {
  const patience = new Patience(clock, writeTimeoutMs);
  let isInDoubt = false;
  for (let attempt = 1; ; attempt++) {
    try {
      await write(boundedTimeout(patience));
      return { isInDoubt };
    } catch (error) {
      const fault = faultOf(error);
      if (fault.kind === 'condition' || fault.kind === 'cancelled') return { refusal: fault, isInDoubt };
      if (fault.kind === 'fatal') throw error;
      if (fault.kind === 'unknown') isInDoubt = true;
      if (attempt === maxAttempts || patience.isOver) {
        throw isInDoubt
          ? new LedgerError('outcome_unknown', 'the answer to a write was lost', {}, { cause: error })
          : new LedgerError('unavailable', 'DynamoDB did not take a write', {}, { cause: error });
      }
    }
    await patience.pause(attempt);
  }
}

/**
 * A write that met another one is made again; one that DynamoDB finds wrong would be refused for ever.
 *
 * @throws InvariantViolation for the latter
 */
export function checkRefusal(refusal: NonNullable<WriteResult['refusal']>, what: string): void {
  if (refusal.kind !== 'cancelled') return;
  const invalid = refusal.failures.find(({ kind }) => kind === 'invalid');
  if (invalid) throw new InvariantViolation(`DynamoDB refused ${what}: ${invalid.message}`);
}

/** What an error is once a write may have been applied: that nothing was done is not to be said any more. Any other is as it was. */
export function asUnknown(error: unknown, message: string): unknown {
  const saysNothingWasDone = error instanceof LedgerError && ['contention', 'unavailable'].includes(error.code);
  return saysNothingWasDone ? new LedgerError('outcome_unknown', message, {}, { cause: error }) : error;
}
