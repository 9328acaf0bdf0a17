import type { AuditFinding } from '../../ledger/audit-finding.ts';
import type { Walk } from '../items/audit-item.ts';
import type { Reader } from '../table/reader.ts';
import { HistoryLook } from './history-look.ts';
import { lookAtRows } from './row-look.ts';
import { auditedRow } from './table-audit-rows.ts';
import type { WalkStep } from './walk-step.ts';

/** Rows read at a time: with all they must agree with, some ten calls of DynamoDB. */
export const rowsPerStep = 250;

/** The walk over every row there is, however old: it verifies all of the table again, a share at a time. */
export class RollingWalk {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** Looks at the next rows. @throws LedgerError `unavailable` */
  async step({ after, within }: Pick<Walk, 'after' | 'within'>): Promise<WalkStep> {
    const { rows, lastKey } = await this.#reader.scan({
      Limit: rowsPerStep,
      ...(after && { ExclusiveStartKey: after }),
    });
    const audited = rows.map(auditedRow);
    const findings: AuditFinding[] = await lookAtRows(this.#reader, audited);
    const history = new HistoryLook(within);
    for (const [index, row] of rows.entries()) {
      const one = audited[index];
      if (one) findings.push(...history.add(row, one));
    }
    const entries = audited.filter(({ kind }) => kind === 'entry').length;
    if (!lastKey) return { findings, entries };
    const next = history.within;
    return { findings, entries, after: lastKey as Record<string, string>, ...(next && { within: next }) };
  }
}
