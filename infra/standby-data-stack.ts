import { CfnParameter, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { FlagsParameter } from './flags-parameter.ts';
import { IdempotencyTable } from './idempotency-table.ts';
import type { KeyAccess } from './key-access.ts';
import { outputs, standbyParameters } from './outputs.ts';
import type { RegionalState } from './regional-state.ts';
import { ReplicaOfSecretsKey } from './secrets-key.ts';
import type { Stage } from './stage.ts';
import { TableAccess } from './table-access.ts';

export interface StandbyDataStackProps extends StackProps {
  readonly stage: Stage;
}

/**
 * What the standby keeps in its own Region: flags that start closed, so that it changes nothing until an operator opens it, and
 * its own idempotency table (what that table remembers, every change carries in itself too), and the replica of the key that seals secrets. The replicas of the ledger and of
 * the platform table belong to the primary's stack, which makes them; here they are only named.
 */
export class StandbyDataStack extends Stack implements RegionalState {
  readonly ledger: TableAccess;
  readonly ledgerStreamArn: string;
  readonly platform: TableAccess;
  readonly idempotency: IdempotencyTable;
  readonly flags: FlagsParameter;
  readonly secretsKey: KeyAccess;

  constructor(scope: Construct, id: string, props: StandbyDataStackProps) {
    super(scope, id, props);
    this.ledger = replicaNamed(this, outputs.ledgerTable);
    this.ledgerStreamArn = new CfnParameter(this, standbyParameters.ledgerStream, {
      description:
        'The stream of the replica of the ledger table in this Region: DescribeTable tells it as LatestStreamArn.',
      allowedPattern: '^arn:[^:]+:dynamodb:[^:]+:[^:]+:table/[^/]+/stream/.+$',
    }).valueAsString;
    this.platform = replicaNamed(this, outputs.platformTable);
    this.idempotency = new IdempotencyTable(this, 'Idempotency');
    this.flags = new FlagsParameter(this, 'Flags', {
      stage: props.stage.name,
      initially: { acceptWrites: false },
      whenUnreadable: 'closed',
    });
    const primaryKeyArn = new CfnParameter(this, outputs.secretsKey, {
      description: `The output ${outputs.secretsKey} of the primary's data stack.`,
      allowedPattern: '^arn:[^:]+:kms:[^:]+:[^:]+:key/mrk-.+$',
    }).valueAsString;
    const { name: stage } = props.stage;
    this.secretsKey = new ReplicaOfSecretsKey(this, 'Secrets', { stage, primaryKeyArn }).access;
  }
}

/** The replica whose name is given by a parameter with the name of the primary's output: a replica has the name of its table. */
function replicaNamed(stack: StandbyDataStack, output: string): TableAccess {
  const tableName = new CfnParameter(stack, output, {
    description: `The output ${output} of the primary's data stack: a replica has the same name.`,
    allowedPattern: '^[A-Za-z0-9_.-]{3,255}$',
  });
  return TableAccess.toTableNamed(stack, tableName.valueAsString);
}
