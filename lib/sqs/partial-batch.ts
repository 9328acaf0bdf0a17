import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type * as z from 'zod';
import type { FlagReader } from '../config/flags.ts';
import { type Measured, traceOfInvocation, xrayTraceId } from '../observability/index.ts';
import { causeOfMessage } from './message-attributes.ts';
import { MessageBatch, type QueueWork } from './message-batch.ts';
import { errorOf, MessageFailures, type MessageFailuresOptions } from './message-failures.ts';

/** How long messages stay hidden that may not be worked on, since changes are switched off: five times this. */
const switchedOffSeconds = 300;

export interface QueueWorker<Schema extends z.ZodType> extends QueueWork<Schema>, MessageFailuresOptions {
  readonly flags: FlagReader;
}

export type QueueHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

/**
 * Makes the handler of a worker that a queue wakes. Messages of different groups are worked on at once, those of one
 * group together. One that fails comes again after a pause that grows, five times in all, and ends among the dead
 * letters with a note of what was wrong; the others of its group go on without it. That is right because a message
 * here only says where to look: a group is there to have one worker at a time, and not for the order of its messages.
 * While changes are switched off, nothing is worked on and messages wait.
 */
export function serveQueue<Schema extends z.ZodType>(worker: QueueWorker<Schema>): QueueHandler {
  const failures = new MessageFailures(worker);
  return async (event, context) => {
    const { instruments, flags } = worker;
    if (!(await flags.current()).acceptWrites) {
      await failures.hide(event.Records, switchedOffSeconds);
      instruments.logger.info(`${worker.name}: nothing done, changes are switched off`);
      return { batchItemFailures: event.Records.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    }
    const startedAt = Date.now();
    const batch = new MessageBatch(worker, context);
    batch.begin(event.Records);
    const failed: Promise<void>[] = [];
    const response = await processPartialResponse(
      event,
      async (record: SQSRecord) => {
        try {
          await batch.outcome(record);
        } catch (error) {
          failed.push(failures.tell(record, error));
          throw errorOf(error);
        }
      },
      new BatchProcessor(EventType.SQS),
      { context, throwOnFullBatchFailure: false },
    );
    await Promise.all(failed);
    writeLine(worker, { event, context, startedAt, failures: failed.length, measured: batch.measured });
    return response;
  };
}

interface BatchCourse {
  readonly event: SQSEvent;
  readonly context: Context;
  readonly startedAt: number;
  readonly failures: number;
  readonly measured: Measured;
}

function writeLine(
  { name, instruments }: Pick<MessageFailuresOptions, 'name' | 'instruments'>,
  { event, context, startedAt, failures, measured }: BatchCourse,
): void {
  const endedAt = Date.now();
  const trace = traceOfInvocation({});
  const ids = event.Records.map((record) => causeOfMessage(record).correlationId).filter((id) => id !== undefined);
  instruments.logger.info(name, {
    messages: event.Records.length,
    ...(failures > 0 && { failed: failures }),
    durationMs: endedAt - startedAt,
    requestId: context.awsRequestId,
    ...(ids.length > 0 && { correlationIds: [...new Set(ids)] }),
    ...(trace && { traceId: xrayTraceId(trace.context.traceId) }),
    ...instruments.metrics.fields(measured, endedAt),
  });
  if (trace) instruments.traces.send({ trace, name, startedAt, endedAt, status: 200, annotations: {} });
}
