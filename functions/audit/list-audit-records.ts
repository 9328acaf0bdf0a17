import * as z from 'zod';
import type { AuditReader } from '../../lib/audit/index.ts';
import { auditRecordOf } from '../../lib/http/audit-representations.ts';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { json, type Operation } from '../../lib/http/index.ts';

const position = z.int().positive();

export function listAuditRecords(log: AuditReader): Operation<'listAuditRecords'> {
  return async ({ query: { limit, cursor, ...filter }, caller: { tenant } }) => {
    const binding = { operation: 'listAuditRecords', tenant, ...filter };
    const before = cursor === undefined ? undefined : decodeCursor(cursor, binding, position);
    const { records, next } = await log.newest(tenant, filter, limit, before);
    return json(200, {
      data: records.map(auditRecordOf),
      ...(next !== undefined && { nextCursor: encodeCursor(binding, next) }),
    });
  };
}
