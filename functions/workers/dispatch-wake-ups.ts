import type { Context, DynamoDBStreamEvent } from 'aws-lambda';
import { readEnvironment } from '../../lib/config/environment.ts';
import { otherRegionInCharge } from '../../lib/config/region-in-charge.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { QueueSender } from '../../lib/sqs/index.ts';
import { wakeUpsOf } from '../../lib/sqs/stream-wake-ups.ts';

const environment = readEnvironment(['LINES_QUEUE_URL', 'JOURNAL_QUEUE_URL']);
const { logger } = createInstruments();
/** A replica's stream tells what the Region that writes has seen to itself. Where changes are merely switched off, messages wait in the queues. */
const isOfAnotherRegion = otherRegionInCharge(logger);
const lines = new QueueSender({ queueUrl: environment.LINES_QUEUE_URL });
const journal = new QueueSender({ queueUrl: environment.JOURNAL_QUEUE_URL });

/**
 * Tells the workers what the ledger's stream says: the only reader of the stream, and the outbox's guarantee. It decides
 * nothing and writes nothing, so records that come again only wake somebody again. Where it fails the records come again,
 * until the queues have taken everything.
 */
export async function handler(event: DynamoDBStreamEvent, context: Context): Promise<void> {
  if (await isOfAnotherRegion()) {
    logger.info('stream records left to the Region that is open', { records: event.Records.length });
    return;
  }
  const wakeUps = wakeUpsOf(event.Records);
  await Promise.all([lines.send(wakeUps.lines), journal.send(wakeUps.journal)]);
  for (const key of wakeUps.strangers) logger.warn('a stream record concerns nobody', { key });
  logger.info('wake-ups', {
    requestId: context.awsRequestId,
    records: event.Records.length,
    lines: wakeUps.lines.length,
    journal: wakeUps.journal.length,
  });
}
