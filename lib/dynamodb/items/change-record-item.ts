import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import {
  type ChangeRecord,
  type ChangeSubject,
  canonicalJson,
  changeEventTypes,
  type EventContent,
  InvariantViolation,
  type RecordId,
  type TenantId,
} from '../../ledger/index.ts';
import { type Cause, causeBytes, parseCause } from './cause.ts';
import { count, lastPart, parseRow, type Row } from './items.ts';
import { changeKey, ifAbsent } from './keys.ts';

type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

// What is hashed is kept as its very text: DynamoDB would give its numbers back in another form.
const json = z.string().transform((text, context): EventContent => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('no JSON');
    return z.NEVER;
  }
});

const changeRow = z.object({
  type: z.enum(changeEventTypes),
  subject: z.string(),
  number: count,
  createdAt: count,
  content: json,
  details: json.optional(),
  // Absent where the details were redacted, of which the digest is kept.
  salt: z.string().optional(),
  detailsDigest: z.string().optional(),
  cause: z.instanceof(Uint8Array).optional(),
});

/** A change record as it is stored: with the request that made the change. */
export interface StoredChange {
  readonly change: ChangeRecord;
  readonly cause?: Cause;
}

export function changeItem(tenant: TenantId, { id, ...change }: ChangeRecord, cause: Cause = {}): Row {
  const causedBy = causeBytes(cause);
  return {
    ...changeKey(tenant, id),
    ...change,
    content: canonicalJson(change.content),
    ...(change.details && { details: canonicalJson(change.details) }),
    ...(causedBy && { cause: causedBy }),
  };
}

export function parseChange(row: Row): StoredChange {
  const { subject, details, salt, detailsDigest, cause: causedBy, ...rest } = parseRow(changeRow, row);
  const cause = causedBy && parseCause(causedBy);
  const change: ChangeRecord = {
    id: lastPart(String(row.PK)) as RecordId,
    subject: subject as ChangeSubject,
    ...rest,
    ...(details && { details }),
    ...(salt !== undefined && { salt }),
    ...(detailsDigest !== undefined && { detailsDigest }),
  };
  return { change, ...(cause && { cause }) };
}

/**
 * The action that puts a change record, for the write that makes the change: then there is an event if and only if the change
 * was made. It wakes the journal by itself, through the table's stream.
 */
export function putChange(table: string, tenant: TenantId, change: ChangeRecord, cause?: Cause): Action {
  if (change.number < 1) throw new InvariantViolation(`changes of ${change.subject} are numbered from 1`);
  return { Put: { TableName: table, Item: changeItem(tenant, change, cause), ...ifAbsent } };
}
