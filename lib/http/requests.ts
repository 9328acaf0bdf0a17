import * as z from 'zod';
import { faultOfExchange, ratePattern } from '../ledger/exchange-rate.ts';
import {
  maxAssetNameLength,
  maxDescriptionBytes,
  maxHoldSeconds,
  maxOwnerLength,
  maxPostings,
} from '../ledger/limits.ts';
import { roundings } from '../ledger/rounding.ts';
import {
  accountId,
  accountStatus,
  assetCode,
  assetInUrl,
  boundedText,
  floors,
  floorsChange,
  freezeKind,
  holdId,
  instant,
  limits,
  limitsChange,
  metadata,
  metadataChange,
  positiveAmount,
  shards,
  transactionId,
  transactionType,
} from './fields.ts';

/** What clients send. Every object is strict: a field that is not known is a fault, never ignored. */

export const description = boundedText(maxDescriptionBytes).meta({
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
    shards: shards.optional(),
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
  .refine((body) => body.unbounded || body.shards === undefined, {
    error: 'only an unbounded account is spread over shards',
    path: ['shards'],
  })
  .refine((body) => body.shards === undefined || !body.limits?.size, {
    error: 'an account that is spread over shards has no limits of debits',
    path: ['limits'],
  })
  .meta({ id: 'CreateAccount' });

export const updateAccountBody = z
  .strictObject({
    status: accountStatus.optional(),
    freezes: freezeKind.optional(),
    shards: shards.optional(),
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

export const exchange = z
  .strictObject({
    sell: assetCode,
    buy: assetCode,
    rate: z
      .string()
      .regex(ratePattern, 'a decimal number such as 0.9213, at most 12 digits before the point and 18 behind it')
      .meta({
        description: 'Major units of `buy` for one major unit of `sell`: dollars and euros, not cents.',
        example: '0.9213',
      }),
    rounding: z
      .enum(roundings)
      .optional()
      .transform((rounding) => rounding ?? 'half_even')
      .meta({ description: 'How the amount bought becomes whole minor units; `half_even` by default.' }),
  })
  .meta({
    id: 'ExchangeRequest',
    description:
      'Holds the amounts to a rate: just one posting moves `sell` and just one moves `buy`, and the second is what the first comes to.',
  });

export const postings = z
  .array(posting)
  .min(1, 'at least one posting')
  .max(maxPostings, `at most ${maxPostings} postings`)
  .meta({ description: 'Applied in order, all or none.' });

export const createTransactionBody = z
  .strictObject({
    postings,
    type: transactionType.optional(),
    exchange: exchange.optional(),
    description: description.optional(),
    metadata: metadata.optional(),
  })
  .superRefine((body, context) => {
    const fault = body.exchange && faultOfExchange(body.exchange, body.postings);
    if (!fault) return;
    const path = fault.at === 'postings' ? ['postings'] : ['exchange', fault.at];
    context.addIssue({ code: 'custom', message: fault.detail, path });
  })
  .meta({ id: 'CreateTransaction' });

export const createReversalBody = z
  .strictObject({
    amount: positiveAmount
      .optional()
      .meta({ description: 'A part, of a transaction with one posting. All that remains where it is absent.' }),
    allowOverdraft: z.boolean().optional().meta({
      description:
        'Whether accounts may be left below their floors. Takes the scope `transactions:overdraft`; false by default.',
    }),
    description: description.optional(),
    metadata: metadata.optional(),
  })
  .meta({ id: 'CreateReversal', description: 'Moves back what a transaction moved.' });

export const createFlowBody = z
  .strictObject({
    asset: assetCode,
    amount: positiveAmount,
    description: description.optional(),
    metadata: metadata.optional(),
  })
  .meta({ id: 'CreateMovement' });

const holdSpanFault = `a whole number of seconds from 1 to ${maxHoldSeconds}`;

export const createHoldBody = z
  .strictObject({
    account: accountId,
    asset: assetCode,
    amount: positiveAmount,
    expiresAt: instant.optional().meta({ description: 'When it ends by itself; within 31 days.' }),
    expiresInSeconds: z
      .int(holdSpanFault)
      .min(1, holdSpanFault)
      .max(maxHoldSeconds, holdSpanFault)
      .optional()
      .meta({ description: 'How long it lasts; a week where neither this nor `expiresAt` is given.', example: 3_600 }),
    description: description.optional(),
    metadata: metadata.optional(),
  })
  .refine((body) => body.expiresAt === undefined || body.expiresInSeconds === undefined, {
    error: 'expiresAt or expiresInSeconds, not both',
    path: ['expiresInSeconds'],
  })
  .meta({ id: 'CreateHold', description: 'An amount of an account is reserved, to be captured later.' });

export const captureHoldBody = z
  .strictObject({
    destination: accountId,
    amount: positiveAmount.optional().meta({ description: 'All that remains where it is absent.' }),
    final: z
      .boolean()
      .optional()
      .meta({ description: 'Whether what remains after it is given back. False by default.' }),
    description: description.optional(),
    metadata: metadata.optional(),
  })
  .meta({ id: 'CaptureHold' });

export const nothing = z.strictObject({});
/** For documents and probes: what links and monitors add to a query does no harm there. */
export const anything = z.object({});
export const accountPath = z.strictObject({ accountId });
export const balancePath = z.strictObject({ accountId, asset: assetInUrl });
export const transactionPath = z.strictObject({ transactionId });
export const holdPath = z.strictObject({ holdId });
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

/** Characters of a cursor: the longest carries a position on each shard of an account. */
const maxCursorLength = 4_096;

const cursor = z
  .string()
  .max(maxCursorLength)
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
