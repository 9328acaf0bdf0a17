import { App, Aspects, Tags, Validations } from 'aws-cdk-lib';
import { CURRENTLY_RECOMMENDED_FLAGS } from 'aws-cdk-lib/cx-api';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ApiStack } from './api-stack.ts';
import { DataStack } from './data-stack.ts';
import { Omit } from './omissions.ts';
import { optionsOf } from './options.ts';
import { releaseInOrder } from './release-order.ts';
import { stackNames } from './stack-names.ts';
import { stageOf } from './stage.ts';
import { addStandby, primaryEnvironment } from './standby.ts';
import { WatchStack } from './watch-stack.ts';
import { WorkStack } from './work-stack.ts';

export interface FlorinAppProps {
  /** The folder that holds one folder with an `index.mjs` for each function. */
  readonly bundles: string;
  /** Where to write the cloud assembly; by default where the CDK CLI says. */
  readonly outdir?: string;
  /** Context values, of which the CLI's take precedence. */
  readonly context?: Readonly<Record<string, unknown>>;
}

/**
 * Behaviour of the CDK itself: what it recommends to a new project at the pinned version, less what follows. It lives here and not
 * in cdk.json, so that the templates are the same whether the CLI or Node runs the application.
 */
const cdkContext = {
  ...CURRENTLY_RECOMMENDED_FLAGS,
  // CloudFormation's own exports, which refuse to pull a table from under the functions.
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
  // The embedded runtime finds each function's bundle by the asset path in the template.
  'aws:cdk:enable-asset-metadata': true,
  'aws:cdk:enable-path-metadata': true,
};

/**
 * Florin as four stacks: what is kept (tables, flags), what watches over the rest, and what may be replaced at any time: workers with their
 * queues, and the API with its functions. A stage with a replica in another Region has the same four there once more, standing by.
 * Every resource is checked against the AwsSolutions rules at synthesis; findings fail it unless they are acknowledged with
 * a reason beside the construct.
 */
export function buildApp({ bundles, outdir, context }: FlorinAppProps): App {
  const app = new App({ outdir, context: { ...cdkContext, ...context }, analyticsReporting: false });
  const stage = stageOf(app);
  const options = optionsOf(app);
  const env = primaryEnvironment(options);
  const names = stackNames(stage.name);

  const data = new DataStack(app, names.data, {
    description: `Florin (${stage.name}): the tables and the flags`,
    env,
    stage,
    options,
  });
  const watch = new WatchStack(app, names.watch, {
    description: `Florin (${stage.name}): alarms and dashboards`,
    env,
    stage,
    options,
    state: data,
    replicatesTo: options.replicaRegion,
  });
  const work = new WorkStack(app, names.work, {
    description: `Florin (${stage.name}): the workers and their queues`,
    env,
    stage,
    options,
    bundles,
    state: data,
  });
  const api = new ApiStack(app, names.api, {
    description: `Florin (${stage.name}): the API and its functions`,
    env,
    stage,
    options,
    bundles,
    state: data,
  });
  releaseInOrder({ watch, work, api });
  addStandby(app, { stage, options, bundles });

  Tags.of(app).add('service', 'florin');
  Tags.of(app).add('stage', stage.name);
  if (stage.platform !== 'aws') Aspects.of(app).add(new Omit(stage.platform));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}
