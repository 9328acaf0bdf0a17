import { Duration, RemovalPolicy, Size, Validations } from 'aws-cdk-lib';
import {
  AccessLogField,
  AccessLogFormat,
  AwsIntegration,
  EndpointType,
  type Integration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  RestApi,
  type StageOptions,
} from 'aws-cdk-lib/aws-apigateway';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IAlias } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { routes } from '../lib/http/routes.ts';
import { apiNameOf } from './api-name.ts';
import type { Area } from './areas.ts';
import { FUNCTION_TIMEOUT_SECONDS } from './ledger-function.ts';
import type { StageLimit } from './options.ts';
import { addPreflight } from './preflight.ts';
import { addProblemResponses } from './problem-responses.ts';

/** Longer than the function's own time-out, so that its answer always arrives; API Gateway allows 29 s. */
const INTEGRATION_TIMEOUT_SECONDS = FUNCTION_TIMEOUT_SECONDS + 5;

/** Smaller answers do not gain enough from gzip to pay for it. */
const COMPRESS_FROM_BYTES = 1024;

export interface LedgerApiProps {
  /** The name of the stage. */
  readonly stage: string;
  readonly limit: StageLimit;
}

/** The REST API, built from the route table: nobody lists routes twice. */
export class LedgerApi extends Construct {
  readonly name: string;
  /** Where the stage answers, with a trailing slash. */
  readonly url: string;
  readonly #api: RestApi;
  readonly #stage: string;

  constructor(scope: Construct, id: string, { stage, limit }: LedgerApiProps) {
    super(scope, id);
    this.#stage = stage;
    this.name = apiNameOf(stage);
    this.#api = new RestApi(this, 'RestApi', {
      restApiName: this.name,
      endpointTypes: [EndpointType.REGIONAL],
      minCompressionSize: Size.bytes(COMPRESS_FROM_BYTES),
      deployOptions: stageOptions(this, stage, limit),
      // API Gateway writes logs under one role for the whole account and Region. A new account has none and would refuse the
      // stage, so it is set here, and stays when this stack goes, since other APIs may have come to use it.
      cloudWatchRole: true,
      cloudWatchRoleRemovalPolicy: RemovalPolicy.RETAIN,
    });
    this.url = this.#api.url;
    addProblemResponses(this.#api);
    addPreflight(this.#api);
    acknowledgeHandlerChecks(this.#api);
  }

  /** Routes everything the route table assigns to the area to this alias. */
  serve(area: Area, alias: IAlias): void {
    const integration = invoke(alias);
    for (const route of routes.filter((candidate) => candidate.area === area)) {
      this.#api.root.resourceForPath(route.path).addMethod(route.method, integration, {
        operationName: route.operationId,
      });
    }
    // One permission for the alias: one for each method would fill the function's 20 KB policy. It names the stage, so
    // that the console's test button, which bypasses the stage's throttling and logs, cannot invoke.
    alias.addPermission('ApiGateway', {
      principal: new ServicePrincipal('apigateway.amazonaws.com'),
      sourceArn: this.#api.arnForExecuteApi('*', '/*', this.#stage),
    });
  }
}

/** What `LambdaIntegration` does, less its permission for each method. */
function invoke(alias: IAlias): Integration {
  return new AwsIntegration({
    service: 'lambda',
    path: `2015-03-31/functions/${alias.functionArn}/invocations`,
    proxy: true,
    options: { timeout: Duration.seconds(INTEGRATION_TIMEOUT_SECONDS) },
  });
}

function stageOptions(scope: Construct, stage: string, limit: StageLimit): StageOptions {
  const accessLogs = new LogGroup(scope, 'AccessLogs', {
    retention: RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  return {
    stageName: stage,
    throttlingRateLimit: limit.requestsPerSecond,
    throttlingBurstLimit: limit.burst,
    tracingEnabled: true,
    metricsEnabled: true,
    loggingLevel: MethodLoggingLevel.ERROR,
    // Bodies and credentials stay out of the logs.
    dataTraceEnabled: false,
    accessLogDestination: new LogGroupLogDestination(accessLogs),
    accessLogFormat: accessLogFormat(),
  };
}

/** One line a request. The route's pattern and not the path, which holds what clients named their accounts. */
function accessLogFormat(): AccessLogFormat {
  return AccessLogFormat.custom(
    JSON.stringify({
      requestId: AccessLogField.contextRequestId(),
      traceId: AccessLogField.contextXrayTraceId(),
      time: AccessLogField.contextRequestTimeEpoch(),
      sourceIp: AccessLogField.contextIdentitySourceIp(),
      method: AccessLogField.contextHttpMethod(),
      route: AccessLogField.contextResourcePath(),
      status: AccessLogField.contextStatus(),
      responseBytes: AccessLogField.contextResponseLength(),
      latencyMillis: AccessLogField.contextResponseLatency(),
      integrationLatencyMillis: AccessLogField.contextIntegrationLatency(),
      integrationStatus: AccessLogField.contextIntegrationStatus(),
      errorType: AccessLogField.contextErrorResponseType(),
    }),
  );
}

function acknowledgeHandlerChecks(api: RestApi): void {
  const checkedInHandler =
    'Access is checked first thing in the handler, by one mechanism for every environment and with no credential known to API Gateway.';
  const validations = Validations.of(api);
  validations.acknowledge({
    id: 'AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
    reason: 'The managed policy is what API Gateway documents for its logging role, which serves the whole account.',
  });
  validations.acknowledge({ id: 'AwsSolutions::AwsSolutions-APIG4', reason: checkedInHandler });
  validations.acknowledge({ id: 'AwsSolutions::AwsSolutions-COG4', reason: checkedInHandler });
  validations.acknowledge({
    id: 'AwsSolutions::AwsSolutions-APIG2',
    reason:
      'The handler validates every request against the schema of its route and names each fault; API Gateway could only name one.',
  });
  validations.acknowledge({
    id: 'AwsSolutions::AwsSolutions-APIG3',
    reason:
      'Stage throttling bounds the load; a web ACL belongs to the account that deploys, which may associate its own with the stage.',
  });
}
