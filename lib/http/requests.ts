import * as z from 'zod';
import { maxAssetNameLength, maxDescriptionBytes, maxOwnerLength, maxPostings } from '../ledger/limits.ts';
import {
  accountId,
  accountStatus,
  assetCode,
  assetInUrl,
  boundedText,
  floors,
  floorsChange,
  freezeKind,
  instant,
  limits,
  limitsChange,
  metadata,
  metadataChange,
  positiveAmount,
  transactionId,
} from './fields.ts';

/** What clients send. Every object is strict: a field that is not known is a fault, never ignored. */

const description = boundedText(maxDescriptionBytes).meta({
  description: `For people; at most ${maxDescriptionBytes} bytes.`,
  example: 'Lunch',
});

const owner = z
  .string()
  .min(1, 'at least one character')
  .max(maxOwnerLength, `at most ${maxOwnerLength} characters`)
  .meta({
    description: 'The subject of the tokens that may spend from the account.',
    example: 'auth0|5f7c8ec7c33c6c004bbafe82',
  });

const posting = z
  .strictObject({ source: accountId, destination: accountId, asset: assetCode, amount: positiveAmount })
  .meta({ id: 'PostingRequest', description: 'An amount of an asset goes from source to destination.' });

export const createAssetBody = z
  .strictObject({
    code: assetCode,
    name: z
      .string()
      .min(1, 'at least one character')
      .max(maxAssetNameLength, `at most ${maxAssetNameLength} characters`)
      .optional()
      .meta({ description: 'For people.', example: 'US dollar' }),
  })
  .meta({ id: 'CreateAsset' });

export const createAccountBody = z
  .strictObject({
    id: accountId.optional(),
    unbounded: z
      .boolean()
      .optional()
      .meta({ description: 'An unbounded account has no floor in any asset: a source of credits. False by default.' }),
    freezes: freezeKind.optional(),
    floors: floors.optional(),
    limits: limits.optional(),
    owner: owner.optional(),
    metadata: metadata.optional(),
  })
  .refine((body) => !(body.unbounded && body.floors && body.floors.size > 0), {
    error: 'an unbounded account has no floors',
    path: ['floors'],
  })
  .meta({ id: 'CreateAccount' });

export const updateAccountBody = z
  .strictObject({
    status: accountStatus.optional(),
    freezes: freezeKind.optional(),
    floors: floorsChange.optional(),
    limits: limitsChange.optional(),
    owner: owner.nullable().optional(),
    metadata: metadataChange.optional(),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), { error: 'nothing to change' })
  .meta({ id: 'UpdateAccount', description: 'What is not named stays as it is.' });

export const createTransferBody = z
  .strictObject({
    source: accountId,
    destination: accountId,
    asset: assetCode,
    amount: positiveAmount,
    description: description.optional(),
    metadata: metadata.optional(),
  })
  .meta({ id: 'CreateTransfer' });

const transactionType = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,31}$/, 'lower-case letters, digits and underscores, at most 32')
  .meta({
    description: 'What kind of transaction this is, in your own words. `transaction` by default.',
    example: 'payroll',
  });

export const createTransactionBody = z
  .strictObject({
    postings: z
      .array(posting)
      .min(1, 'at least one posting')
      .max(maxPostings, `at most ${maxPostings} postings`)
      .meta({ description: 'Applied in order, all or none.' }),
    type: transactionType.optional(),
    description: description.optional(),
    metadata: metadata.optional(),
  })
  .meta({ id: 'CreateTransaction' });

export const createFlowBody = z
  .strictObject({
    asset: assetCode,
    amount: positiveAmount,
    description: description.optional(),
    metadata: metadata.optional(),
  })
  .meta({ id: 'CreateMovement' });

export const nothing = z.strictObject({});
/** For documents and probes: what links and monitors add to a query does no harm there. */
export const anything = z.object({});
export const accountPath = z.strictObject({ accountId });
export const balancePath = z.strictObject({ accountId, asset: assetInUrl });
export const transactionPath = z.strictObject({ transactionId });
export const docsFilePath = z.strictObject({
  file: z.string().max(64).meta({ description: 'A static file of the reference page.', example: 'swagger-ui.css' }),
});

export const dryRunQuery = z.strictObject({
  dryRun: z
    .enum(['true', 'false'])
    .optional()
    .transform((text) => text === 'true')
    .meta({ description: '`true`: decide and answer `200`, write nothing.' }),
});

export const balanceQuery = z.strictObject({
  at: instant.optional().meta({ description: 'Answers the posted balance as it was at this instant.' }),
});

const defaultLimit = 20;
const maxLimit = 100;

const limit = z
  .string()
  .regex(/^[0-9]{1,3}$/, `a number from 1 to ${maxLimit}`)
  .transform(Number)
  .pipe(z.int().min(1, `a number from 1 to ${maxLimit}`).max(maxLimit, `a number from 1 to ${maxLimit}`))
  .optional()
  .transform((value) => value ?? defaultLimit)
  .meta({ description: `How many to answer at most: 1 to ${maxLimit}, ${defaultLimit} by default.`, example: '20' });

const cursor = z
  .string()
  .max(2_048)
  .optional()
  .meta({ description: 'The `nextCursor` of the page before, with the same query.' });

export const listQuery = z.strictObject({ limit, cursor });

export const entriesQuery = z.strictObject({
  asset: assetInUrl.optional().meta({ description: 'Entries of this asset only.' }),
  from: instant.optional().meta({ description: 'Entries at or after this time.' }),
  to: instant.optional().meta({ description: 'Entries at or before this time.' }),
  order: z
    .enum(['asc', 'desc'])
    .optional()
    .transform((order) => order ?? 'desc')
    .meta({ description: '`desc`, the default: newest first. `asc`: oldest first.' }),
  limit,
  cursor,
});
