import * as z from 'zod';
import { type DeliveryFailure, deliveryFailures, deliveryStatuses } from '../platform/delivery.ts';
import { type DisableReason, disableReasons, webhookStatuses } from '../platform/webhook.ts';
import { type DeliveryId, deliveryIdPattern, type WebhookId, webhookIdPattern } from '../platform/webhook-id.ts';
import { type AttemptError, attemptErrors } from '../webhooks/attempt-errors.ts';
import { typeFilterPattern } from '../webhooks/event-filter.ts';
import {
  defaultOverlapSeconds,
  maxDescriptionBytes,
  maxOverlapSeconds,
  maxReplayedEvents,
  maxTypeFilters,
  maxUrlLength,
} from '../webhooks/limits.ts';
import { faultOfForm } from '../webhooks/url-form.ts';
import { boundedText, checkedAs, instantText, nextCursor } from './fields.ts';
import { listQuery } from './requests.ts';

/** What clients send and are answered about webhooks. */

const webhookId = checkedAs<WebhookId>(
  z.string().regex(webhookIdPattern, 'the id of a webhook as it was answered').meta({
    id: 'WebhookId',
    description: 'Follows from the tenant and the idempotency key that made it.',
    example: 'wh_i3y5g2fjk7w3cdlqv4xw7hh7p3',
  }),
);

const deliveryId = checkedAs<DeliveryId>(
  z.string().regex(deliveryIdPattern, 'the id of a delivery as it was answered').meta({
    id: 'DeliveryId',
    description: 'One for each endpoint and event; the first digits are the event’s sequence.',
    example: 'dlv_000000000042i3y5g2fjk7w3cdlqv4xw7hh7p3',
  }),
);

export const webhookPath = z.strictObject({ webhookId });
export const deliveryPath = z.strictObject({ webhookId, deliveryId });

/** Whether the stage allows the address is asked where it is known which stage it is. */
const url = z
  .string()
  .superRefine((text, context) => {
    const fault = faultOfForm(text);
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
  })
  .meta({
    description: `Where events are sent: an https URL with a public address, of at most ${maxUrlLength} characters.`,
    example: 'https://example.com/florin-events',
  });

const types = z
  .array(z.string().regex(typeFilterPattern, 'a type such as transaction.posted, or a prefix such as transaction.*'))
  .max(maxTypeFilters, `at most ${maxTypeFilters} types`)
  .meta({
    description: 'Which events it gets, by name or by prefix; all of them where it is empty.',
    example: ['transaction.*', 'account.created'],
  });

const description = boundedText(maxDescriptionBytes).meta({ description: 'A note of your own.' });

export const createWebhookBody = z
  .strictObject({
    url,
    types: types.optional(),
    description: description.optional(),
    ordered: z.boolean().optional().meta({
      description:
        'Whether it gets events in the order of the journal, the next only when it has taken the one before. For ever; false by default.',
    }),
  })
  .meta({ id: 'CreateWebhook' });

export const updateWebhookBody = z
  .strictObject({
    url: url.optional(),
    types: types.optional(),
    description: description.optional().meta({ description: 'Empty: takes the note away.' }),
    status: z
      .enum(webhookStatuses, `one of ${webhookStatuses.join(', ')}`)
      .optional()
      .meta({ description: '`enabled` switches it on again, whatever switched it off.' }),
  })
  .meta({ id: 'UpdateWebhook' });

const overlapFault = `a whole number of seconds from 0 to ${maxOverlapSeconds}`;

export const rotateSecretBody = z
  .strictObject({
    overlapSeconds: z
      .int(overlapFault)
      .min(0, overlapFault)
      .max(maxOverlapSeconds, overlapFault)
      .optional()
      .meta({
        description: `How long the secret before is signed with too; ${defaultOverlapSeconds}, a day, by default. 0 ends it at once.`,
      }),
  })
  .meta({ id: 'RotateSecret' });

const sequence = z
  .string()
  .regex(/^[1-9][0-9]{0,11}$/, 'a sequence: 1, 2, 3 … as a string of digits')
  .transform(Number)
  .meta({ description: 'The sequence of an event.', example: '42' });

export const replayEventsBody = z
  .strictObject({
    from: sequence.meta({ description: 'The first event.' }),
    to: sequence.meta({ description: `The last event: at most ${maxReplayedEvents} in all.` }),
  })
  .superRefine(({ from, to }, context) => {
    const fault =
      to < from ? 'not before `from`' : to - from >= maxReplayedEvents && `at most ${maxReplayedEvents} events`;
    if (fault) context.addIssue({ code: 'custom', message: fault, path: ['to'] });
  })
  .meta({ id: 'ReplayEvents' });

