import * as z from 'zod';
import { roundings } from '../ledger/index.ts';
import { feeAnswer, feeVersionText } from './fee-schemas.ts';
import {
  accountId,
  accountStatus,
  amountText,
  assetCode,
  freezeKind,
  holdId,
  holdStatus,
  instantText,
  metadata,
  nextCursor,
  redactedMark,
  rejectionReason,
  sequenceText,
  shardNumber,
  transactionId,
  versionText,
} from './fields.ts';

/** What is answered. The OpenAPI document is made of these, and the tests hold real answers to them. */

export const assetAnswer = z
  .strictObject({
    code: assetCode,
    scale: z.int().min(0).max(99).meta({ description: 'Decimal places of one major unit.', example: 2 }),
    name: z.string().optional(),
    createdAt: instantText,
  })
  .meta({ id: 'Asset' });

const windowLimitAnswer = z
  .strictObject({ amount: amountText.optional(), count: z.int().optional() })
  .meta({ id: 'WindowLimitAnswer' });

export const accountAnswer = z
  .strictObject({
    id: accountId,
    status: accountStatus,
    freezes: freezeKind,
    unbounded: z.boolean(),
    shards: z
      .int()
      .min(1)
      .meta({ description: 'Over how many balances of each asset it is spread; 1 for most.', example: 1 }),
    floors: z
      .record(z.string(), amountText)
      .meta({ description: 'By asset; 0 where none is named.', example: { 'USD/2': '-50000' } }),
    limits: z
      .record(z.string(), z.strictObject({ hour: windowLimitAnswer.optional(), day: windowLimitAnswer.optional() }))
      .meta({
        description: 'What may be debited within one hour and one day of UTC, by asset.',
        example: { 'USD/2': { day: { amount: '100000' } } },
      }),
    owner: z.string().optional(),
    metadata,
    redacted: z
      .strictObject({ at: instantText })
      .optional()
      .meta({ description: 'When the metadata was last removed for good. What is there was set since.' }),
    createdAt: instantText,
    version: versionText,
  })
  .meta({ id: 'Account' });

export const balanceAnswer = z
  .strictObject({
    account: accountId,
    asset: assetCode,
    posted: amountText.meta({ description: 'Credits less debits.' }),
    held: amountText.meta({ description: 'Reserved by open outgoing holds.' }),
    available: amountText
      .nullable()
      .meta({ description: '`posted − held − floor`; null for an account without a floor.' }),
    version: versionText,
    updatedAt: instantText.nullable().meta({ description: 'The time of the newest entry; null before the first.' }),
  })
  .meta({ id: 'Balance' });

export const balanceAtAnswer = z
  .strictObject({
    account: accountId,
    asset: assetCode,
    posted: amountText,
    at: instantText,
    sequence: sequenceText.meta({
      description:
        'The last entry counted; 0 when there was none yet. Of an account that is spread, how many entries were counted.',
    }),
    updatedAt: instantText.nullable().meta({ description: 'The time of that entry.' }),
  })
  .meta({
    id: 'BalanceAt',
    description:
      'The posted balance as of an instant. Of an instant in the last ten seconds it is preliminary: a transaction decided before may still arrive.',
  });

export const postingAnswer = z
  .strictObject({ source: accountId, destination: accountId, asset: assetCode, amount: amountText })
  .meta({ id: 'Posting' });

/** What a transaction moves. */
export const postingsAnswer = z
  .array(postingAnswer)
  .meta({ description: 'In order. An owner is told those that move something from or to the own accounts only.' });

const recordedEntry = z
  .strictObject({
    account: accountId,
    asset: assetCode,
    shard: shardNumber.optional(),
    sequence: sequenceText,
    amount: amountText.meta({ description: 'Negative at the source.' }),
    balanceAfter: amountText,
  })
  .meta({ id: 'TransactionEntry' });

export const transactionKind = z.string().meta({
  description:
    '`transfer`, `deposit`, `withdrawal`, `top_up`, `bonus`, `spend`, `transaction`, or the type that was given.',
  example: 'transfer',
});

export const exchangeAnswer = z
  .strictObject({ sell: assetCode, buy: assetCode, rate: z.string(), rounding: z.enum(roundings) })
  .meta({ id: 'Exchange', description: 'What the amounts were held to: major units of `buy` for one of `sell`.' });

/** What a transaction cost, where a rule was for it: the fees are postings too, behind the one that was asked for. */
const feeFields = {
  fees: z.array(feeAnswer).optional(),
  feeVersion: feeVersionText
    .optional()
    .meta({ description: 'The version of the fee schedule that had a rule for it.' }),
  exchange: exchangeAnswer.optional(),
};

