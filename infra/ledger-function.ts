import { existsSync } from 'node:fs';
import path from 'node:path';
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { type IGrantable, type IPrincipal, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Alias,
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { metricsNamespace } from '../lib/observability/metric-names.ts';
import { liveAlias } from './service-name.ts';
import { stageOf } from './stage.ts';

/**
 * After this the function is stopped. API Gateway waits for 29 s at most, so the function always gives up first and a caller is
 * never cut off while the function still works on its request.
 */
export const FUNCTION_TIMEOUT_SECONDS = 10;

/** Lambda sells CPU by memory, 1,769 MB a core. The functions wait for DynamoDB more than they compute; this keeps cold starts short. */
const MEMORY_MEGABYTES = 1024;

export interface LedgerFunctionProps {
  readonly functionName: string;
  readonly logGroupName: string;
  readonly description: string;
  /** The folder of the bundle; its `index.mjs` exports `handler`. */
  readonly bundle: string;
  /** The service's name in logs, metrics and traces. */
  readonly serviceName: string;
  /** What this function needs beyond what every function gets. */
  readonly environment: Readonly<Record<string, string>>;
  /** After how many seconds it is stopped; by default as one that API Gateway waits for. */
  readonly timeoutSeconds?: number;
}

/**
 * A function as all functions of Florin are: same runtime, memory, time-out, structured logs with a retention, active tracing,
 * a role of its own that starts with leave to write its own logs and traces only, and the alias `live`, through which everything calls it.
 */
export class LedgerFunction extends Construct implements IGrantable {
  readonly grantPrincipal: IPrincipal;
  /** What callers target, so that a release can shift traffic between versions and be taken back. */
  readonly live: Alias;

  constructor(scope: Construct, id: string, props: LedgerFunctionProps) {
    super(scope, id);
    if (!existsSync(path.join(props.bundle, 'index.mjs'))) {
      throw new Error(`There is no bundle in ${props.bundle}. Run "npm run build" first.`);
    }
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: props.logGroupName,
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // The usual managed policy would let the function write to every log group of the account.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    acknowledgeTracing(role);
    this.grantPrincipal = role;

    const code = new LambdaFunction(this, 'Function', {
      functionName: props.functionName,
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(props.bundle),
      memorySize: MEMORY_MEGABYTES,
      timeout: Duration.seconds(props.timeoutSeconds ?? FUNCTION_TIMEOUT_SECONDS),
      role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
      environment: {
        NODE_OPTIONS: '--enable-source-maps',
        POWERTOOLS_LOG_LEVEL: 'INFO',
        POWERTOOLS_METRICS_NAMESPACE: metricsNamespace(stageOf(this).name),
        POWERTOOLS_SERVICE_NAME: props.serviceName,
        ...props.environment,
      },
    });
    this.live = new Alias(this, 'Live', { aliasName: liveAlias, version: code.currentVersion });
  }
}

function acknowledgeTracing(role: Role): void {
  Validations.of(role).acknowledge({
    id: 'AwsSolutions::AwsSolutions-IAM5[Resource::*]',
    reason: 'X-Ray knows no resources to narrow PutTraceSegments and PutTelemetryRecords to.',
  });
}
