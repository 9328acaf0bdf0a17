import { RemovalPolicy } from 'aws-cdk-lib';
import { Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { idempotencyTable } from '../lib/config/ledger-table.ts';
import { grantExactly } from './grant-exactly.ts';
import { stringAttribute } from './string-attribute.ts';

/**
 * Answers of mutations that move no money, replayed for a day. It may be lost: every such change carries its key itself, so
 * it is neither backed up nor kept with a deleted stack.
 */
export class IdempotencyTable extends Construct {
  readonly tableName: string;
  readonly #tableArn: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const table = new TableV2(this, 'Table', {
      partitionKey: stringAttribute(idempotencyTable.partitionKey),
      timeToLiveAttribute: idempotencyTable.expiryAttribute,
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.awsManagedKey(),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.tableName = table.tableName;
    this.#tableArn = table.tableArn;
  }

  /** Allows what the Powertools persistence layer does: claim a key, complete it, release it after an error. */
  grantReplay(grantee: IGrantable): void {
    grantExactly(
      grantee,
      ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
      this.#tableArn,
    );
  }
}
