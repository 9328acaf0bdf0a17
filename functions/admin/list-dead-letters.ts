import { deadLetterId } from '../../lib/http/admin-schemas.ts';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { deadLetterSummaryOf } from '../../lib/http/dead-letter-representations.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import { listDeadLetters as listStored } from '../../lib/platform/dead-letter-list.ts';
import type { PlatformTable } from '../../lib/platform/platform-table.ts';
import { visibleTenants } from './visible-tenants.ts';

export function listDeadLetters(table: PlatformTable): Operation<'listDeadLetters'> {
  return async ({ query: { limit, cursor, ...filter }, caller }) => {
    const binding = { operation: 'listDeadLetters', tenant: caller.tenant, ...filter };
    const after = cursor === undefined ? undefined : decodeCursor(cursor, binding, deadLetterId);
    const tenants = visibleTenants(caller);
    const { letters, next } = await listStored(table, { tenants, filter, order: 'newest first', limit, after });
    return json(200, {
      data: letters.map(deadLetterSummaryOf),
      ...(next !== undefined && { nextCursor: encodeCursor(binding, next) }),
    });
  };
}
