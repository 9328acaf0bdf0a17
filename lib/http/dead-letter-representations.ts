import type * as z from 'zod';
import { type DeadLetter, deadLetterSources } from '../platform/dead-letter.ts';
import type { deadLetterAnswer, deadLetterSummary } from './admin-schemas.ts';
import { timeText } from './representations.ts';

/** How dead letters look on the wire. */

export function deadLetterSummaryOf(letter: DeadLetter): z.input<typeof deadLetterSummary> {
  const { id, kind, source, status, failure, attempts, firstFailureAt, lastFailureAt, cause } = letter;
  const { transactionId, account, resolution } = letter;
  return {
    id,
    kind,
    source,
    worker: deadLetterSources[source],
    status,
    ...(failure && { error: { class: failure.errorClass, message: failure.errorMessage } }),
    attempts,
    firstFailureAt: timeText(firstFailureAt),
    lastFailureAt: timeText(lastFailureAt),
    ...(cause.correlationId !== undefined && { correlationId: cause.correlationId }),
    ...(cause.traceparent !== undefined && { traceparent: cause.traceparent }),
    ...(transactionId !== undefined && { transactionId }),
    ...(account !== undefined && { account }),
    ...(resolution && { resolution: resolutionOf(resolution) }),
  };
}

export function deadLetterOf(letter: DeadLetter): z.input<typeof deadLetterAnswer> {
  const { message } = letter;
  return {
    ...deadLetterSummaryOf(letter),
    ...(message && {
      message: {
        ...message,
        attributes: { ...message.attributes },
        messageAttributes: { ...message.messageAttributes },
      },
    }),
  };
}

/** Without the idempotency key that is stored with it. */
function resolutionOf({ by, at, reason, transactionId, messageId }: NonNullable<DeadLetter['resolution']>) {
  return {
    by,
    at: timeText(at),
    ...(reason !== undefined && { reason }),
    ...(transactionId !== undefined && { transactionId }),
    ...(messageId !== undefined && { messageId }),
  };
}
