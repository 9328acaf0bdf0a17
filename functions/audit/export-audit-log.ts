import * as z from 'zod';
import type { Act, AuditLog, AuditReader } from '../../lib/audit/index.ts';
import { auditRecordOf } from '../../lib/http/audit-representations.ts';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { HttpProblem, type Operation, type OperationRequest } from '../../lib/http/index.ts';
import { recordOfExport } from '../../lib/http/recorded-export.ts';
import { timeText } from '../../lib/http/representations.ts';

/** Behind which record the next part begins, with which the export ends, and which is its own. */
const position = z.strictObject({
  after: z.int().nonnegative(),
  through: z.int().nonnegative(),
  record: z.int().positive(),
});

type Request = OperationRequest<'exportAuditLog'>;
type Period = Pick<Request['query'], 'from' | 'to'>;

/** That the log is exported is recorded before anything of it is shown. */
export function exportAuditLog(log: AuditLog, reader: AuditReader): Operation<'exportAuditLog'> {
  return async (request) => {
    const { limit, cursor, ...period } = request.query;
    const { tenant } = request.caller;
    const binding = { operation: 'exportAuditLog', tenant, ...period };
    const at = cursor === undefined ? undefined : decodeCursor(cursor, binding, position);
    const record = await recordOfExport(log, actOf(request, period), at?.record);
    const { after, through } = at ?? (await rangeOf(reader, request, period, record));
    const { records, next } = await reader.oldest(tenant, after, Math.min(through, record), limit);
    // Only where a cursor was made up.
    if (!records.every((each) => isIn(period, each.at))) throw new HttpProblem('invalid_cursor');
    return {
      status: 200,
      body: records.map((each) => `${JSON.stringify(auditRecordOf(each))}\n`).join(''),
      mediaType: 'application/jsonl',
      headers: {
        'Content-Disposition': 'attachment; filename="audit-log.jsonl"',
        ...(next !== undefined && { 'X-Next-Cursor': encodeCursor(binding, { after: next, through, record }) }),
      },
    };
  };
}

function actOf({ caller: { tenant }, by }: Request, { from, to }: Period): Act {
  const after = { ...(from !== undefined && { from: timeText(from) }), ...(to !== undefined && { to: timeText(to) }) };
  return { tenant, action: 'audit_log.exported', target: 'audit-log', ...by, after };
}

/** Which records an export has: none behind its own, so that later parts have nothing that was recorded meanwhile. */
async function rangeOf(
  reader: AuditReader,
  { caller: { tenant } }: Request,
  { from, to }: Period,
  record: number,
): Promise<Pick<z.output<typeof position>, 'after' | 'through'>> {
  return {
    after: from === undefined ? 0 : await reader.lastUntil(tenant, from - 1),
    through: to === undefined ? record : Math.min(record, await reader.lastUntil(tenant, to)),
  };
}

function isIn({ from, to }: Period, at: number): boolean {
  return (from === undefined || at >= from) && (to === undefined || at <= to);
}
