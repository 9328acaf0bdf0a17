import * as z from 'zod';
import type { AuditLog, AuditReader } from '../../lib/audit/index.ts';
import { auditRecordOf } from '../../lib/http/audit-representations.ts';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import type { Operation, OperationRequest } from '../../lib/http/index.ts';
import { timeText } from '../../lib/http/representations.ts';

const position = z.strictObject({ after: z.int().nonnegative(), through: z.int().nonnegative() });

export function exportAuditLog(log: AuditLog, reader: AuditReader): Operation<'exportAuditLog'> {
  return async (request) => {
    const { query, caller } = request;
    const { limit, cursor, ...period } = query;
    const { tenant } = caller;
    const binding = { operation: 'exportAuditLog', tenant, ...period };
    const { after, through } =
      cursor === undefined ? await begin(log, reader, request) : decodeCursor(cursor, binding, position);
    const { records, next } = await reader.oldest(tenant, after, through, limit);
    return {
      status: 200,
      body: records.map((record) => `${JSON.stringify(auditRecordOf(record))}\n`).join(''),
      mediaType: 'application/jsonl',
      headers: {
        'Content-Disposition': 'attachment; filename="audit-log.jsonl"',
        ...(next !== undefined && { 'X-Next-Cursor': encodeCursor(binding, { after: next, through }) }),
      },
    };
  };
}

/** Records that the log is exported before anything of it is shown, then tells which records the export has: later parts have no others. */
async function begin(
  log: AuditLog,
  reader: AuditReader,
  { query: { from, to }, caller: { tenant }, by }: OperationRequest<'exportAuditLog'>,
): Promise<z.output<typeof position>> {
  const after = { ...(from !== undefined && { from: timeText(from) }), ...(to !== undefined && { to: timeText(to) }) };
  await log.note({ tenant, action: 'audit_log.exported', target: 'audit-log', ...by, after });
  return {
    after: from === undefined ? 0 : await reader.lastUntil(tenant, from - 1),
    through: await reader.lastUntil(tenant, to),
  };
}
