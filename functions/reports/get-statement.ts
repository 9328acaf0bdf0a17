import * as z from 'zod';
import type { Reports } from '../../lib/dynamodb/reports.ts';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { pageEnd, pageEndValue } from '../../lib/http/entry-cursor.ts';
import type { Operation } from '../../lib/http/index.ts';
import { formatOf } from '../../lib/http/report-format.ts';
import { entryReport } from '../../lib/http/report-texts.ts';
import { entryOf, timeText } from '../../lib/http/representations.ts';
import { periodOf } from './period.ts';

const position = z.strictObject({ to: z.int().nonnegative(), after: pageEnd });

export function getStatement(reports: Reports): Operation<'getStatement'> {
  return async ({ path: { accountId: account }, query, accept, caller: { tenant }, log }) => {
    const { asset, limit, cursor, format: asked, ...asPeriod } = query;
    log({ accounts: [account], asset });
    const binding = { operation: 'getStatement', tenant, account, asset, ...asPeriod };
    const at = cursor === undefined ? undefined : decodeCursor(cursor, binding, position);
    const { from, to } = periodOf(asPeriod, reports, at?.to);
    const { opening, closing, entries, next } = await reports.statements.page({
      tenant,
      account,
      asset,
      from,
      to,
      limit,
      after: at?.after,
    });
    const nextCursor = next && encodeCursor(binding, { to, after: pageEndValue(next) });
    const frame = {
      opening: { account, asset, at: from, balance: opening },
      closing: { account, asset, at: to, balance: closing },
    };
    const fileName = `statement-${account}-${asset}`.replaceAll(/[:/]/g, '-');
    return entryReport(
      { format: formatOf(asked, accept), entries, to, isFirst: at === undefined, nextCursor, fileName, frame },
      {
        account,
        asset,
        ...(from !== undefined && { from: timeText(from) }),
        to: timeText(to),
        opening: opening.toString(),
        closing: closing.toString(),
        data: entries.map(entryOf),
      },
    );
  };
}
