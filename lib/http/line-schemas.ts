import * as z from 'zod';
import { exchangeAnswer, postingAnswer, postingsAnswer, storedTransaction, transactionKind } from './answers.ts';
import { holdId, instantText, metadata, redactedMark, transactionId } from './fields.ts';

const asked = {
  postings: z.array(postingAnswer).optional().meta({
    description:
      'What was asked to be moved; absent where only its turn shows it: reversals, captures and batches. An owner is told what moves from or to the own accounts only.',
  }),
  exchange: exchangeAnswer.optional(),
  description: z.string().optional(),
  metadata: metadata.optional(),
  holdId: holdId.optional().meta({ description: 'The hold that it is to capture.' }),
  reverses: transactionId.optional().meta({ description: 'The transaction that it is to reverse.' }),
  transactions: z.array(transactionId).optional().meta({ description: 'Of a batch: its transactions, in order.' }),
};

export const pendingTransaction = z
  .strictObject({
    id: transactionId,
    status: z.literal('pending'),
    type: transactionKind,
    ...asked,
    createdAt: instantText.meta({ description: 'When it was accepted.' }),
  })
  .meta({
    id: 'PendingTransaction',
    description: 'Accepted, and to be executed in its turn. The answer is the same however often it is asked for.',
  });

export const waitingTransaction = pendingTransaction
  .extend({
    reprocesses: transactionId.optional().meta({ description: 'The failed transaction that it is another try of.' }),
  })
  .meta({ id: 'WaitingTransaction', description: 'It waits in the line of an account.' });

export const failedTransaction = z
  .strictObject({
    id: transactionId,
    status: z.literal('failed'),
    type: transactionKind,
    postings: postingsAnswer,
    createdAt: instantText.meta({ description: 'When it was accepted.' }),
    failedAt: instantText,
    redacted: redactedMark,
    reprocessedBy: transactionId.optional().meta({ description: 'The transaction that was made of it since.' }),
    reprocesses: transactionId.optional().meta({ description: 'The failed transaction that it is another try of.' }),
  })
  .meta({
    id: 'FailedTransaction',
    description: 'Each try of it failed for a fault on our side, and it was given up. Nothing was moved, nor will be.',
  });

export const batchSince = z
  .strictObject({
    id: transactionId,
    status: z.literal('posted'),
    type: z.literal('batch'),
    transactions: z.array(transactionId).meta({ description: 'In order; each can be read by its id.' }),
    redacted: redactedMark,
    createdAt: instantText,
  })
  .meta({ id: 'PostedBatch', description: 'All transactions of a batch are posted.' });

/** A transaction as it is by now. */
export const transactionAnswer = z
  .union([...storedTransaction, waitingTransaction, failedTransaction, batchSince])
  .meta({ id: 'Transaction' });

export const lineAnswer = z
  .strictObject({
    data: z
      .array(waitingTransaction)
      .meta({ description: 'From the head of the line on: in the order of their turns.' }),
    nextCursor: z.string().optional(),
  })
  .meta({ id: 'Line' });
