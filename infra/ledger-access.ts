import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { SparseIndex } from '../lib/config/ledger-table.ts';
import { grantExactly } from './grant-exactly.ts';

/** Item actions that functions may be given; `TransactWriteItems` and `TransactGetItems` are authorised through them. */
export type LedgerAction =
  | 'dynamodb:GetItem'
  | 'dynamodb:BatchGetItem'
  | 'dynamodb:Query'
  | 'dynamodb:Scan'
  | 'dynamodb:PutItem'
  | 'dynamodb:UpdateItem'
  | 'dynamodb:ConditionCheckItem';

/** What functions need of the ledger table, be it the one of this Region's stack or the replica of another Region's. */
export class LedgerAccess {
  readonly tableName: string;
  readonly #tableArn: string;

  constructor(tableName: string, tableArn: string) {
    this.tableName = tableName;
    this.#tableArn = tableArn;
  }

  /** Access to the table of this name in the stack's own Region: a replica has the name of the table it replicates. */
  static toTableNamed(scope: Construct, tableName: string): LedgerAccess {
    const arn = Stack.of(scope).formatArn({
      service: 'dynamodb',
      resource: 'table',
      resourceName: tableName,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    return new LedgerAccess(tableName, arn);
  }

  /** Allows the named actions on the table's items, and nothing on its indexes. */
  grantItems(grantee: IGrantable, actions: readonly LedgerAction[]): void {
    grantExactly(grantee, actions, this.#tableArn);
  }

  /** Allows putting items whose partition key is this prefix or begins with it and a `#`, and no others. */
  grantPutBelow(grantee: IGrantable, prefix: string): void {
    grantExactly(grantee, ['dynamodb:PutItem'], this.#tableArn, {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [prefix, `${prefix}#*`] },
    });
  }

  /** Allows reading one index from end to end. */
  grantIndexScan(grantee: IGrantable, index: SparseIndex): void {
    grantExactly(grantee, ['dynamodb:Scan'], `${this.#tableArn}/index/${index.name}`);
  }

  /** Allows queries of one index. */
  grantIndexQuery(grantee: IGrantable, index: SparseIndex): void {
    grantExactly(grantee, ['dynamodb:Query'], `${this.#tableArn}/index/${index.name}`);
  }
}
