import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { Area } from './areas.ts';
import { functionNameOf, liveAlias } from './service-name.ts';
import type { Worker } from './workers.ts';

type FunctionMetricName = 'ConcurrentExecutions' | 'Duration' | 'Errors' | 'Invocations' | 'Throttles';

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

/** How old the newest record of a batch of the stream was when the function got it. Lambda keeps it of the function, whatever its aliases. */
export function iteratorAge(stage: string, worker: Worker, options: MetricOptions): Metric {
  return new Metric({
    namespace: 'AWS/Lambda',
    metricName: 'IteratorAge',
    dimensionsMap: { FunctionName: functionNameOf(stage, worker) },
    ...options,
  });
}
