import { Duration } from 'aws-cdk-lib';
import { AlarmStatusWidget, GraphWidget, type IWidget, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { tableMetric } from '../table-metrics.ts';
import { type Observed, widths } from './observed.ts';

const period = Duration.minutes(1);
const sum = { statistic: Stats.SUM, period };

/** Is it up, is it quick, and what is it short of? */
export function healthWidgets({ api: { deploymentStage: api }, functions, tables, alarms }: Observed): IWidget[][] {
  return [
    [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: widths.whole, height: 3 })],
    [
      new GraphWidget({
        title: 'Requests',
        left: [api.metricCount({ ...sum, label: 'requests' })],
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Answers of 4xx and 5xx',
        left: [api.metricClientError({ ...sum, label: '4xx' }), api.metricServerError({ ...sum, label: '5xx' })],
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Latency, as clients see it',
        left: [50, 95, 99].map((p) => api.metricLatency({ statistic: Stats.p(p), period, label: `p${p}` })),
        width: widths.third,
      }),
    ],
    [
      graphOfFunctions('Running at once', functions, 'ConcurrentExecutions', Stats.MAXIMUM),
      graphOfFunctions('Time in the function, p95', functions, 'Duration', Stats.p(95)),
      graphOfFunctions('Throttled', functions, 'Throttles', Stats.SUM),
    ],
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

function graphOfFunctions(
  title: string,
  functions: Observed['functions'],
  metricName: 'ConcurrentExecutions' | 'Duration' | 'Throttles',
  statistic: string,
): GraphWidget {
  const left = Object.entries(functions).map(([area, { live }]) =>
    live.metric(metricName, { statistic, period, label: area }),
  );
  return new GraphWidget({ title, left, width: widths.third });
}
