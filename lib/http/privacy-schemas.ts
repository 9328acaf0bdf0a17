import * as z from 'zod';
import { maxReasonBytes } from '../platform/limits.ts';
import { boundedText } from './fields.ts';

/** What clients ask where they have personal data removed. */

const reason = boundedText(maxReasonBytes)
  .min(1, 'at least one character')
  .meta({
    description: `Why, for the audit log, which keeps it for good: it must not name the person or repeat what is removed; at most ${maxReasonBytes} bytes.`,
    example: 'erasure request 4711',
  });

export const redactionBody = z.strictObject({ reason }).meta({ id: 'Redaction' });

export const accountRedactionBody = z
  .strictObject({
    reason,
    owner: z.boolean().default(false).meta({
      description: 'Whether the owner is removed too: then no token of theirs reaches the account any more.',
    }),
  })
  .meta({ id: 'AccountRedaction' });
