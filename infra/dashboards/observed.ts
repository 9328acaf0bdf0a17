import type { IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { LedgerApi } from '../ledger-api.ts';
import type { LedgerFunction } from '../ledger-function.ts';
import type { WatchedTable } from '../table-metrics.ts';

/** What the dashboards of a stage look at. */
export interface Observed {
  /** The name of the stage. */
  readonly stage: string;
  readonly api: LedgerApi;
  /** The functions by area. */
  readonly functions: Readonly<Record<string, LedgerFunction>>;
  /** The tables by what they hold. */
  readonly tables: Readonly<Record<string, WatchedTable>>;
  readonly alarms: readonly IAlarm[];
}

/** The width of a whole row, a half and a third of it, in the units of CloudWatch's grid. */
export const widths = { whole: 24, half: 12, third: 8 } as const;