const reversed = transactionId.meta({ description: 'The transaction it reverses, whole or in part.' });

const reprocessed = transactionId.meta({ description: 'The failed transaction that it is another try of.' });

export const postedTransaction = z
  .strictObject({
    id: transactionId,
    status: z.literal('posted'),
    type: transactionKind,
    postings: postingsAnswer,
    entries: z
      .array(recordedEntry)
      .meta({ description: 'Two for each posting, in order. An owner is told those of the own accounts only.' }),
    ...feeFields,
    description: z.string().optional(),
    metadata: metadata.optional(),
    redacted: redactedMark,
    holdId: holdId.optional().meta({ description: 'The hold it captured.' }),
    reverses: reversed.optional(),
    previousReversal: transactionId
      .optional()
      .meta({ description: 'The reversal of the same transaction before this one.' }),
    createdAt: instantText,
  })
  .meta({ id: 'PostedTransaction' });

export const rejectedTransaction = z
  .strictObject({
    id: transactionId,
    status: z.literal('rejected'),
    type: transactionKind,
    postings: postingsAnswer,
    reason: rejectionReason,
    redacted: redactedMark,
    createdAt: instantText,
    reprocesses: reprocessed.optional(),
  })
  .meta({ id: 'RejectedTransaction', description: 'Declined, for ever.' });

export const transactionSince = postedTransaction
  .extend({
    reversedAmount: amountText
      .optional()
      .meta({ description: 'What was reversed of it so far; absent before, and where it has several postings.' }),
    lastReversal: transactionId.optional().meta({
      description: 'The latest reversal of it; each names the one before as its `previousReversal`.',
    }),
    reprocesses: reprocessed.optional(),
  })
  .meta({ id: 'TransactionSince', description: 'Posted, with what became of it since.' });

export const storedTransaction = [transactionSince, rejectedTransaction] as const;

export const holdAnswer = z
  .strictObject({
    id: holdId,
    status: holdStatus,
    account: accountId,
    asset: assetCode,
    amount: amountText.meta({ description: 'What was reserved.' }),
    remaining: amountText.meta({ description: 'What is still reserved.' }),
    captured: amountText.meta({
      description: 'What was posted out of it so far. What is left of `amount` was given back.',
    }),
    description: z.string().optional(),
    metadata: metadata.optional(),
    redacted: redactedMark,
    createdAt: instantText,
    expiresAt: instantText.meta({ description: 'From this time on it is open no more.' }),
    updatedAt: instantText.meta({ description: 'The time of its latest change.' }),
    version: versionText,
  })
  .meta({ id: 'Hold' });

/** A dry run's answer: what would happen now. There is no transaction, and another request may come between. */
export const previewAnswer = z
  .strictObject({
    dryRun: z.literal(true),
    type: transactionKind,
    postings: z.array(postingAnswer),
    entries: z.array(recordedEntry),
    ...feeFields,
    description: z.string().optional(),
    metadata: metadata.optional(),
    reverses: reversed.optional(),
  })
  .meta({ id: 'Preview' });

export const entryAnswer = z
  .strictObject({
    account: accountId,
    asset: assetCode,
    shard: shardNumber.optional(),
    sequence: sequenceText,
    amount: amountText,
    balanceAfter: amountText,
    transactionId,
    type: transactionKind,
    description: z.string().optional(),
    counterparties: z.array(accountId),
    createdAt: instantText,
    hash: z.string().meta({ description: 'SHA-256 over this entry and the hash before it.' }),
    previousHash: z.string(),
    detailsDigest: z.string().meta({
      description: 'The part of the hash that stands for description and metadata; with it the chain can be verified.',
    }),
  })
  .meta({ id: 'Entry' });

/** Lists are read in pages, or whole where there are few. */
export const assetList = z.strictObject({ data: z.array(assetAnswer) }).meta({ id: 'AssetList' });
export const accountList = z.strictObject({ data: z.array(accountAnswer), nextCursor }).meta({ id: 'AccountPage' });
export const balanceList = z.strictObject({ data: z.array(balanceAnswer) }).meta({ id: 'BalanceList' });
export const entryPage = z.strictObject({ data: z.array(entryAnswer), nextCursor }).meta({ id: 'EntryPage' });

export const healthAnswer = z.strictObject({ status: z.literal('ok') }).meta({ id: 'Health' });
