import { CfnParameter, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { FlagsParameter } from './flags-parameter.ts';
import { IdempotencyTable } from './idempotency-table.ts';
import { LedgerAccess } from './ledger-access.ts';
import { outputs } from './outputs.ts';
import type { RegionalState } from './regional-state.ts';
import type { Stage } from './stage.ts';

export interface StandbyDataStackProps extends StackProps {
  readonly stage: Stage;
}

/**
 * What the standby keeps in its own Region: flags that start closed, so that it changes nothing until an operator opens it, and
 * its own idempotency table (what that table remembers, every change carries in itself too). The ledger's replica belongs to the
 * primary's stack, which makes it; here it is only named.
 */
export class StandbyDataStack extends Stack implements RegionalState {
  readonly ledger: LedgerAccess;
  readonly idempotency: IdempotencyTable;
  readonly flags: FlagsParameter;

  constructor(scope: Construct, id: string, props: StandbyDataStackProps) {
    super(scope, id, props);
    const tableName = new CfnParameter(this, outputs.ledgerTable, {
      description: "The output LedgerTableName of the primary's data stack: a replica has the same name.",
      allowedPattern: '^[A-Za-z0-9_.-]{3,255}$',
    });
    this.ledger = LedgerAccess.toTableNamed(this, tableName.valueAsString);
    this.idempotency = new IdempotencyTable(this, 'Idempotency');
    this.flags = new FlagsParameter(this, 'Flags', {
      stage: props.stage.name,
      initially: { acceptWrites: false },
      whenUnreadable: 'closed',
    });
  }
}
