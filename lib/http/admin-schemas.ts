import * as z from 'zod';
import {
  type DeadLetterSource,
  deadLetterKinds,
  deadLetterSources,
  deadLetterStatuses,
} from '../platform/dead-letter.ts';
import { type DeadLetterId, deadLetterIdPattern } from '../platform/dead-letter-id.ts';
import { maxDeadLettersAtOnce, maxReasonBytes } from '../platform/limits.ts';
import { accountId, boundedText, instantText, nextCursor, transactionId } from './fields.ts';
import { listQuery } from './requests.ts';

/** What operators send and are answered about dead letters. */

const sources = Object.keys(deadLetterSources) as [DeadLetterSource, ...DeadLetterSource[]];

/** The check is the id's own pattern, so the cast adds no trust. */
export const deadLetterId = z.string().regex(deadLetterIdPattern, 'the id of a dead letter as it was answered').meta({
  id: 'DeadLetterId',
  description: 'Ids sort by time.',
  example: 'dl_1763719200000i3y5g2fjk7w3cdlqv4xw7hh7p3',
}) as unknown as z.ZodType<DeadLetterId, string>;

const status = z.enum(deadLetterStatuses, `one of ${deadLetterStatuses.join(', ')}`).meta({
  id: 'DeadLetterStatus',
  description: '`open` until somebody has seen to it: it was `reprocessed`, or `discarded` for a reason.',
});

const kind = z.enum(deadLetterKinds, `one of ${deadLetterKinds.join(', ')}`).meta({
  id: 'DeadLetterKind',
  description:
    '`transaction`: one that failed by itself until it was given up, and is `failed` now. `message`: one between functions that no worker could be done with; it changed no transaction.',
});

const source = z.enum(sources, `one of ${sources.join(', ')}`).meta({
  id: 'DeadLetterSource',
  description: 'The queue, or the stream, that it comes from.',
});

export const deadLetterPath = z.strictObject({ deadLetterId });

export const deadLettersQuery = z.strictObject({
  status: status.optional(),
  kind: kind.optional(),
  source: source.optional(),
  ...listQuery.shape,
});

const reason = boundedText(maxReasonBytes)
  .min(1, 'at least one character')
  .meta({
    description: `Why nothing more is to be done about it; at most ${maxReasonBytes} bytes.`,
    example: 'repaired',
  });

export const discardBody = z.strictObject({ reason }).meta({ id: 'DiscardDeadLetter' });

const tooMany = `at most ${maxDeadLettersAtOnce}`;

export const reprocessManyBody = z
  .strictObject({
    ids: z
      .array(deadLetterId)
      .min(1, 'at least one id')
      .max(maxDeadLettersAtOnce, tooMany)
      .refine((ids) => new Set(ids).size === ids.length, 'each id once')
      .optional()
      .meta({ description: 'Those to reprocess.' }),
    filter: z
      .strictObject({ kind: kind.optional(), source: source.optional() })
      .optional()
      .meta({ description: 'Instead of ids: the open ones that match, oldest first; `{}` for all.' }),
    limit: z
      .int()
      .min(1, 'at least 1')
      .max(maxDeadLettersAtOnce, tooMany)
      .optional()
      .meta({ description: `With a filter, how many at most; ${maxDeadLettersAtOnce} by default.` }),
  })
  .superRefine(({ ids, filter, limit }, context) => {
    const fault = (message: string, field: string) => context.addIssue({ code: 'custom', message, path: [field] });
    if (!ids && !filter) fault('required without ids', 'filter');
    if (ids && filter) fault('not with ids', 'filter');
    if (ids && limit !== undefined) fault('not with ids', 'limit');
  })
  .meta({ id: 'ReprocessDeadLetters' });

const deadLetterFields = {
  id: deadLetterId,
  kind,
  source,
  worker: z.string().meta({ description: 'The function that could not be done with it.' }),
  status,
  error: z
    .strictObject({ class: z.string(), message: z.string() })
    .optional()
    .meta({ description: 'The last error; absent where no worker lived to tell.' }),
  attempts: z.int(),
  firstFailureAt: instantText,
  lastFailureAt: instantText,
  correlationId: z.string().optional().meta({ description: 'Of the request that it comes from.' }),
  traceparent: z.string().optional(),
  transactionId: transactionId.optional(),
  account: accountId.optional(),
  resolution: z
    .strictObject({
      by: z.string().meta({ description: 'The client that did it.' }),
      at: instantText,
      reason: z.string().optional(),
      transactionId: transactionId.optional().meta({ description: 'What a failed transaction was accepted as anew.' }),
      messageId: z.string().optional().meta({ description: 'The message that was sent again.' }),
    })
    .optional()
    .meta({ description: 'What was done about it; there unless it is open.' }),
};

const message = z.strictObject({
  id: z.string(),
  body: z.string(),
  attributes: z.record(z.string(), z.string()),
  messageAttributes: z.record(z.string(), z.strictObject({ type: z.string(), value: z.string() })),
  isCut: z.literal(true).optional().meta({ description: 'It was too large to be kept whole.' }),
});

export const deadLetterSummary = z.strictObject(deadLetterFields).meta({ id: 'DeadLetterSummary' });

export const deadLetterAnswer = z
  .strictObject({
    ...deadLetterFields,
    message: message.optional().meta({
      description: 'The message as it was; absent with a transaction, whose command is kept in the ledger.',
    }),
  })
  .meta({ id: 'DeadLetter' });

export const deadLetterPage = z
  .strictObject({ data: z.array(deadLetterSummary), nextCursor })
  .meta({ id: 'DeadLetterPage' });

export const reprocessOutcomes = [
  'reprocessed',
  'not_found',
  'not_open',
  'not_reprocessable',
  'failed',
  'not_tried',
] as const;

export const reprocessManyAnswer = z
  .strictObject({
    data: z.array(
      z.strictObject({
        id: deadLetterId,
        outcome: z.enum(reprocessOutcomes),
        transactionId: transactionId.optional(),
        messageId: z.string().optional(),
        detail: z.string().optional(),
      }),
    ),
    more: z.boolean().meta({ description: 'Whether open ones that match the filter were left, as far as was looked.' }),
  })
  .meta({ id: 'ReprocessedDeadLetters' });
