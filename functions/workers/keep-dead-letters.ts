import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { readEnvironment } from '../../lib/config/environment.ts';
import { flagsOfEnvironment } from '../../lib/config/flags-parameter.ts';
import { createInstruments } from '../../lib/observability/index.ts';
import { DeadLetterStore } from '../../lib/platform/dead-letter-store.ts';
import { letterOfMessage } from '../../lib/platform/dead-message.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';

const environment = readEnvironment(['PLATFORM_TABLE']);
const { logger, metrics } = createInstruments();
const flags = flagsOfEnvironment(logger);
const deadLetters = new DeadLetterStore(openPlatformTable({ table: environment.PLATFORM_TABLE }));

/**
 * Keeps what comes out of the queues of dead letters, each message once, and lets it go only then. Nothing is expected of
 * a message: what is wrong with it is why it is here. One that cannot be kept stays in its queue, under an alarm.
 */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  if (!(await flags.current()).acceptWrites) {
    logger.info('no dead letters kept: changes are switched off');
    return { batchItemFailures: event.Records.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  }
  return processPartialResponse(event, keep, new BatchProcessor(EventType.SQS), {
    context,
    throwOnFullBatchFailure: false,
  });
}

async function keep(record: SQSRecord): Promise<void> {
  const { messageId } = record;
  try {
    const now = Date.now();
    const letter = letterOfMessage(record, now);
    const isNew = await deadLetters.keep(letter);
    const { id: deadLetterId, tenant, source, account, cause } = letter;
    const fields = { deadLetterId, messageId, tenant, source, account, correlationId: cause.correlationId };
    if (isNew) logger.error('dead letter', { ...fields, ...metrics.fields({ deadLettersKept: 1 }, now) });
    else logger.info('dead letter known already', fields);
  } catch (error) {
    logger.error('a dead letter could not be kept', { messageId, error: error as Error });
    throw error;
  }
}
