import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { Area } from './areas.ts';
import { functionNameOf, liveAlias } from './service-name.ts';
import type { Worker } from './workers.ts';

type FunctionMetricName = 'ConcurrentExecutions' | 'Duration' | 'Errors' | 'Invocations' | 'IteratorAge' | 'Throttles';

/** A metric that Lambda keeps of the alias through which everything calls the function. */
export function functionMetric(
  stage: string,
  name: Area | Worker,
  metricName: FunctionMetricName,
  options: MetricOptions,
): Metric {
  const FunctionName = functionNameOf(stage, name);
  return new Metric({
    namespace: 'AWS/Lambda',
    metricName,
    dimensionsMap: { FunctionName, Resource: `${FunctionName}:${liveAlias}` },
    ...options,
  });
}
