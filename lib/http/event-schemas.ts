import * as z from 'zod';
import { type EventType, eventIdPattern, eventTypes } from '../ledger/index.ts';
import { instantText, sequenceText } from './fields.ts';
import { listQuery } from './requests.ts';

/** What clients ask of events and of the journal, and what they are answered. */

const maxAfterLength = 128;

const after = z.string().max(maxAfterLength).optional().meta({
  description:
    'Events behind this one: a sequence, or the `nextCursor` of an earlier answer. From the first event where it is absent.',
  example: '41',
});

const wantedTypes = z
  .string()
  .max(1_024)
  .transform((text, context): EventType[] => {
    const wanted = text.split(',').map((part) => part.trim());
    const unknown = wanted.find((name) => !eventTypes.some((type) => matches(name, type)));
    if (unknown === undefined) return eventTypes.filter((type) => wanted.some((name) => matches(name, type)));
    context.addIssue(`types of events such as transaction.posted or hold.*, not ${JSON.stringify(unknown)}`);
    return z.NEVER;
  })
  .optional()
  .meta({
    description: `Only these types, separated by commas; \`hold.*\` for all of a kind. There are ${eventTypes.map((type) => `\`${type}\``).join(', ')}.`,
    example: 'transaction.posted,hold.*',
  });

function matches(name: string, type: EventType): boolean {
  return name.endsWith('.*') ? type.startsWith(name.slice(0, -1)) : name === type;
}

export const eventsQuery = z.strictObject({ after, types: wantedTypes, limit: listQuery.shape.limit });

const maxBlockDigits = 12;

export const blockPath = z.strictObject({
  blockNumber: z
    .string()
    .regex(new RegExp(`^[1-9][0-9]{0,${maxBlockDigits - 1}}$`), 'the number of a block: 1, 2, 3 …')
    .transform(Number)
    .meta({ description: 'The number of a block: 1, 2, 3 …', example: '1' }),
});

const sha256Text = z.string().regex(/^[0-9a-f]{64}$/);

const eventId = z.string().regex(eventIdPattern).meta({
  description: 'The same however and however often the event is read or received.',
});

const eventFields = {
  id: eventId,
  sequence: sequenceText.meta({ description: 'Its place in the journal: 1, 2, 3 … without gaps.' }),
  type: z.enum(eventTypes),
  time: instantText.meta({ description: 'When it happened. Times need not be in the order of sequences.' }),
};

export const eventAnswer = z
  .strictObject({
    ...eventFields,
    data: z.record(z.string(), z.unknown()).meta({
      description:
        'The thing as of the event, as other answers have it: the transaction as it was posted, the hold as it was left, the account as it was changed. `detailsDigest` stands for what may be redacted.',
    }),
  })
  .meta({ id: 'Event' });

export const eventPage = z
  .strictObject({
    data: z
      .array(eventAnswer)
      .meta({ description: 'Oldest first. With `types` it may be empty, and more may follow.' }),
    nextCursor: z.string().meta({
      description:
        'Where to go on, always: the feed has no end. Where `data` is empty and this is what was asked for, there is nothing more yet.',
    }),
  })
  .meta({ id: 'EventPage' });

export const blockAnswer = z
  .strictObject({
    number: sequenceText.meta({ description: '1, 2, 3 … without gaps.' }),
    firstSequence: sequenceText.meta({ description: 'The sequence of its first event; the others follow.' }),
    previousHash: sha256Text.meta({ description: 'The hash of the block before; 64 zeros in the first.' }),
    hash: sha256Text.meta({ description: 'SHA-256 over this block, the hash before it and the hashes of its events.' }),
    createdAt: instantText.meta({ description: 'When it was appended.' }),
    events: z
      .array(z.strictObject({ ...eventFields, hash: sha256Text.meta({ description: 'SHA-256 over the event.' }) }))
      .meta({ description: '1 to 99, in the order of their sequences.' }),
  })
  .meta({ id: 'Block', description: 'A part of the journal. It never changes.' });
