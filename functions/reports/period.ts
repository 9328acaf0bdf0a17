import type { Reports } from '../../lib/dynamodb/reports.ts';
import { type Fault, invalidRequest } from '../../lib/http/problem.ts';

/** The first and last instant of a period, in milliseconds since 1970. */
export interface Period {
  readonly from: number | undefined;
  readonly to: number;
}

/**
 * The period asked for, ended where something might still change. On later pages it ends where it did on the first.
 *
 * @param begunTo where it ended on the page before
 * @throws HttpProblem `invalid_request` for one that begins after its end
 */
export function periodOf(
  { from, to }: { from?: number | undefined; to?: number | undefined },
  { cuts }: Reports,
  begunTo?: number,
): Period {
  const end = begunTo === undefined ? cuts.at(to) : cuts.again(begunTo);
  if (from === undefined || from <= end) return { from, to: end };
  const detail =
    to !== undefined && from > to
      ? 'not after "to"'
      : `at or before ${new Date(end).toISOString()}: what is younger may still change`;
  const fault: Fault = { in: 'query', pointer: '/from', detail };
  throw invalidRequest([fault]);
}
