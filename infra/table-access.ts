import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { SparseIndex } from '../lib/config/ledger-table.ts';
import { grantExactly } from './grant-exactly.ts';

/** Item actions that functions may be given; `TransactWriteItems` and `TransactGetItems` are authorised through them. */
export type TableAction =
  | 'dynamodb:GetItem'
  | 'dynamodb:BatchGetItem'
  | 'dynamodb:Query'
  | 'dynamodb:Scan'
  | 'dynamodb:PutItem'
  | 'dynamodb:UpdateItem'
  | 'dynamodb:DeleteItem'
  | 'dynamodb:ConditionCheckItem';

/** Actions on some items of a table only. */
export interface NarrowActions {
  readonly actions: readonly TableAction[];
  /** What their partition keys are like; `*` stands for any text. */
  readonly partitionKeys: readonly string[];
  /** All that a request may name of such items, their keys included; anything where it is absent. A Put would replace the rest all the same. */
  readonly attributes?: readonly string[];
}

/** What functions need of a table, be it one of this Region's stack or the replica of another Region's. */
export class TableAccess {
  readonly tableName: string;
  readonly #tableArn: string;

  constructor(tableName: string, tableArn: string) {
    this.tableName = tableName;
    this.#tableArn = tableArn;
  }

  /** Access to the table of this name in the stack's own Region: a replica has the name of the table it replicates. */
  static toTableNamed(scope: Construct, tableName: string): TableAccess {
    const arn = Stack.of(scope).formatArn({
      service: 'dynamodb',
      resource: 'table',
      resourceName: tableName,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    return new TableAccess(tableName, arn);
  }

  /** Allows the named actions on the table's items, and nothing on its indexes. */
  grantItems(grantee: IGrantable, actions: readonly TableAction[]): void {
    grantExactly(grantee, actions, this.#tableArn);
  }

  /**
   * Allows the named actions on items with such a partition key, and on no others; and on no other attributes of them, where some are
   * named. In a transaction each item is judged by itself.
   */
  grantItemsLike(grantee: IGrantable, { actions, partitionKeys, attributes }: NarrowActions): void {
    grantExactly(grantee, actions, this.#tableArn, {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...partitionKeys] },
      ...(attributes && { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': [...attributes] } }),
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
