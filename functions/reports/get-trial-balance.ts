import * as z from 'zod';
import type { AssetSum, AssetSums } from '../../lib/dynamodb/readers/trial-balance.ts';
import type { Reports } from '../../lib/dynamodb/reports.ts';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { accountId, assetCode } from '../../lib/http/fields.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import { invalidRequest } from '../../lib/http/problem.ts';
import { maxReportCursor } from '../../lib/http/report-schemas.ts';
import { timeText } from '../../lib/http/representations.ts';

/** Below this what was added is answered, in milliseconds: adding more may take as long. */
const shortestStepMs = 4_500;

const digits = z.string().regex(/^[0-9]{1,48}$/);

/**
 * Where to go on, with the sums so far. It is the caller's own sum of what he may read anyway, so nobody but himself could
 * be deceived by one that he made up.
 */
const position = z.strictObject({
  at: z.int().nonnegative(),
  account: accountId,
  sums: z.array(z.tuple([assetCode, digits, digits, z.int().nonnegative()])),
});

export function getTrialBalance(reports: Reports): Operation<'getTrialBalance'> {
  return async ({ query: { cursor, ...query }, caller: { tenant }, remainingTimeInMillis, log }) => {
    const { asset } = query;
    if (asset !== undefined) log({ asset });
    const binding = { operation: 'getTrialBalance', tenant, ...query };
    const known = cursor === undefined ? undefined : decodeCursor(cursor, binding, position);
    const at = known ? reports.cuts.again(known.at) : reports.cuts.at(query.at);
    const from = known && { account: known.account, sums: sumsOf(known.sums) };
    const isTime = () => remainingTimeInMillis() >= shortestStepMs;
    const { sums, next } = await reports.trialBalance.page({ tenant, asset, at, from }, isTime);
    const nextCursor = next && encodeCursor(binding, { at, account: next, sums: rowsOf(sums) });
    if (nextCursor && nextCursor.length > maxReportCursor) {
      throw invalidRequest([
        { in: 'query', pointer: '/asset', detail: 'needed: there are too many assets for one sum' },
      ]);
    }
    const isBalanced = [...sums.values()].every(({ credit, debit }) => credit === debit);
    return json(200, {
      at: timeText(at),
      status: nextCursor !== undefined ? 'partial' : isBalanced ? 'balanced' : 'unbalanced',
      assets: [...sums].sort(([one], [other]) => (one < other ? -1 : 1)).map(([code, sum]) => sumOf(code, sum)),
      ...(nextCursor !== undefined && { nextCursor }),
    });
  };
}

function sumOf(asset: string, { credit, debit, balances }: AssetSum) {
  return {
    asset,
    credit: credit.toString(),
    debit: debit.toString(),
    sum: (credit - debit).toString(),
    balances,
  };
}

type SumRow = z.output<typeof position>['sums'][number];

function rowsOf(sums: AssetSums): SumRow[] {
  return [...sums].map(([asset, { credit, debit, balances }]) => [asset, `${credit}`, `${debit}`, balances]);
}

function sumsOf(rows: readonly SumRow[]): AssetSums {
  return new Map(
    rows.map(([asset, credit, debit, balances]) => [asset, { credit: BigInt(credit), debit: BigInt(debit), balances }]),
  );
}
