import { Duration } from 'aws-cdk-lib';
import { GraphWidget, type IWidget, MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { tableMetric } from '../table-metrics.ts';
import { commitAttempts, postedByType } from './money-metrics.ts';
import { type Observed, widths } from './observed.ts';

const period = Duration.days(1);
const sum = { statistic: Stats.SUM, period };

/**
 * How does it change over months? Every metric is named, none is searched for: CloudWatch keeps hourly values for 15 months, but
 * searches only among metrics that had a value in the last two weeks.
 */
export function trendsWidgets({ stage, api: { deploymentStage: api }, functions, tables }: Observed): IWidget[][] {
  const errorRate = new MathExpression({
    label: 'percent',
    expression: '100 * errors / requests',
    usingMetrics: { errors: api.metricServerError(sum), requests: api.metricCount(sum) },
    period,
  });
  const posted = postedByType(stage, period);
  const attempts = commitAttempts(stage, { statistic: Stats.AVERAGE, period, label: 'average' });
  return [
    [
      new GraphWidget({
        title: 'Requests a day',
        left: [api.metricCount({ ...sum, label: 'requests' })],
        width: widths.third,
      }),
      new GraphWidget({ title: 'Answers of 5xx, in percent', left: [errorRate], width: widths.third }),
      new GraphWidget({
        title: 'Latency',
        left: [50, 95, 99].map((p) => api.metricLatency({ statistic: Stats.p(p), period, label: `p${p}` })),
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
        left: Object.entries(functions).map(([area, { live }]) =>
          live.metric('ConcurrentExecutions', { statistic: Stats.MAXIMUM, period, label: area }),
        ),
        width: widths.third,
      }),
    ],
  ];
}
