import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { FlagsParameter } from './flags-parameter.ts';
import { IdempotencyTable } from './idempotency-table.ts';
import type { KeyAccess } from './key-access.ts';
import { LedgerTable } from './ledger-table.ts';
import type { Options } from './options.ts';
import { outputs } from './outputs.ts';
import { PlatformTable } from './platform-table.ts';
import type { RegionalState } from './regional-state.ts';
import { SecretsKey } from './secrets-key.ts';
import type { Stage } from './stage.ts';
import type { TableAccess } from './table-access.ts';

export interface DataStackProps extends StackProps {
  readonly stage: Stage;
  readonly options: Options;
}

/** What must outlive every deployment. Deleting this stack leaves the ledger, the platform table and the key of its secrets behind. */
export class DataStack extends Stack implements RegionalState {
  readonly ledger: TableAccess;
  readonly ledgerStreamArn: string;
  readonly platform: TableAccess;
  readonly idempotency: IdempotencyTable;
  readonly flags: FlagsParameter;
  readonly secretsKey: KeyAccess;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    super(scope, id, props);
    const ledger = new LedgerTable(this, 'Ledger', props.options);
    this.ledger = ledger.access;
    this.ledgerStreamArn = ledger.streamArn;
    this.platform = new PlatformTable(this, 'Platform', props.options).access;
    this.idempotency = new IdempotencyTable(this, 'Idempotency');
    this.flags = new FlagsParameter(this, 'Flags', {
      stage: props.stage.name,
      initially: { acceptWrites: true },
      whenUnreadable: props.options.replicaRegion === undefined ? 'open' : 'closed',
    });
    this.secretsKey = new SecretsKey(this, 'Secrets', { stage: props.stage.name }).access;
    new CfnOutput(this, outputs.ledgerTable, {
      value: this.ledger.tableName,
      description: 'The ledger table, for backups, audits and the standby in another Region',
    });
    new CfnOutput(this, outputs.platformTable, {
      value: this.platform.tableName,
      description: 'The platform table, for backups and the standby in another Region',
    });
    new CfnOutput(this, outputs.secretsKey, {
      value: this.secretsKey.keyArn,
      description: 'The key of the secrets in the platform table, for the standby in another Region',
    });
  }
}
