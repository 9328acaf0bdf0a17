import { Validations } from 'aws-cdk-lib';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaDeploymentConfig, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import type { Alias } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

export interface GradualReleaseProps {
  readonly alias: Alias;
  /** The names of alarms. Any of these takes the release back, and one that is on already keeps it from starting. */
  readonly alarms: readonly string[];
  /** `off` releases at once and whatever the alarms say. */
  readonly canary: 'on' | 'off';
}

/**
 * Releases a function to one request in ten for five minutes before all get it, and takes it back by itself when an alarm goes off.
 * CloudFormation waits for that, so a release taken back is a deployment rolled back, and the API never is of another version
 * than its functions for long.
 */
export class GradualRelease extends Construct {
  constructor(scope: Construct, id: string, { alias, alarms, canary }: GradualReleaseProps) {
    super(scope, id);
    const gradually = canary === 'on';
    const group = new LambdaDeploymentGroup(this, 'Group', {
      alias,
      alarms: alarms.map((name) => Alarm.fromAlarmName(this, name, name)),
      deploymentConfig: gradually
        ? LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES
        : LambdaDeploymentConfig.ALL_AT_ONCE,
      ignoreAlarmConfiguration: !gradually,
      autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: gradually },
    });
    Validations.of(group).acknowledge({
      id: 'AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]',
      reason:
        'The managed policy is what CodeDeploy documents for Lambda; it may invoke only functions named for its hooks.',
    });
  }
}
