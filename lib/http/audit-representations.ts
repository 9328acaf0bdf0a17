import type * as z from 'zod';
import type { AuditRecord } from '../audit/audit-record.ts';
import type { auditRecordAnswer } from './audit-schemas.ts';
import { timeText } from './representations.ts';

/** How a record of the audit log looks on the wire: all that is hashed, but for the tenant, which the credentials say. */
export function auditRecordOf(record: AuditRecord): z.input<typeof auditRecordAnswer> {
  const { number, at, action, target, actor, correlationId, reason, before, after, nonce, previousHash, hash } = record;
  return {
    number: String(number),
    at: timeText(at),
    action,
    target,
    actor,
    ...(correlationId !== undefined && { correlationId }),
    ...(reason !== undefined && { reason }),
    ...(before && { before }),
    ...(after && { after }),
    nonce,
    previousHash,
    hash,
  };
}
