import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { Ledger } from '../../lib/dynamodb/index.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { lineGroup, QueueSender } from '../../lib/sqs/index.ts';

/** What waits longer than this has likely been forgotten, in milliseconds: its wake-ups were lost, or have failed too often. */
const olderThanMs = 30_000;

const environment = readEnvironment(['LEDGER_TABLE', 'LINES_QUEUE_URL']);
const { logger, metrics } = createInstruments();
const flags = flagsOfEnvironment(logger);
const ledger = new Ledger({ table: environment.LEDGER_TABLE });
const lines = new QueueSender({ queueUrl: environment.LINES_QUEUE_URL });

/** Wakes the lines in which something waits for too long, and says in one line how many wait and since when. */
export async function handler(_event: unknown, context: Context): Promise<void> {
  if (!(await flags.current()).acceptWrites) {
    logger.info('no lines woken: changes are switched off');
    return;
  }
  const { lines: overdueLines, overdue, oldestAgeMs } = await ledger.overdueLines(olderThanMs);
  logger.info('overdue lines', {
    requestId: context.awsRequestId,
    lines: overdueLines.length,
    ...metrics.fields({ overduePending: overdue, oldestPending: oldestAgeMs }, Date.now()),
  });
  await lines.send(
    overdueLines.map(({ tenant, account }) => ({
      body: { tenant, account },
      group: lineGroup(tenant, account),
      // Not that of an earlier wake-up, which the queue would still know.
      deduplicationId: randomUUID(),
      cause: { correlationId: context.awsRequestId },
    })),
  );
}
