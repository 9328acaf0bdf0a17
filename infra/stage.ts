import type { IConstruct } from 'constructs';

const STAGE_NAME = /^[a-z][a-z0-9]{0,15}$/;

/**
 * The stage to build for: the CDK context value `stage` (`cdk synth -c stage=prod`), `dev` by default. It is part of stack
 * names and the first segment of the API's path.
 * @throws Error for a name that is not 1 to 16 lower-case letters and digits, starting with a letter.
 */
export function stageName(scope: IConstruct): string {
  const stage: unknown = scope.node.tryGetContext('stage') ?? 'dev';
  if (typeof stage !== 'string' || !STAGE_NAME.test(stage)) {
    throw new Error(`stage must match ${STAGE_NAME.source}, but it is ${JSON.stringify(stage)}`);
  }
  return stage;
}
