import * as z from 'zod';
import type { AuditLog } from '../../lib/audit/index.ts';
import type { Reports } from '../../lib/dynamodb/reports.ts';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { pageEnd, pageEndValue } from '../../lib/http/entry-cursor.ts';
import { accountId } from '../../lib/http/fields.ts';
import type { Operation } from '../../lib/http/index.ts';
import { recordOfExport } from '../../lib/http/recorded-export.ts';
import { formatOf } from '../../lib/http/report-format.ts';
import { entryReport } from '../../lib/http/report-texts.ts';
import { entryOf, timeText } from '../../lib/http/representations.ts';
import { periodOf } from './period.ts';

/** Below this another account is left to the next page, in milliseconds: reading it may take as long. */
const shortestStepMs = 4_500;

const position = z.strictObject({
  to: z.int().nonnegative(),
  account: accountId,
  after: pageEnd.optional(),
  /** Which record of the audit log says that it is exported. */
  record: z.int().positive(),
});

export function exportEntries(reports: Reports, acts: Pick<AuditLog, 'note' | 'hasNoted'>): Operation<'exportEntries'> {
  return async ({ query, accept, caller: { tenant }, by, remainingTimeInMillis }) => {
    const { limit, cursor, format: asked, ...asPeriod } = query;
    const binding = { operation: 'exportEntries', tenant, ...asPeriod };
    const at = cursor === undefined ? undefined : decodeCursor(cursor, binding, position);
    // What was recorded when it began was a cut then, also for an instance whose clock is behind.
    const { from, to } = at ? { from: asPeriod.from, to: at.to } : periodOf(asPeriod, reports);
    const after = { ...(from !== undefined && { from: timeText(from) }), to: timeText(to) };
    const act = { tenant, action: 'entries.exported', target: 'entries', ...by, after } as const;
    const record = await recordOfExport(acts, act, at?.record);
    const isTime = () => remainingTimeInMillis() >= shortestStepMs;
    const { entries, next } = await reports.entries.page({ tenant, from, to, limit, at }, isTime);
    const nextCursor =
      next &&
      encodeCursor(binding, {
        to,
        account: next.account,
        ...(next.after && { after: pageEndValue(next.after) }),
        record,
      });
    const fileName = `entries-${timeText(to).slice(0, 10)}`;
    return entryReport(
      { format: formatOf(asked, accept), entries, to, isFirst: at === undefined, nextCursor, fileName },
      { ...(from !== undefined && { from: timeText(from) }), to: timeText(to), data: entries.map(entryOf) },
    );
  };
}
