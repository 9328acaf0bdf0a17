import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { SparseIndex } from '../lib/config/ledger-table.ts';

/** A table as its metrics name it. */
export interface WatchedTable {
  readonly name: string;
  /** DynamoDB counts the throttled writes of an index apart from the table's. */
  readonly indexes: readonly SparseIndex[];
}

type TableMetricName =
  | 'ConsumedReadCapacityUnits'
  | 'ConsumedWriteCapacityUnits'
  | 'ReadThrottleEvents'
  | 'ReplicationLatency'
  | 'SuccessfulRequestLatency'
  | 'TransactionConflict'
  | 'WriteThrottleEvents';

/** A metric that DynamoDB keeps of a table. */
export function tableMetric(
  table: WatchedTable,
  metricName: TableMetricName,
  { dimensionsMap, ...options }: MetricOptions,
): Metric {
  return new Metric({
    namespace: 'AWS/DynamoDB',
    metricName,
    ...options,
    dimensionsMap: { TableName: table.name, ...dimensionsMap },
  });
}

/** Reads and writes that the table or one of its indexes refused, each as a metric of its own by a name for expressions. */
export function throttleMetrics(table: WatchedTable, options: MetricOptions): Record<string, Metric> {
  const places: [string, MetricOptions][] = [
    ['table', options],
    ...table.indexes.map(({ name }): [string, MetricOptions] => [
      name,
      { ...options, dimensionsMap: { GlobalSecondaryIndexName: name } },
    ]),
  ];
  return Object.fromEntries(
    places.flatMap(([place, of]) => [
      [`${place}Reads`, tableMetric(table, 'ReadThrottleEvents', { ...of, label: `reads of ${place}` })],
      [`${place}Writes`, tableMetric(table, 'WriteThrottleEvents', { ...of, label: `writes of ${place}` })],
    ]),
  );
}
