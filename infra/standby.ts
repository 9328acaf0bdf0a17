import type { App, Environment } from 'aws-cdk-lib';
import { ApiStack } from './api-stack.ts';
import type { Options } from './options.ts';
import { releaseInOrder } from './release-order.ts';
import { stackNames } from './stack-names.ts';
import type { Stage } from './stage.ts';
import { StandbyDataStack } from './standby-data-stack.ts';
import { WatchStack } from './watch-stack.ts';
import { WorkStack } from './work-stack.ts';

export interface StandbyProps {
  readonly stage: Stage;
  readonly options: Options;
  readonly bundles: string;
}

/**
 * The account and Region that the stage is deployed to, where they have to be known: a table is replicated from one Region to another, not from
 * wherever the template happens to be deployed. They come from the credentials in use, through the CDK CLI.
 * @throws Error if a replica is asked for and the CLI names no account and Region, or the replica would be where the table is
 */
export function primaryEnvironment({ replicaRegion }: Options, source = process.env): Environment | undefined {
  if (replicaRegion === undefined) return undefined;
  const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = source;
  if (!account || !region) {
    throw new Error(
      'replicaRegion needs an account and a Region to replicate from: run this through the cdk command with credentials, or set CDK_DEFAULT_ACCOUNT and CDK_DEFAULT_REGION.',
    );
  }
  if (region === replicaRegion) throw new Error(`replicaRegion is ${region}, where the stage itself is.`);
  return { account, region };
}

/**
 * Adds what can take over in the replica's Region: the same functions and API on the replica, with the flags closed. Without a
 * replica it adds nothing.
 */
export function addStandby(app: App, { stage, options, bundles }: StandbyProps): void {
  const primary = primaryEnvironment(options);
  if (primary === undefined) return;
  const names = stackNames(stage.name);
  const env: Environment = { ...primary, ...(options.replicaRegion && { region: options.replicaRegion }) };
  const data = new StandbyDataStack(app, names.standbyData, {
    description: `Florin (${stage.name}), standby: the flags and what belongs to this Region alone`,
    env,
    stage,
  });
  const watch = new WatchStack(app, names.standbyWatch, {
    description: `Florin (${stage.name}), standby: alarms and dashboards`,
    env,
    stage,
    options,
    state: data,
    // Once it has taken over, it is what replicates, back to where it took over from.
    replicatesTo: primary.region,
  });
  const work = new WorkStack(app, names.standbyWork, {
    description: `Florin (${stage.name}), standby: the workers and their queues`,
    env,
    stage,
    options,
    bundles,
    state: data,
  });
  const api = new ApiStack(app, names.standby, {
    description: `Florin (${stage.name}), standby: the API and its functions`,
    env,
    stage,
    options,
    bundles,
    state: data,
  });
  releaseInOrder({ watch, work, api });
}
