import { Duration } from 'aws-cdk-lib';
import { GraphWidget, type IWidget, MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { apiMetric } from '../api-metrics.ts';
import { functionMetric } from '../function-metrics.ts';
import { tableMetric } from '../table-metrics.ts';
import { commitAttempts, postedByType } from './money-metrics.ts';
import { type Observed, widths } from './observed.ts';

const period = Duration.days(1);
const sum = { statistic: Stats.SUM, period };

/**
 * How does it change over months? Every metric is named, none is searched for: CloudWatch keeps hourly values for 15 months, but
 * searches only among metrics that had a value in the last two weeks.
 */
export function trendsWidgets({ stage, functions, tables }: Observed): IWidget[][] {
  const errorRate = new MathExpression({
    label: 'percent',
    expression: '100 * errors / requests',
    usingMetrics: { errors: apiMetric(stage, '5XXError', sum), requests: apiMetric(stage, 'Count', sum) },
    period,
  });
  const posted = postedByType(stage, period);
  const attempts = commitAttempts(stage, { statistic: Stats.AVERAGE, period, label: 'average' });
  return [
    [
      new GraphWidget({
        title: 'Requests a day',
        left: [apiMetric(stage, 'Count', { ...sum, label: 'requests' })],
        width: widths.third,
      }),
      new GraphWidget({ title: 'Answers of 5xx, in percent', left: [errorRate], width: widths.third }),
      new GraphWidget({
        title: 'Latency',
        left: [50, 95, 99].map((p) => apiMetric(stage, 'Latency', { statistic: Stats.p(p), period, label: `p${p}` })),
        width: widths.third,
      }),
    ],
    [
      new GraphWidget({ title: 'Posted a day, by type', left: posted, stacked: true, width: widths.half }),
      new GraphWidget({ title: 'Attempts to commit', left: [attempts], width: widths.half }),
    ],
    [
      new GraphWidget({
        title: 'Units written a day',
        left: Object.entries(tables).map(([what, table]) =>
          tableMetric(table, 'ConsumedWriteCapacityUnits', { ...sum, label: what }),
        ),
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Units read a day',
        left: Object.entries(tables).map(([what, table]) =>
          tableMetric(table, 'ConsumedReadCapacityUnits', { ...sum, label: what }),
        ),
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Functions running at once, at most',
        left: functions.map((name) =>
          functionMetric(stage, name, 'ConcurrentExecutions', { statistic: Stats.MAXIMUM, period, label: name }),
        ),
        width: widths.third,
      }),
    ],
  ];
}
