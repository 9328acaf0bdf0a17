import * as z from 'zod';
import { count, parseRow, type Row } from '../dynamodb/items/items.ts';
import { canonicalJson, type TenantId } from '../ledger/index.ts';
import { auditKey, numberOfAuditRecord, tenantOfAuditLog } from '../platform/keys.ts';
import type { ActionName, Facts } from './act.ts';
import type { AuditMark, AuditRecord } from './audit-record.ts';

// What is hashed is kept as its very text: DynamoDB would give its numbers back in another form.
const json = z.string().transform((text, context): Facts => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('no JSON');
    return z.NEVER;
  }
});

const auditRow = z.object({
  PK: z.string(),
  SK: z.string(),
  at: count,
  // Also one that only a later version knows: what it wrote must be shown, and gone on from.
  action: z.string().transform((text) => text as ActionName),
  target: z.string(),
  actor: z.object({
    tenant: z.string(),
    client: z.string(),
    subject: z.string().optional(),
    address: z.string().optional(),
    userAgent: z.string().optional(),
  }),
  correlationId: z.string().optional(),
  reason: z.string().optional(),
  before: json.optional(),
  after: json.optional(),
  nonce: z.string(),
  previousHash: z.string(),
  hash: z.string(),
});

/** What the next record needs of the last one, and no more: a row with other damage must not keep anybody from freezing an account. */
const markRow = z.object({ SK: z.string(), at: count, hash: z.string(), nonce: z.string() });

/** The row of a record. */
export function auditItem({ tenant, number, before, after, ...content }: AuditRecord): Row {
  return {
    ...auditKey(tenant, number),
    ...content,
    ...(before && { before: canonicalJson(before) }),
    ...(after && { after: canonicalJson(after) }),
  };
}

/** @throws InvariantViolation for a damaged row */
export function parseAudit(row: Row): AuditRecord {
  const { PK, SK, ...content } = parseRow(auditRow, row);
  const tenant: TenantId = tenantOfAuditLog(PK);
  return { tenant, number: numberOfAuditRecord(SK), ...content } as AuditRecord;
}

/** @throws InvariantViolation for a row that is damaged so far that nothing can go on from it */
export function parseMark(row: Row): AuditMark {
  const { SK, ...mark } = parseRow(markRow, row);
  return { number: numberOfAuditRecord(SK), ...mark };
}
