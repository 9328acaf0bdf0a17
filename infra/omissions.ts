import { CfnResource, type IAspect } from 'aws-cdk-lib';
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
  localstack: [],
  ministack: [],
};

/** Takes out of the tree what the emulator lacks. Nothing else may refer to such a resource. */
export class Omit implements IAspect {
  readonly #omissions: readonly Omission[];

  constructor(emulator: Emulator) {
    this.#omissions = omissions[emulator];
  }

  visit(node: IConstruct): void {
    if (!CfnResource.isCfnResource(node)) return;
    const omitted = this.#omissions.some(({ type, where }) => type === node.cfnResourceType && (where?.(node) ?? true));
    if (omitted) node.node.scope?.node.tryRemoveChild(node.node.id);
  }
}
