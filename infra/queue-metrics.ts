import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';

type QueueMetricName =
  | 'ApproximateAgeOfOldestMessage'
  | 'ApproximateNumberOfMessagesNotVisible'
  | 'ApproximateNumberOfMessagesVisible'
  | 'NumberOfMessagesDeleted'
  | 'NumberOfMessagesReceived';

/** A metric that SQS keeps of a queue, by what SQS calls it. */
export function queueMetric(queueName: string, metricName: QueueMetricName, options: MetricOptions): Metric {
  return new Metric({ namespace: 'AWS/SQS', metricName, dimensionsMap: { QueueName: queueName }, ...options });
}
