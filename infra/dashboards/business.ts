import { Duration } from 'aws-cdk-lib';
import { GraphWidget, type IWidget, SingleValueWidget, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { declineReasons } from '../../lib/ledger/errors.ts';
import { flowBusinessRows } from './flow.ts';
import { commitAttempts, postedByType } from './money-metrics.ts';
import { type Observed, widths } from './observed.ts';
import { searchMetrics } from './service-metrics.ts';

const period = Duration.minutes(5);
const sum = { statistic: Stats.SUM, period };

/** What are clients doing with it, and how often does it say no? */
export function businessWidgets({ stage }: Observed): IWidget[][] {
  const posted = postedByType(stage, period);
  const declined = declineReasons.map((outcome) =>
    searchMetrics(stage, 'transactions', { ...sum, where: { outcome }, total: true, label: outcome }),
  );
  const attempts = (statistic: string, label: string) => commitAttempts(stage, { statistic, period, label });
  return [
    [
      new SingleValueWidget({
        title: 'Posted in the time shown',
        metrics: posted,
        setPeriodToTimeRange: true,
        width: widths.whole,
      }),
    ],
    [
      new GraphWidget({ title: 'Posted, by type', left: posted, stacked: true, width: widths.half }),
      new GraphWidget({ title: 'Declined, by reason', left: declined, stacked: true, width: widths.half }),
    ],
    [
      new GraphWidget({
        title: 'Replayed to a repeated key',
        left: [searchMetrics(stage, 'replays', { ...sum, label: '' })],
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Refused: the key is of another request',
        left: [searchMetrics(stage, 'keyConflicts', { ...sum, label: '' })],
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Attempts to commit',
        left: [attempts(Stats.AVERAGE, 'average'), attempts(Stats.p(99), 'p99'), attempts(Stats.MAXIMUM, 'most')],
        width: widths.third,
      }),
    ],
    ...flowBusinessRows({ stage }),
    [
      new GraphWidget({
        title: 'Requests, by operation',
        left: [searchMetrics(stage, 'requests', { ...sum, label: '' })],
        width: widths.half,
      }),
      new GraphWidget({
        title: 'Time in the handler, by operation, p95',
        left: [searchMetrics(stage, 'latency', { statistic: 'p95', period, label: '' })],
        width: widths.half,
      }),
    ],
  ];
}
