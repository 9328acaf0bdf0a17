import { RemovalPolicy } from 'aws-cdk-lib';
import { Billing, ProjectionType, StreamViewType, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { ledgerTable, type SparseIndex } from '../lib/config/ledger-table.ts';
import { grantExactly } from './grant-exactly.ts';
import { stringAttribute } from './string-attribute.ts';

/** Item actions that functions may be given; `TransactWriteItems` and `TransactGetItems` are authorised through them. */
export type LedgerAction =
  | 'dynamodb:GetItem'
  | 'dynamodb:BatchGetItem'
  | 'dynamodb:Query'
  | 'dynamodb:PutItem'
  | 'dynamodb:UpdateItem'
  | 'dynamodb:ConditionCheckItem';

/**
 * The money: kept when the stack goes, protected from deletion, restorable to any second of the last 35 days.
 * Nothing deletes its items, so no function is granted that.
 */
export class LedgerTable extends Construct {
  readonly tableName: string;
  readonly #tableArn: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
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
    });
    this.tableName = table.tableName;
    this.#tableArn = table.tableArn;
  }

  /** Allows the named actions on the table's items, and nothing on its indexes. */
  grantItems(grantee: IGrantable, actions: readonly LedgerAction[]): void {
    grantExactly(grantee, actions, this.#tableArn);
  }

  /** Allows queries of one index. */
  grantIndexQuery(grantee: IGrantable, index: SparseIndex): void {
    grantExactly(grantee, ['dynamodb:Query'], `${this.#tableArn}/index/${index.name}`);
  }
}
