import { Duration } from 'aws-cdk-lib';
import { GraphWidget, type IWidget, LogQueryWidget, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { apiMetric } from '../api-metrics.ts';
import { functionMetric } from '../function-metrics.ts';
import { logGroupNameOf, serviceNameOf } from '../service-name.ts';
import { throttleMetrics } from '../table-metrics.ts';
import { flowErrorsRows } from './flow.ts';
import { type Observed, widths } from './observed.ts';
import { searchMetrics, serviceMetric } from './service-metrics.ts';

const period = Duration.minutes(5);
const sum = { statistic: Stats.SUM, period };

/** What goes wrong, where, and what do the logs say? */
export function errorsWidgets({ stage, functions, tables }: Observed): IWidget[][] {
  const audited = (id: 'auditFindings' | 'auditedEntries', statistic: string) =>
    serviceMetric(stage, id, { service: serviceNameOf('audit-ledger') }, { statistic, period, label: 'self-audit' });
  const ofHolds = (id: 'holdOverdue' | 'holdsReleased', statistic: string) =>
    serviceMetric(
      stage,
      id,
      { service: serviceNameOf('release-expired-holds') },
      { statistic, period, label: 'sweep' },
    );
  return [
    [
      new GraphWidget({
        title: 'Problems answered, by code',
        left: [searchMetrics(stage, 'errors', { ...sum, label: '' })],
        width: widths.half,
      }),
      new GraphWidget({
        title: 'Answers of 5xx',
        left: [
          searchMetrics(stage, 'faults', { ...sum, total: true, label: 'of our functions' }),
          apiMetric(stage, '5XXError', { ...sum, label: 'of the API in all' }),
          searchMetrics(stage, 'accessOutages', { ...sum, total: true, label: 'minutes without what access asks' }),
        ],
        width: widths.half,
      }),
    ],
    [
      new GraphWidget({
        title: 'Functions that crashed or timed out',
        left: functions.map((name) => functionMetric(stage, name, 'Errors', { ...sum, label: name })),
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Functions that were throttled',
        left: functions.map((name) => functionMetric(stage, name, 'Throttles', { ...sum, label: name })),
        width: widths.third,
      }),
      new GraphWidget({
        title: 'Tables that were throttled',
        left: Object.values(tables).flatMap((table) => Object.values(throttleMetrics(table, sum))),
        width: widths.third,
      }),
    ],
    [
      new GraphWidget({
        title: 'Damage in the ledger',
        left: [audited('auditFindings', Stats.MAXIMUM)],
        width: widths.half,
      }),
      new GraphWidget({ title: 'Entries verified', left: [audited('auditedEntries', Stats.SUM)], width: widths.half }),
    ],
    [
      new GraphWidget({
        title: 'Longest a hold was over before it was released',
        left: [ofHolds('holdOverdue', Stats.MAXIMUM)],
        width: widths.half,
      }),
      new GraphWidget({
        title: 'Holds released since they were over',
        left: [ofHolds('holdsReleased', Stats.SUM)],
        width: widths.half,
      }),
    ],
    ...flowErrorsRows({ stage }),
    [
      new LogQueryWidget({
        title: 'The newest warnings and errors',
        logGroupNames: functions.map((name) => logGroupNameOf(stage, name)),
        queryLines: [
          'fields @timestamp, service, level, message, correlationId',
          'filter level in ["WARN", "ERROR", "CRITICAL"]',
          'sort @timestamp desc',
          'limit 50',
        ],
        width: widths.whole,
        height: 8,
      }),
    ],
  ];
}
