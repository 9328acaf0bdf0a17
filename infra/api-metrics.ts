import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { apiNameOf } from './api-name.ts';

type ApiMetricName = '4XXError' | '5XXError' | 'Count' | 'Latency';

/** A metric that API Gateway keeps of the stage's API. */
export function apiMetric(stage: string, metricName: ApiMetricName, options: MetricOptions): Metric {
  return new Metric({
    namespace: 'AWS/ApiGateway',
    metricName,
    dimensionsMap: { ApiName: apiNameOf(stage), Stage: stage },
    ...options,
  });
}
