import { randomUUID } from 'node:crypto';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { type DrainRun, Ledger } from '../../lib/dynamodb/index.ts';
import { createInstruments, type Measured } from '../../lib/observability/index.ts';
import { deadLetterItem } from '../../lib/platform/dead-letter-item.ts';
import { StoredFailureNotes } from '../../lib/platform/failure-notes.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { lineGroup, lineWakeUp, QueueSender, serveQueue } from '../../lib/sqs/index.ts';

/**
 * How long a line is served before another message takes it on, in milliseconds: the messages of other lines that came with this
 * one are done with only then, and a worker that dies takes a receive from each of them.
 */
const longestDrainMs = 5_000;

const environment = readEnvironment(['LEDGER_TABLE', 'PLATFORM_TABLE', 'LINES_QUEUE_URL']);
const instruments = createInstruments();
const { logger } = instruments;
const ledger = new Ledger({ table: environment.LEDGER_TABLE });
const deadLetters = { table: environment.PLATFORM_TABLE, item: deadLetterItem };
const lines = new QueueSender({ queueUrl: environment.LINES_QUEUE_URL });

/**
 * Executes what waits in the lines of accounts. A message names a line; what waits in it, and in which order, the table
 * says, so that it does not matter how often, in which order or how late messages come.
 */
export const handler = serveQueue({
  name: 'lines',
  message: lineWakeUp,
  instruments,
  flags: flagsOfEnvironment(logger),
  notes: new StoredFailureNotes(openPlatformTable({ table: environment.PLATFORM_TABLE })),
  async handle([first], work) {
    if (!first) return;
    // A group is one line, and one look at it serves all messages that came before the look.
    const { tenant, account } = first.body;
    const run = await ledger.serveLine(tenant, account, work.remainingTimeInMillis(), deadLetters, longestDrainMs);
    work.measure(measuredOf(run));
    for (const { transactionId, attempts, error, cause } of run.failed) {
      const { correlationId } = cause ?? {};
      logger.error('a transaction failed for good', {
        tenant,
        account,
        transactionId,
        attempts,
        correlationId,
        error: error as Error,
      });
    }
    if (run.isEmpty) return;
    // Time is up. Before this message is done with, another one takes the line on.
    await lines.send([
      { body: first.body, group: lineGroup(tenant, account), deduplicationId: randomUUID(), cause: first.cause },
    ]);
  },
});

function measuredOf({ settled, failed }: DrainRun): Measured {
  return {
    applied: settled.length,
    appliedRejected: settled.filter(({ outcome }) => outcome !== 'posted').length,
    failedTransactions: failed.length,
    ...(settled.length > 0 && { lineWait: Math.max(...settled.map(({ waitedMs }) => waitedMs)) }),
  };
}
