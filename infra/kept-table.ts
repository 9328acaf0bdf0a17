import { RemovalPolicy } from 'aws-cdk-lib';
import { Billing, ProjectionType, TableEncryptionV2, type TablePropsV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { SparseIndex } from '../lib/config/ledger-table.ts';
import type { Options } from './options.ts';
import { stringAttribute } from './string-attribute.ts';

/** What a table is keyed and found by. */
export interface TableKeys {
  readonly partitionKey: string;
  readonly sortKey: string;
  readonly indexes: Readonly<Record<string, SparseIndex>>;
}

/** What a table has beyond what every kept table has. */
export type OwnTraits = Pick<TablePropsV2, 'dynamoStream' | 'timeToLiveAttribute' | 'warmThroughput'>;

/**
 * Makes a table that is kept when its stack goes, protected from deletion and restorable to any second of the last 35 days, with
 * a replica in another Region where the stage has one, which has the same protection and recovery and is kept too.
 */
export function keptTable(
  scope: Construct,
  { partitionKey, sortKey, indexes }: TableKeys,
  { replicaRegion }: Pick<Options, 'replicaRegion'>,
  traits: OwnTraits,
): TableV2 {
  return new TableV2(scope, 'Table', {
    partitionKey: stringAttribute(partitionKey),
    sortKey: stringAttribute(sortKey),
    globalSecondaryIndexes: Object.values(indexes).map((index) => ({
      indexName: index.name,
      partitionKey: stringAttribute(index.partitionKey),
      sortKey: stringAttribute(index.sortKey),
      projectionType: ProjectionType[index.projection],
    })),
    billing: Billing.onDemand(),
    encryption: TableEncryptionV2.awsManagedKey(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
    ...(replicaRegion && { replicas: [{ region: replicaRegion }] }),
    ...traits,
  });
}
