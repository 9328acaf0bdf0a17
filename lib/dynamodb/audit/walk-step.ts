import type { AuditFinding } from '../../ledger/audit-finding.ts';
import type { Walk } from '../items/audit-item.ts';

/** What one step of a walk came to. */
export interface WalkStep extends Pick<Walk, 'after' | 'within'> {
  readonly findings: readonly AuditFinding[];
  /** Entries verified. */
  readonly entries: number;
  /** Balances whose newest entries were not reached. */
  readonly behind?: number;
}
