import { InvocationError } from '../invocation-errors.ts';
import { type BatchOutcome, readOutcome } from './batch-outcome.ts';

/** The function that a source calls. */
export interface BatchFunction {
  invoke(event: unknown, maximumWaitMs: number, tracing?: string): Promise<unknown>;
}

/** `not-started`: there was no room for the call, so that nothing was run. */
export type InvocationOutcome = BatchOutcome | 'not-started';

/** How long a batch waits for a free isolate before it is put back. */
const maximumWaitMs = 30_000;

/**
 * Calls the function with a batch. What goes wrong in it is counted and reported by the function itself; here it is an outcome.
 * @param ids of the items, as the function names those that failed; undefined: it does not.
 */
export async function invokeWithBatch(
  target: BatchFunction,
  event: object,
  ids: ReadonlySet<string> | undefined,
  tracing?: string,
): Promise<InvocationOutcome> {
  try {
    const answer = await target.invoke(event, maximumWaitMs, tracing);
    return ids === undefined ? 'succeeded' : readOutcome(answer, ids);
  } catch (error) {
    if (!(error instanceof InvocationError)) throw error;
    return error.failure === 'not-started' || error.failure === 'throttled' ? 'not-started' : 'failed';
  }
}
