import * as z from 'zod';
import { type Hold, type HoldId, holdStatuses, type RecordId, type TenantId } from '../../ledger/index.ts';
import { dueAttributes } from './hold-due.ts';
import { accountId, amount, assetCode, count, lastPart, metadata, parseRow, type Row, redaction } from './items.ts';
import { holdKey } from './keys.ts';

const recordId = z.string().transform((text) => text as RecordId);

/** A hold as a row has it, and as the record of the key that did something to it keeps it. */
export const holdFields = {
  account: accountId,
  asset: assetCode,
  amount,
  remaining: amount,
  captured: amount,
  status: z.enum(holdStatuses),
  description: z.string().optional(),
  metadata: metadata.optional(),
  createdAt: count,
  expiresAt: count,
  updatedAt: count,
  version: count,
  salt: z.string().optional(),
  redacted: redaction.optional(),
  operation: recordId.optional(),
  previousOperation: recordId.optional(),
};

const holdRow = z.object(holdFields);

/** The id is in the key. While it is open, it is in the index of what is due at its end. */
export function holdItem(tenant: TenantId, { id, ...content }: Hold): Row {
  return { ...holdKey(tenant, id), ...content, ...(content.status === 'open' && dueAttributes(tenant, content)) };
}

export function parseHold(row: Row): Hold {
  return { id: lastPart(String(row.PK)) as HoldId, ...parseRow(holdRow, row) } as Hold;
}
