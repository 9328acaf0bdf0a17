import { RemovalPolicy } from 'aws-cdk-lib';
import { Billing, ProjectionType, StreamViewType, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { ledgerTable } from '../lib/config/ledger-table.ts';
import { LedgerAccess } from './ledger-access.ts';
import type { Options } from './options.ts';
import { stringAttribute } from './string-attribute.ts';

/**
 * The money: kept when the stack goes, protected from deletion, restorable to any second of the last 35 days.
 * Nothing deletes its items, so no function is granted that. A replica in another Region has the same stream, protection and
 * recovery, and is kept too.
 */
export class LedgerTable extends Construct {
  readonly access: LedgerAccess;

  constructor(scope: Construct, id: string, options: Pick<Options, 'replicaRegion' | 'warmThroughput'>) {
    super(scope, id);
    const { replicaRegion, warmThroughput } = options;
    const table = new TableV2(this, 'Table', {
      partitionKey: stringAttribute(ledgerTable.partitionKey),
      sortKey: stringAttribute(ledgerTable.sortKey),
      globalSecondaryIndexes: Object.values(ledgerTable.indexes).map((index) => ({
        indexName: index.name,
        partitionKey: stringAttribute(index.partitionKey),
        sortKey: stringAttribute(index.sortKey),
        projectionType: ProjectionType[index.projection],
      })),
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.awsManagedKey(),
      dynamoStream: StreamViewType[ledgerTable.stream],
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      ...(replicaRegion && { replicas: [{ region: replicaRegion }] }),
      ...(warmThroughput && { warmThroughput }),
    });
    this.access = new LedgerAccess(table.tableName, table.tableArn);
  }
}
