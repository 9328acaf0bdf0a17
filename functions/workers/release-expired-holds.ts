import type { Context } from 'aws-lambda';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { Ledger } from '../../lib/dynamodb/index.ts';
import { createInstruments } from '../../lib/observability/index.ts';

/** What is kept back of the function's time: a release that was begun in time may take some seconds more. */
const marginMs = 10_000;

const environment = readEnvironment(['LEDGER_TABLE']);
const { logger, metrics } = createInstruments();
const flags = flagsOfEnvironment(logger);
const ledger = new Ledger({ table: environment.LEDGER_TABLE });

/**
 * Releases the holds whose time is over, and says in one line what that came to. What could not be released is told, and
 * left to the next run; the invocation itself fails only where nothing could be done at all.
 */
export async function handler(_event: unknown, context: Context): Promise<void> {
  if (!(await flags.current()).acceptWrites) {
    logger.info('no holds released: changes are switched off');
    return;
  }
  const timeMs = Math.max(0, context.getRemainingTimeInMillis() - marginMs);
  const run = await ledger.releaseExpiredHolds(timeMs, { correlationId: context.awsRequestId });
  const { released, longestOverdueMs, isComplete, errors } = run;
  for (const error of errors) logger.error('expired holds could not be released', { error: errorOf(error) });
  if (released === 0 && errors.length > 0) throw new AggregateError(errors, 'no expired hold could be released');
  logger.info('expired holds', {
    requestId: context.awsRequestId,
    ...(!isComplete && { unfinished: true }),
    ...metrics.fields({ holdsReleased: released, holdOverdue: longestOverdueMs }, Date.now()),
  });
}

function errorOf(error: unknown): Error {
  return error instanceof Error ? error : new Error('something that is no Error was thrown', { cause: error });
}
