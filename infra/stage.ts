import type { IConstruct } from 'constructs';

const STAGE_NAME = /^[a-z][a-z0-9]{0,15}$/;

/** Where a stage runs. Everything is built for AWS; an emulator gets the same less what it lacks (see omissions.ts). */
export type Platform = 'aws' | Emulator;

/** A stage of an emulator's name is deployed to that emulator, and nowhere else. */
export type Emulator = (typeof emulators)[number];
export const emulators = ['localstack', 'ministack'] as const;

/** One deployment of the whole application; several live side by side in one account. */
export interface Stage {
  /** Part of stack names, of parameter and metric names, and the first segment of the API's path. */
  readonly name: string;
  readonly platform: Platform;
  /** Whether it gets the careful settings of `prod`; on an emulator it does, so that they are tried. */
  readonly isProduction: boolean;
}

/**
 * The stage to build for: the CDK context value `stage` (`cdk synth -c stage=prod`), `dev` by default. The context value `platform`
 * tells what else than its name says it is built for: `-c stage=prod -c platform=localstack` shows what prod would be there.
 * @throws Error for a name that is not 1 to 16 lower-case letters and digits, starting with a letter, and an unknown platform.
 */
export function stageOf(scope: IConstruct): Stage {
  const stage = stageNamed(scope.node.tryGetContext('stage') ?? 'dev');
  const platform = scope.node.tryGetContext('platform') ?? stage.platform;
  if (platform !== 'aws' && !emulators.includes(platform)) {
    throw new Error(`platform must be aws, ${emulators.join(' or ')}, but it is ${JSON.stringify(platform)}`);
  }
  return { ...stage, platform };
}

/** @throws Error for a name that is not 1 to 16 lower-case letters and digits, starting with a letter. */
export function stageNamed(name: unknown): Stage {
  if (typeof name !== 'string' || !STAGE_NAME.test(name)) {
    throw new Error(`stage must match ${STAGE_NAME.source}, but it is ${JSON.stringify(name)}`);
  }
  const platform = emulators.find((emulator) => emulator === name) ?? 'aws';
  return { name, platform, isProduction: name === 'prod' || platform !== 'aws' };
}
