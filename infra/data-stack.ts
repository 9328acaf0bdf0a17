import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { FlagsParameter } from './flags-parameter.ts';
import { IdempotencyTable } from './idempotency-table.ts';
import { LedgerTable } from './ledger-table.ts';
import type { Stage } from './stage.ts';

export interface DataStackProps extends StackProps {
  readonly stage: Stage;
}

/** What must outlive every deployment. Deleting this stack leaves the ledger table behind. */
export class DataStack extends Stack {
  readonly ledger: LedgerTable;
  readonly idempotency: IdempotencyTable;
  readonly flags: FlagsParameter;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    super(scope, id, props);
    this.ledger = new LedgerTable(this, 'Ledger');
    this.idempotency = new IdempotencyTable(this, 'Idempotency');
    this.flags = new FlagsParameter(this, 'Flags', { stage: props.stage.name, initially: { acceptWrites: true } });
  }
}
