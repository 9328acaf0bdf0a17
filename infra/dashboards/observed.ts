import type { IAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { Area } from '../areas.ts';
import type { WatchedTable } from '../table-metrics.ts';
import type { Worker } from '../workers.ts';

/** What the dashboards of a stage look at. */
export interface Observed {
  /** The name of the stage. */
  readonly stage: string;
  readonly functions: readonly (Area | Worker)[];
  /** The tables by what they hold. */
  readonly tables: Readonly<Record<string, WatchedTable>>;
  readonly alarms: readonly IAlarm[];
}

/** The width of a whole row, a half and a third of it, in the units of CloudWatch's grid. */
export const widths = { whole: 24, half: 12, third: 8 } as const;
