import { App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ApiStack } from './api-stack.ts';
import { DataStack } from './data-stack.ts';
import { stageName } from './stage.ts';

export interface FlorinAppProps {
  /** The folder that holds one folder with an `index.mjs` for each function. */
  readonly bundles: string;
  /** Where to write the cloud assembly; by default where the CDK CLI says. */
  readonly outdir?: string;
  /** Context values, of which the CLI's take precedence. */
  readonly context?: Readonly<Record<string, unknown>>;
}

/**
 * Feature flags live here and not in cdk.json, so that the template is the same whether the CLI or Node runs the application.
 */
const featureFlags = {
  '@aws-cdk/aws-apigateway:disableCloudWatchRole': true,
  '@aws-cdk/aws-apigateway:authorizerChangeDeploymentLogicalId': true,
  '@aws-cdk/aws-iam:minimizePolicies': true,
  '@aws-cdk/aws-lambda:recognizeLayerVersion': true,
  '@aws-cdk/aws-lambda:recognizeVersionProps': true,
  '@aws-cdk/core:target-partitions': ['aws', 'aws-cn'],
  // The embedded runtime finds the bundles by the asset paths in the template.
  'aws:cdk:enable-asset-metadata': true,
  'aws:cdk:enable-path-metadata': true,
};

/**
 * Florin as two stacks, split by lifetime: what is kept (tables) and what may be replaced at any time (functions, API).
 * Every resource is checked against the AwsSolutions rules at synthesis; findings fail it unless they are acknowledged with
 * a reason beside the construct.
 */
export function buildApp({ bundles, outdir, context }: FlorinAppProps): App {
  const app = new App({ outdir, context: { ...featureFlags, ...context }, analyticsReporting: false });
  const stage = stageName(app);

  const data = new DataStack(app, `Florin-${stage}-Data`, {
    description: `Florin (${stage}): the tables`,
  });
  new ApiStack(app, `Florin-${stage}-Api`, {
    description: `Florin (${stage}): the functions and their API`,
    stage,
    bundles,
    ledger: data.ledger,
    idempotency: data.idempotency,
  });

  Tags.of(app).add('service', 'florin');
  Tags.of(app).add('stage', stage);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return app;
}
