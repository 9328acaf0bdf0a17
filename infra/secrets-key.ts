import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AccountRootPrincipal, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnAlias, CfnReplicaKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { KeyAccess } from './key-access.ts';

/** The longest that KMS waits before it deletes a key that somebody wants deleted: time to notice. */
const DELETION_WAIT_DAYS = 30;

const description = 'Seals the secrets that Florin stores. What was sealed with it is lost without it.';

/** What operators call the key of a stage, in each of its Regions. */
function aliasOf(stage: string): string {
  return `alias/florin-${stage}-secrets`;
}

/**
 * The key that seals what is stored and secret. It is kept when its stack goes, as the table is that has what it sealed: one is of no use without
 * the other. It is a multi-Region key in every stage, since KMS makes none of a key that is not, and a stage may get a replica later.
 * Its material is renewed every year by KMS, which keeps the old one for what was sealed with it.
 */
export class SecretsKey extends Construct {
  readonly access: KeyAccess;

  constructor(scope: Construct, id: string, { stage }: { readonly stage: string }) {
    super(scope, id);
    const key = new Key(this, 'Key', {
      description,
      multiRegion: true,
      enableKeyRotation: true,
      pendingWindow: Duration.days(DELETION_WAIT_DAYS),
      removalPolicy: RemovalPolicy.RETAIN,
    });
    new CfnAlias(this, 'Alias', { aliasName: aliasOf(stage), targetKeyId: key.keyArn });
    this.access = new KeyAccess(key.keyArn);
  }
}

export interface ReplicaOfSecretsKeyProps {
  readonly stage: string;
  readonly primaryKeyArn: string;
}

/** The same key in the standby's Region: it opens there what was sealed in the other, and seals what the other opens. It is kept, too. */
export class ReplicaOfSecretsKey extends Construct {
  readonly access: KeyAccess;

  constructor(scope: Construct, id: string, { stage, primaryKeyArn }: ReplicaOfSecretsKeyProps) {
    super(scope, id);
    const key = new CfnReplicaKey(this, 'Key', {
      description,
      primaryKeyArn,
      pendingWindowInDays: DELETION_WAIT_DAYS,
      // What CloudFormation gives the primary: the account's own policies say who may do what.
      keyPolicy: new PolicyDocument({
        statements: [
          new PolicyStatement({ principals: [new AccountRootPrincipal()], actions: ['kms:*'], resources: ['*'] }),
        ],
      }),
    });
    key.applyRemovalPolicy(RemovalPolicy.RETAIN);
    new CfnAlias(this, 'Alias', { aliasName: aliasOf(stage), targetKeyId: key.ref });
    this.access = new KeyAccess(key.attrArn);
  }
}
