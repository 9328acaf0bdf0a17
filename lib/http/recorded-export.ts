import type { Act, AuditLog } from '../audit/index.ts';
import { HttpProblem } from './problem.ts';

/**
 * The number of the record that an export has in the audit log: a new one where it begins, and where it goes on that of its beginning, which the cursor
 * names. A cursor can be made up, so the record is looked at: it is of the same export, begun by who goes on with it.
 *
 * @throws HttpProblem `invalid_cursor` where there is no such record; LedgerError `contention`, `unavailable`, `outcome_unknown`
 */
export async function recordOfExport(
  log: Pick<AuditLog, 'note' | 'hasNoted'>,
  act: Act,
  begunAs: number | undefined,
): Promise<number> {
  if (begunAs === undefined) return log.note(act);
  if (!(await log.hasNoted(begunAs, act))) throw new HttpProblem('invalid_cursor');
  return begunAs;
}
