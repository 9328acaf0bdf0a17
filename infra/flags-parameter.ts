import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { UnreadableFlags } from '../lib/config/flags.ts';
import { grantExactly } from './grant-exactly.ts';

/** The value a new stage starts with; operators change it while the stage runs. */
export interface InitialFlags {
  readonly acceptWrites: boolean;
}

export interface FlagsParameterProps {
  /** The name of the stage. */
  readonly stage: string;
  readonly initially: InitialFlags;
  /** `closed` wherever another Region may be open: a function that cannot ask which one it is must not go on. */
  readonly whenUnreadable: UnreadableFlags;
}

/**
 * The feature flags of a stage, which operators change by `aws ssm put-parameter` and functions read.
 *
 * A deployment must not take back what an operator has set. CloudFormation does not look at the stored value: it writes the parameter
 * anew, with the template's value, whenever anything about the resource differs from the template deployed before. So the
 * resource is the same in every deployment of a stage, for good; a test holds it to its exact words. A new flag needs no
 * change here either: a flag that is absent has its default, which is in the code that reads it.
 */
export class FlagsParameter extends Construct {
  /** What a function that obeys the flags has to know. The name is fixed, not generated: operators type it, and no stack needs to export it. */
  readonly environment: Readonly<Record<'FLAGS_PARAMETER' | 'FLAGS_WHEN_UNREADABLE', string>>;

  constructor(scope: Construct, id: string, { stage, initially, whenUnreadable }: FlagsParameterProps) {
    super(scope, id);
    const parameterName = `/florin/${stage}/flags`;
    this.environment = { FLAGS_PARAMETER: parameterName, FLAGS_WHEN_UNREADABLE: whenUnreadable };
    new StringParameter(this, 'Parameter', {
      parameterName,
      description: 'Feature flags. Change the value here, not in the template.',
      stringValue: JSON.stringify({ acceptWrites: initially.acceptWrites, disabledOperations: [] }),
    });
  }

  /** Allows reading the value, in the grantee's own Region. */
  grantRead(grantee: IGrantable & Construct): void {
    const arn = Stack.of(grantee).formatArn({
      service: 'ssm',
      resource: 'parameter',
      resourceName: this.environment.FLAGS_PARAMETER.slice(1),
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    grantExactly(grantee, ['ssm:GetParameter'], arn);
  }
}
