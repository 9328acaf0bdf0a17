import { Duration } from 'aws-cdk-lib';
import { AlarmStatusWidget, GraphWidget, type IWidget, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { apiMetric } from '../api-metrics.ts';
import { functionMetric } from '../function-metrics.ts';
import { tableMetric } from '../table-metrics.ts';
import { flowHealthRows } from './flow.ts';
import { type Observed, widths } from './observed.ts';

const period = Duration.minutes(1);
const sum = { statistic: Stats.SUM, period };

/** Is it up, is it quick, and what is it short of? */
export function healthWidgets({ stage, functions, tables, alarms }: Observed): IWidget[][] {
  const graphOf = (title: string, metricName: 'ConcurrentExecutions' | 'Duration' | 'Throttles', statistic: string) =>
    new GraphWidget({
      title,
      left: functions.map((name) => functionMetric(stage, name, metricName, { statistic, period, label: name })),
      width: widths.third,
    });
  return [
    [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: widths.whole, height: 3 })],
    [
      new GraphWidget({
        title: 'Requests',
        left: [apiMetric(stage, 'Count', { ...sum, label: 'requests' })],
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Answers of 4xx and 5xx',
        left: [
          apiMetric(stage, '4XXError', { ...sum, label: '4xx' }),
          apiMetric(stage, '5XXError', { ...sum, label: '5xx' }),
        ],
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Latency, as clients see it',
        left: [50, 95, 99].map((p) => apiMetric(stage, 'Latency', { statistic: Stats.p(p), period, label: `p${p}` })),
        width: widths.third,
      }),
    ],
    [
      graphOf('Running at once', 'ConcurrentExecutions', Stats.MAXIMUM),
      graphOf('Time in the function, p95', 'Duration', Stats.p(95)),
      graphOf('Throttled', 'Throttles', Stats.SUM),
    ],
    ...flowHealthRows({ stage }),
    ...Object.entries(tables).map(([what, table]) => [
      new GraphWidget({
        title: `Units consumed: ${what}`,
        left: [
          tableMetric(table, 'ConsumedWriteCapacityUnits', { ...sum, label: 'written' }),
          tableMetric(table, 'ConsumedReadCapacityUnits', { ...sum, label: 'read' }),
        ],
        width: widths.third,
      }),
      new GraphWidget({
        title: `Time in DynamoDB: ${what}`,
        left: ['TransactWriteItems', 'BatchGetItem', 'GetItem', 'PutItem', 'Query'].map((Operation) =>
          tableMetric(table, 'SuccessfulRequestLatency', {
            statistic: Stats.AVERAGE,
            period,
            label: Operation,
            dimensionsMap: { Operation },
          }),
        ),
        width: widths.third,
      }),
      new GraphWidget({
        title: `Writes that met: ${what}`,
        left: [tableMetric(table, 'TransactionConflict', { ...sum, label: 'conflicts of transactions' })],
        width: widths.third,
      }),
    ]),
  ];
}
