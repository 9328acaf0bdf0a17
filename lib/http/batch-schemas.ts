import * as z from 'zod';
import { faultOfExchange } from '../ledger/exchange-rate.ts';
import {
  type BatchMemberRequest,
  InvariantViolation,
  maxActionsPerPosting,
  maxActionsPerWrite,
  maxBatchMembers,
} from '../ledger/index.ts';
import { postedTransaction, previewAnswer } from './answers.ts';
import { accountId, assetCode, metadata, positiveAmount, transactionId, transactionType } from './fields.ts';
import { description, exchange, postings } from './requests.ts';

/** What clients send and are answered about batches. */

const transferFields = ['source', 'destination', 'asset', 'amount'] as const;
const otherFields = ['type', 'exchange'] as const;

/** Transfers that fit one write even if no two of them share an account. */
const transfersThatFit = Math.floor((maxActionsPerWrite - 1) / (maxActionsPerPosting + 1));

const batchMember = z
  .strictObject({
    source: accountId.optional(),
    destination: accountId.optional(),
    asset: assetCode.optional(),
    amount: positiveAmount.optional(),
    postings: postings.optional(),
    type: transactionType.optional(),
    exchange: exchange.optional(),
    description: description.optional(),
    metadata: metadata.optional(),
  })
  .superRefine((member, context) => {
    const fault = (message: string, ...path: string[]) => context.addIssue({ code: 'custom', message, path });
    if (!member.postings) {
      for (const field of transferFields) if (member[field] === undefined) fault('required without postings', field);
      for (const field of otherFields) if (member[field] !== undefined) fault('only with postings', field);
      return;
    }
    for (const field of transferFields) if (member[field] !== undefined) fault('not with postings', field);
    const inexact = member.exchange && faultOfExchange(member.exchange, member.postings);
    if (inexact) fault(inexact.detail, ...(inexact.at === 'postings' ? ['postings'] : ['exchange', inexact.at]));
  })
  .transform((member): BatchMemberRequest => {
    const { source, destination, asset, amount, postings: several, type = 'transaction', ...rest } = member;
    if (several) return { ...rest, postings: several, type };
    if (!source || !destination || !asset || !amount) throw new InvariantViolation('a transfer went unchecked');
    return { ...rest, postings: [{ source, destination, asset, amount }], type: 'transfer' };
  })
  .meta({
    id: 'BatchMember',
    description:
      'A transfer (`source`, `destination`, `asset`, `amount`), or any other transaction (`postings`, `type`, `exchange`).',
  });

export const createBatchBody = z
  .strictObject({
    transactions: z
      .array(batchMember)
      .min(1, 'at least one transaction')
      .max(maxBatchMembers, `at most ${maxBatchMembers} transactions`)
      .meta({
        description: `Posted in order, all or none. They must fit one write of ${maxActionsPerWrite} items, whatever exists already: 2 for the batch, 1 for each transaction, 2 for each posting, and 1 for each balance and each account named. ${transfersThatFit} transfers always do.`,
      }),
  })
  .meta({ id: 'CreateBatch' });

export const batchAnswer = z
  .strictObject({
    id: transactionId.meta({
      description: 'Of the batch: by it, all its transactions are found and redacted together.',
    }),
    transactions: z
      .array(postedTransaction)
      .meta({ description: 'In the order of the request, all of one time; each can be read and reversed by its id.' }),
  })
  .meta({ id: 'Batch' });

export const batchPreviewAnswer = z
  .strictObject({ dryRun: z.literal(true), transactions: z.array(previewAnswer) })
  .meta({ id: 'BatchPreview', description: 'What would happen now.' });
