import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, MathExpression, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Alarms } from './alarms.ts';
import { apiMetric } from './api-metrics.ts';
import type { Area } from './areas.ts';
import { serviceMetric } from './dashboards/service-metrics.ts';
import { functionMetric } from './function-metrics.ts';
import { serviceNameOf } from './service-name.ts';
import { tableMetric, throttleMetrics, type WatchedTable } from './table-metrics.ts';
import type { Worker } from './workers.ts';

/** CloudWatch looks every minute at the last five, so a long period takes away noise and no time. */
const WINDOW = Duration.minutes(5);

const atLeast = ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD;

/** Raises the alarms on what clients see of the API. */
export function watchApi(alarms: Alarms, stage: string): void {
  const errorRate = new MathExpression({
    label: 'answers of 5xx, in percent',
    // Below five errors a percentage says nothing; asking for many requests instead would miss a quiet stage where all fail.
    expression: 'IF(errors >= 5, 100 * errors / requests, 0)',
    usingMetrics: {
      errors: apiMetric(stage, '5XXError', { statistic: Stats.SUM, period: WINDOW }),
      requests: apiMetric(stage, 'Count', { statistic: Stats.SUM, period: WINDOW }),
    },
    period: WINDOW,
  });
  alarms.raise('apiLatency', {
    metric: apiMetric(stage, 'Latency', { statistic: Stats.p(95), period: WINDOW }),
    threshold: 1000,
    evaluationPeriods: 3,
    datapointsToAlarm: 2,
    // The slowest twentieth of a few requests is one cold start, which nobody need get up for.
    evaluateLowSampleCountPercentile: 'ignore',
  });
  alarms.raise('apiErrorRate', { metric: errorRate, threshold: 1, evaluationPeriods: 1 });
}

/** Raises the alarm on what the access check of an area has to do without. It says so each minute while that lasts. */
export function watchAccess(alarms: Alarms, stage: string, area: Area): void {
  alarms.raise('accessOutages', {
    of: area,
    metric: serviceMetric(
      stage,
      'accessOutages',
      { service: serviceNameOf(area) },
      { statistic: Stats.SUM, period: WINDOW },
    ),
    threshold: 1,
    comparisonOperator: atLeast,
    evaluationPeriods: 2,
  });
}

/** Raises the alarms on a function's alias. */
export function watchFunction(alarms: Alarms, stage: string, name: Area | Worker): void {
  const once = { of: name, threshold: 1, evaluationPeriods: 1, comparisonOperator: atLeast };
  const options = { statistic: Stats.SUM, period: WINDOW };
  alarms.raise('functionThrottles', { ...once, metric: functionMetric(stage, name, 'Throttles', options) });
  alarms.raise('functionErrors', { ...once, metric: functionMetric(stage, name, 'Errors', options) });
}

/** Raises the alarm on what DynamoDB refuses for want of throughput. */
export function watchTable(alarms: Alarms, of: string, table: WatchedTable): void {
  const period = Duration.minutes(1);
  const metrics = throttleMetrics(table, { statistic: Stats.SUM, period });
  alarms.raise('tableThrottles', {
    of,
    metric: new MathExpression({
      label: 'throttled requests',
      // A sum of series passes over those without a value; a plus would have none while any of them has none.
      expression: 'SUM(METRICS())',
      usingMetrics: metrics,
      period,
    }),
    threshold: 1,
    comparisonOperator: atLeast,
    evaluationPeriods: 5,
    datapointsToAlarm: 3,
  });
}

/** Raises the alarm on damage that the self-audit knows of. A run says each time what is still damaged, so the alarm lasts as long. */
export function watchAudit(alarms: Alarms, stage: string): void {
  alarms.raise('ledgerDamaged', {
    metric: serviceMetric(
      stage,
      'auditFindings',
      { service: serviceNameOf('audit-ledger') },
      { statistic: Stats.MAXIMUM, period: Duration.minutes(10) },
    ),
    threshold: 1,
    comparisonOperator: atLeast,
    evaluationPeriods: 1,
  });
}

/** Raises the alarm on holds that are released long after their time. Each run says how long the longest had to wait. */
export function watchHolds(alarms: Alarms, stage: string): void {
  alarms.raise('holdsOverdue', {
    metric: serviceMetric(
      stage,
      'holdOverdue',
      { service: serviceNameOf('release-expired-holds') },
      { statistic: Stats.MAXIMUM, period: Duration.minutes(5) },
    ),
    threshold: Duration.minutes(10).toMilliseconds(),
    evaluationPeriods: 2,
  });
}

/** Raises the alarm on how far a replica is behind; DynamoDB measures it in the Region that is written to. */
export function watchReplica(alarms: Alarms, table: WatchedTable, replicaRegion: string): void {
  alarms.raise('replicationLag', {
    metric: tableMetric(table, 'ReplicationLatency', {
      statistic: Stats.AVERAGE,
      period: Duration.minutes(1),
      dimensionsMap: { ReceivingRegion: replicaRegion },
    }),
    threshold: Duration.seconds(10).toMilliseconds(),
    evaluationPeriods: 5,
    datapointsToAlarm: 3,
  });
}