const deliveryStatus = z.enum(deliveryStatuses, `one of ${deliveryStatuses.join(', ')}`).meta({
  id: 'DeliveryStatus',
  description: '`pending` until an attempt succeeded or none is to come.',
});

export const deliveriesQuery = z.strictObject({ status: deliveryStatus.optional(), ...listQuery.shape });

const reasons = Object.keys(disableReasons) as [DisableReason, ...DisableReason[]];

const webhookFields = {
  id: webhookId,
  url: z.string(),
  types: z.array(z.string()),
  description: z.string().optional(),
  ordered: z.boolean(),
  status: z.enum(webhookStatuses),
  disabledReason: z
    .enum(reasons)
    .optional()
    .meta({ description: described(disableReasons) }),
  disabledAt: instantText.optional(),
  failingSince: instantText
    .optional()
    .meta({ description: 'Since when nothing has been delivered and something failed.' }),
  startsAfter: z.string().meta({ description: 'It gets the events behind this sequence.', example: '41' }),
  deliveredThrough: z
    .string()
    .optional()
    .meta({ description: 'Of an ordered one: it has all events up to this sequence that it wants.', example: '57' }),
  secrets: z
    .array(z.strictObject({ createdAt: instantText, expiresAt: instantText.optional() }))
    .meta({ description: 'The secrets that are signed with, the newest first; not what they are.' }),
  createdAt: instantText,
  version: z.string().meta({ description: 'Counts the changes of its terms and secrets.', example: '3' }),
};

export const webhookAnswer = z.strictObject(webhookFields).meta({ id: 'Webhook' });

export const webhookWithSecret = z
  .strictObject({
    ...webhookFields,
    secret: z.string().optional().meta({
      description: 'What signatures are made with. Told this once, and by no repetition of the request: keep it.',
      example: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
    }),
    secretNote: z.string().optional().meta({ description: 'Where there is no secret: why not, and how to get one.' }),
  })
  .meta({ id: 'WebhookWithSecret' });

export const webhookPage = z.strictObject({ data: z.array(webhookAnswer), nextCursor }).meta({ id: 'WebhookPage' });

export const deletedWebhook = z
  .strictObject({ id: webhookId, status: z.literal('deleted') })
  .meta({ id: 'DeletedWebhook' });

const errors = Object.keys(attemptErrors) as [AttemptError, ...AttemptError[]];

const attemptAnswer = z
  .strictObject({
    number: z.int().meta({ description: 'Counts the attempts, over all replays.' }),
    at: instantText,
    statusCode: z.int().optional().meta({ description: 'What was answered; absent where nothing was.' }),
    latencyMs: z.int().optional(),
    error: z
      .enum(errors)
      .optional()
      .meta({ description: described(attemptErrors) }),
    excerpt: z.string().optional().meta({ description: 'The first kilobyte of the answer, as text.' }),
  })
  .meta({ id: 'DeliveryAttempt' });

const failures = Object.keys(deliveryFailures) as [DeliveryFailure, ...DeliveryFailure[]];

export const deliveryAnswer = z
  .strictObject({
    id: deliveryId,
    webhookId,
    eventId: z.string().meta({ description: 'Also the header `webhook-id`.' }),
    type: z.string().meta({ example: 'transaction.posted' }),
    sequence: z.string().optional().meta({ description: 'The event’s place in the journal; absent for a ping.' }),
    status: deliveryStatus,
    failure: z
      .enum(failures)
      .optional()
      .meta({ description: described(deliveryFailures) }),
    nextAttemptAt: instantText.optional().meta({ description: 'When it is tried next, while it is pending.' }),
    attempts: z.array(attemptAnswer).meta({ description: 'The last twenty, oldest first.' }),
    createdAt: instantText,
  })
  .meta({ id: 'Delivery' });

export const deliveryPage = z.strictObject({ data: z.array(deliveryAnswer), nextCursor }).meta({ id: 'DeliveryPage' });

export const replayAnswer = z
  .strictObject({
    replayed: z.int().meta({ description: 'Deliveries that are on their way now.' }),
    through: z.string().meta({
      description:
        'The last sequence looked at: less than `to` where the journal, or what an ordered endpoint has, ends.',
      example: '57',
    }),
  })
  .meta({ id: 'Replay' });

function described(meanings: Readonly<Record<string, string>>): string {
  return Object.entries(meanings)
    .map(([name, meaning]) => `\`${name}\`: ${meaning}`)
    .join(' ');
}
