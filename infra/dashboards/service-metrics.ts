import type { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import {
  type MetricDefinition,
  type MetricId,
  metrics,
  metricsNamespace,
  serviceDimension,
} from '../../lib/observability/metric-names.ts';

type OwnDimensions<Id extends MetricId> = { readonly [Name in (typeof metrics)[Id]['dimensions'][number]]: string };

/** One metric that a function of the stage writes, by all of its dimensions: without one of them CloudWatch finds nothing. */
export function serviceMetric<Id extends MetricId>(
  stage: string,
  id: Id,
  dimensions: { readonly service: string } & OwnDimensions<Id>,
  options: MetricOptions,
): Metric {
  const { service, ...own } = dimensions;
  return new Metric({
    namespace: metricsNamespace(stage),
    metricName: metrics[id].name,
    dimensionsMap: { [serviceDimension]: service, ...own },
    ...options,
  });
}

export interface SearchOptions {
  readonly statistic: string;
  readonly period: Duration;
  readonly label: string;
  /** Values of dimensions to keep to; any of the others. */
  readonly where?: Readonly<Record<string, string>>;
  /** Adds up what is found; otherwise each is a line of its own, with the values of its dimensions as its label. */
  readonly total?: boolean;
}

/** All metrics of a kind, whatever values their dimensions have had in the last two weeks, which is how far back CloudWatch searches. */
export function searchMetrics(stage: string, id: MetricId, options: SearchOptions): MathExpression {
  const { name, dimensions }: MetricDefinition = metrics[id];
  const schema = `{${[metricsNamespace(stage), serviceDimension, ...dimensions].join(',')}}`;
  const terms = Object.entries(options.where ?? {}).map(([dimension, value]) => ` ${dimension}="${value}"`);
  const search = `SEARCH('${schema} MetricName="${name}"${terms.join('')}', '${options.statistic}', ${options.period.toSeconds()})`;
  return new MathExpression({
    expression: options.total ? `SUM(${search})` : search,
    usingMetrics: {},
    label: options.label,
    period: options.period,
  });
}
