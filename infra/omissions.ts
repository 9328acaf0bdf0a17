import { CfnResource, type IAspect } from 'aws-cdk-lib';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnAlias } from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';
import type { Emulator } from './stage.ts';

/** Something of the template that an emulator cannot have. */
export interface Omission {
  /** The CloudFormation type that is left out. */
  readonly type: string;
  /** Only resources of the type for which this holds; by default all. */
  readonly where?: (resource: CfnResource) => boolean;
  readonly reason: string;
}

/**
 * What is left out of the template for an emulator, and why. It is the whole difference: everything else is deployed
 * there as it is deployed to AWS, which a test holds it to. The README repeats this list for its readers.
 */
export const omissions: Readonly<Record<Emulator, readonly Omission[]>> = {
  // It would accept these and do nothing, which looks like more than it is.
  localstack: [
    { type: 'AWS::CloudWatch::Dashboard', reason: 'Its community edition has no dashboards.' },
    { type: 'AWS::CodeDeploy::Application', reason: 'Its community edition has no CodeDeploy.' },
    { type: 'AWS::CodeDeploy::DeploymentGroup', reason: 'Its community edition has no CodeDeploy.' },
    { type: 'AWS::XRay::SamplingRule', reason: 'Its community edition has no X-Ray.' },
  ],
  ministack: [
    {
      type: 'AWS::CloudWatch::Alarm',
      where: (alarm) => alarm instanceof CfnAlarm && alarm.metrics !== undefined,
      reason: 'It refuses alarms on metric math.',
    },
    { type: 'AWS::CodeDeploy::Application', reason: 'It has no CodeDeploy.' },
    { type: 'AWS::CodeDeploy::DeploymentGroup', reason: 'It has no CodeDeploy.' },
    { type: 'AWS::XRay::SamplingRule', reason: 'It has no X-Ray sampling rules.' },
  ],
};

/** Takes out of the tree what the emulator lacks. Nothing that stays may refer to it. */
export class Omit implements IAspect {
  readonly #omissions: readonly Omission[];

  constructor(emulator: Emulator) {
    this.#omissions = omissions[emulator];
  }

  visit(node: IConstruct): void {
    if (!CfnResource.isCfnResource(node)) return;
    if (this.#omits(node)) node.node.scope?.node.tryRemoveChild(node.node.id);
    // An alias says in its update policy which CodeDeploy group releases it.
    else if (node instanceof CfnAlias && this.#omissions.some(({ type }) => type.startsWith('AWS::CodeDeploy::'))) {
      node.cfnOptions.updatePolicy = undefined;
    }
  }

  #omits(resource: CfnResource): boolean {
    return this.#omissions.some(({ type, where }) => type === resource.cfnResourceType && (where?.(resource) ?? true));
  }
}
