import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { IdempotencyTable } from './idempotency-table.ts';
import { LedgerTable } from './ledger-table.ts';

/** What must outlive every deployment. Deleting this stack leaves the ledger table behind. */
export class DataStack extends Stack {
  readonly ledger: LedgerTable;
  readonly idempotency: IdempotencyTable;

  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    this.ledger = new LedgerTable(this, 'Ledger');
    this.idempotency = new IdempotencyTable(this, 'Idempotency');
  }
}
