import type { WakeLine } from '../dynamodb/index.ts';
import type { LineWriter } from '../observability/index.ts';
import { lineGroup } from './groups.ts';
import { errorOf } from './message-failures.ts';
import { QueueSender } from './queue-sender.ts';
import type { LineWakeUp } from './wake-ups.ts';

/** How long a request waits to wake a line, in milliseconds: the stream wakes it too, only some hundred later. */
const timeoutMs = 300;

export interface LineWakerOptions {
  readonly queueUrl: string;
  readonly logger: LineWriter;
  /** Another endpoint than the SDK's own variable names. */
  readonly endpoint?: string;
}

/** Wakes lines through a queue: one call, bounded in time. That it failed is told in the log and harms nothing. */
export function lineWaker({ queueUrl, logger, endpoint }: LineWakerOptions): WakeLine {
  const sender = new QueueSender({ queueUrl, timeoutMs, maxAttempts: 1, ...(endpoint !== undefined && { endpoint }) });
  return async (tenant, account, transaction, cause) => {
    const body: LineWakeUp = { tenant, account };
    try {
      await sender.send([{ body, group: lineGroup(tenant, account), deduplicationId: transaction, cause }]);
    } catch (error) {
      logger.warn('a line could not be woken; the stream wakes it', {
        transactionId: transaction,
        error: errorOf(error),
      });
    }
  };
}
