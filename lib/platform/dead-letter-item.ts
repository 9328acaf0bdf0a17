import * as z from 'zod';
import type { FailedHead } from '../dynamodb/index.ts';
import { accountId, count, parseRow, type Row, transactionId } from '../dynamodb/items/items.ts';
import {
  type DeadLetter,
  type DeadLetterSource,
  deadLetterKinds,
  deadLetterSources,
  deadLetterStatuses,
} from './dead-letter.ts';
import { type DeadLetterId, deadLetterIdOf } from './dead-letter-id.ts';
import { failureOf } from './failure.ts';
import { deadLetterKey, tenantOfDeadLetters } from './keys.ts';

const sources = Object.keys(deadLetterSources) as [DeadLetterSource, ...DeadLetterSource[]];
const messageAttribute = z.object({ type: z.string(), value: z.string() });

const deadLetterRow = z.object({
  PK: z.string(),
  SK: z.string().transform((text) => text as DeadLetterId),
  kind: z.enum(deadLetterKinds),
  source: z.enum(sources),
  status: z.enum(deadLetterStatuses),
  failure: z.object({ errorClass: z.string(), errorMessage: z.string() }).optional(),
  attempts: count,
  firstFailureAt: count,
  lastFailureAt: count,
  cause: z.object({ correlationId: z.string().optional(), traceparent: z.string().optional() }),
  transactionId: transactionId.optional(),
  account: accountId.optional(),
  message: z
    .object({
      id: z.string(),
      body: z.string(),
      attributes: z.record(z.string(), z.string()),
      messageAttributes: z.record(z.string(), messageAttribute),
      isCut: z.literal(true).optional(),
    })
    .optional(),
  resolution: z
    .object({
      by: z.string(),
      at: count,
      reason: z.string().optional(),
      transactionId: transactionId.optional(),
      messageId: z.string().optional(),
      keyApplied: z.object({ mark: z.string(), requestHash: z.string() }),
    })
    .optional(),
});

/** A dead letter as it is stored: its resolution with the idempotency key it was made under. */
export type StoredDeadLetter = DeadLetter & {
  readonly resolution?: { readonly keyApplied: { readonly mark: string; readonly requestHash: string } };
};

/** The row of a dead letter. */
export function deadLetterRowOf({ id, tenant, ...content }: DeadLetter): Row {
  return { ...deadLetterKey(tenant, id), ...content };
}

/** @throws InvariantViolation for a damaged row */
export function parseDeadLetter(row: Row): StoredDeadLetter {
  const { PK, SK, ...content } = parseRow(deadLetterRow, row);
  return { id: SK, tenant: tenantOfDeadLetters(PK), ...content } as StoredDeadLetter;
}

/**
 * The dead letter of a transaction, to be put in the write that makes the transaction `failed`: so that each failed
 * transaction has one, and there is none of any other.
 */
export function deadLetterItem(failed: FailedHead): Row {
  const { tenant, transactionId, account, error, attempts, firstFailureAt, lastFailureAt, cause = {} } = failed;
  return deadLetterRowOf({
    id: deadLetterIdOf(lastFailureAt, { transaction: transactionId, tenant }),
    tenant,
    kind: 'transaction',
    source: 'lines',
    status: 'open',
    failure: failureOf(error),
    attempts,
    firstFailureAt,
    lastFailureAt,
    cause,
    transactionId,
    account,
  });
}
