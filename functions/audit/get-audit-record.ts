import type { AuditReader } from '../../lib/audit/index.ts';
import { auditRecordOf } from '../../lib/http/audit-representations.ts';
import { HttpProblem, json, type Operation } from '../../lib/http/index.ts';

export function getAuditRecord(log: AuditReader): Operation<'getAuditRecord'> {
  return async ({ path: { recordNumber }, caller: { tenant } }) => {
    const record = await log.get(tenant, recordNumber);
    if (!record) throw new HttpProblem('not_found', `There is no record ${recordNumber} in the audit log.`);
    return json(200, auditRecordOf(record));
  };
}
