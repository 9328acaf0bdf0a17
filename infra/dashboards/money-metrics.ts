import type { Duration } from 'aws-cdk-lib';
import { type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { countedTypes, postedOutcome } from '../../lib/observability/metric-names.ts';
import type { Area } from '../areas.ts';
import { serviceNameOf } from '../service-name.ts';
import { serviceMetric } from './service-metrics.ts';

const moneyArea: Area = 'transactions';

/** The service whose function posts transactions, as metrics name it. */
const service = serviceNameOf(moneyArea);

/** How many transactions were posted, each type by itself. */
export function postedByType(stage: string, period: Duration): Metric[] {
  return countedTypes.map((type) => {
    const dimensions = { service, type, outcome: postedOutcome };
    return serviceMetric(stage, 'transactions', dimensions, { statistic: Stats.SUM, period, label: type });
  });
}

export interface AttemptsOptions {
  readonly statistic: string;
  readonly period: Duration;
  readonly label: string;
}

/** How many attempts a commit took. */
export function commitAttempts(stage: string, options: AttemptsOptions): Metric {
  return serviceMetric(stage, 'commitAttempts', { service }, options);
}
