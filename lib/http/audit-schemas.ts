import * as z from 'zod';
import { type ActionName, actions } from '../audit/act.ts';
import { instant, instantText, nextCursor } from './fields.ts';
import { listQuery } from './requests.ts';

/** What is asked of the audit log, and what it answers. */

const actionNames = Object.keys(actions) as [ActionName, ...ActionName[]];

const action = z.enum(actionNames, `one of ${actionNames.join(', ')}`).meta({
  id: 'AuditAction',
  description: Object.entries(actions)
    .map(([name, meaning]) => `\`${name}\`: ${meaning}`)
    .join(' '),
});

/** Longer than any name or id that a record can have. */
const maxNameLength = 256;

const name = z.string().min(1, 'at least one character').max(maxNameLength, `at most ${maxNameLength} characters`);

/** As many as the sort keys of the log have digits for. */
const maxNumberDigits = 12;

const recordNumber = z
  .string()
  .regex(new RegExp(`^[1-9][0-9]{0,${maxNumberDigits - 1}}$`), 'the number of a record as it was answered')
  .meta({ id: 'AuditRecordNumber', description: 'From 1, without gaps.', example: '17' });

export const auditRecordPath = z.strictObject({ recordNumber: recordNumber.transform(Number) });

const from = instant.optional().meta({ description: 'The first instant; the beginning by default.' });
const to = instant.optional().meta({ description: 'The last instant, included; the end by default.' });

export const auditLogQuery = z.strictObject({
  action: action.optional().meta({ description: 'Only this action.' }),
  client: name.optional().meta({ description: 'Only what this client did.', example: 'deployment' }),
  target: name.optional().meta({ description: 'Only what was done to this.', example: 'user_001' }),
  from,
  to,
  ...listQuery.shape,
});

const defaultExportLimit = 500;
const maxExportLimit = 500;
const limitFault = `a number from 1 to ${maxExportLimit}`;

export const auditExportQuery = z.strictObject({
  from,
  to,
  limit: z
    .string()
    .regex(/^[0-9]{1,3}$/, limitFault)
    .transform(Number)
    .pipe(z.int().min(1, limitFault).max(maxExportLimit, limitFault))
    .optional()
    .transform((value) => value ?? defaultExportLimit)
    .meta({ description: `How many records to answer at most: 1 to ${maxExportLimit}, which is the default.` }),
  cursor: listQuery.shape.cursor.meta({ description: 'The `X-Next-Cursor` of the part before, with the same query.' }),
});

const facts = z.record(z.string(), z.unknown());

const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const auditRecordAnswer = z
  .strictObject({
    number: recordNumber,
    at: instantText,
    action: z.string().meta({ description: 'What was done; more actions may come to be.', example: 'account.updated' }),
    target: z
      .string()
      .meta({ description: 'The id of what it was done to; the action says what kind of thing that is.' }),
    actor: z
      .strictObject({
        tenant: z.string(),
        client: z.string(),
        subject: z.string().optional(),
        address: z.string().optional(),
        userAgent: z.string().optional(),
      })
      .meta({ id: 'AuditActor', description: 'Who did it, as the credentials say, and from where the request came.' }),
    correlationId: z.string().optional().meta({ description: 'Of the request.' }),
    reason: z.string().optional().meta({ description: 'Why, in the words of who did it.' }),
    before: facts.optional().meta({ description: 'What was changed, as it was.' }),
    after: facts.optional().meta({ description: 'What it became.' }),
    nonce: z.string().meta({ description: 'Random; part of what is hashed.' }),
    previousHash: hash.meta({ description: 'The `hash` of the record before; of the first 64 zeros.' }),
    hash: hash.meta({ description: 'SHA-256 over all of the record and the tenant.' }),
  })
  .meta({ id: 'AuditRecord' });

export const auditLogPage = z
  .strictObject({ data: z.array(auditRecordAnswer), nextCursor })
  .meta({ id: 'AuditLogPage' });
