import type { Context } from 'aws-lambda';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { systemClock } from '../../lib/dynamodb/index.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { DeliveryStore } from '../../lib/platform/delivery-store.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { QueueSender } from '../../lib/sqs/index.ts';
import { DueSweep } from '../../lib/webhooks/due-sweep.ts';

/** What is kept back of the function's time, to say what the run came to. */
const marginMs = 10_000;

const environment = readEnvironment(['PLATFORM_TABLE', 'DELIVERIES_QUEUE_URL']);
const { logger, metrics } = createInstruments();
const flags = flagsOfEnvironment(logger);
const queue = new QueueSender({ queueUrl: environment.DELIVERIES_QUEUE_URL });
const sweep = new DueSweep(
  new DeliveryStore(openPlatformTable({ table: environment.PLATFORM_TABLE })),
  queue,
  systemClock,
);

/** Wakes the deliveries that are due, and says in one line how many and since when. It fails only where nothing could be done at all. */
export async function handler(_event: unknown, context: Context): Promise<void> {
  if (!(await flags.current()).acceptWrites) {
    logger.info('no deliveries woken: changes are switched off');
    return;
  }
  const run = await sweep.run(Math.max(0, context.getRemainingTimeInMillis() - marginMs));
  const { due, longestOverdueMs, isComplete, errors } = run;
  for (const error of errors) logger.error('due deliveries could not be woken', { error: error as Error });
  if (due === 0 && errors.length > 0) throw new AggregateError(errors, 'no due delivery could be woken');
  logger.info('due deliveries', {
    requestId: context.awsRequestId,
    ...(!isComplete && { unfinished: true }),
    ...metrics.fields({ dueDeliveries: due, deliveryOverdue: longestOverdueMs }, Date.now()),
  });
}
