import type { awsRules } from './aws-rules.ts';
import type { CloudFormationResource, CloudFormationTemplate } from './cloudformation-template.ts';

/** A template that breaks a rule, and what the rule must say of it. */
export interface Breach {
  readonly template: CloudFormationTemplate;
  readonly finds: string;
}

const resource = (Type: string, Properties: Record<string, unknown> = {}): CloudFormationResource => ({
  Type,
  Properties,
});
const lambda = (properties: Record<string, unknown> = {}) => resource('AWS::Lambda::Function', properties);
const permission = (SourceArn: unknown, FunctionName: unknown = { Ref: 'Live' }) =>
  resource('AWS::Lambda::Permission', { Principal: 'apigateway.amazonaws.com', FunctionName, SourceArn });
const sourceArn = (stagePart: string) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'Api' }, stagePart]] });
const method = (target: string, TimeoutInMillis?: number) =>
  resource('AWS::ApiGateway::Method', {
    Integration: {
      Type: 'AWS_PROXY',
      TimeoutInMillis,
      Uri: { 'Fn::Join': ['', ['arn:', { Ref: target }, '/invocations']] },
    },
  });
const live = resource('AWS::Lambda::Alias', { Name: 'live', FunctionName: { Ref: 'Code' } });
const mapping = (source: unknown, properties: Record<string, unknown> = {}) =>
  resource('AWS::Lambda::EventSourceMapping', { FunctionName: { Ref: 'Live' }, EventSourceArn: source, ...properties });
const arnOf = (logicalId: string, attribute = 'Arn') => ({ 'Fn::GetAtt': [logicalId, attribute] });
const path = (PathPart: string, parent: string) =>
  resource('AWS::ApiGateway::Resource', { PathPart, ParentId: { Ref: parent } });
const policy = (Statement: readonly unknown[]) =>
  resource('AWS::IAM::Policy', { PolicyDocument: { Statement }, Roles: [{ Ref: 'Role' }] });

const breach = (finds: string, Resources: CloudFormationTemplate['Resources']): Breach => ({
  finds,
  template: { Resources },
});

const dashboard = (widgets: readonly unknown[], DashboardName = 'health') =>
  resource('AWS::CloudWatch::Dashboard', { DashboardName, DashboardBody: JSON.stringify({ widgets }) });
const graph = (metrics: number) => ({ type: 'metric', properties: { metrics: Array(metrics).fill(['A', 'B']) } });
const alarm = (properties: Record<string, unknown>) =>
  resource('AWS::CloudWatch::Alarm', { AlarmActions: [{ Ref: 'Topic' }], ...properties });
const parameter = (Name: string, Value = '{}') => resource('AWS::SSM::Parameter', { Name, Value });
const samplingRule = (rule: Record<string, unknown>) =>
  resource('AWS::XRay::SamplingRule', { SamplingRule: { RuleName: 'r', FixedRate: 0.05, Priority: 1, ...rule } });

const queueMapping = { Code: lambda({ Timeout: 30 }), Live: live };
const importedStream = { 'Fn::ImportValue': 'Florin-dev-Data:ExportsOutputFnGetAttLedgerTableStreamArn1234' };

/** For each rule the templates that it must find fault with, so that none can hold merely because it looks at nothing. */
export const breaches: Readonly<Record<keyof typeof awsRules, readonly Breach[]>> = {
  keepsRoomForResources: [
    breach(
      '400 resources',
      Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`R${index}`, resource('AWS::SNS::Topic')])),
    ),
  ],
  keepsTemplatesSmall: [
    breach('the template has 10', { T: resource('AWS::SNS::Topic', { DisplayName: 'd'.repeat(1_000_000) }) }),
  ],
  namesPathVariablesAlike: [
    breach('{id} and {accountId}', {
      A: path('{id}', 'Accounts'),
      B: path('{accountId}', 'Accounts'),
      C: path('{x}', 'B'),
    }),
  ],
  keepsEnvironmentsSmall: [
    breach('bytes of environment', { F: lambda({ Environment: { Variables: { LONG: 'x'.repeat(4092) } } }) }),
    breach('bytes of environment', {
      F: lambda({
        Environment: {
          Variables: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`T${i}`, { Ref: `Table${i}` }])),
        },
      }),
    }),
    breach('sets AWS_REGION', { F: lambda({ Environment: { Variables: { AWS_REGION: 'eu-west-1' } } }) }),
  ],
  keepsRolePoliciesSmall: [
    breach('Role has up to', {
      One: policy([{ Action: 'a:B', Resource: 'x'.repeat(6000) }]),
      Two: policy([
        { Action: 'a:B', Resource: { 'Fn::Join': ['', ['x'.repeat(2000), { Ref: 'T' }, 'x'.repeat(2400)]] } },
      ]),
    }),
  ],
  allowsNoWildcardActions: [
    breach('dynamodb:*', { P: policy([{ Effect: 'Allow', Action: ['dynamodb:*'], Resource: 'x' }]) }),
    breach('P allows', { P: policy([{ Effect: 'Allow', NotAction: 'iam:PassRole', Resource: 'x' }]) }),
  ],
  keepsNamesShort: [
    breach('F has a FunctionName', { F: lambda({ FunctionName: 'f'.repeat(65) }) }),
    breach('Q has a QueueName', { Q: resource('AWS::SQS::Queue', { QueueName: `${'q'.repeat(76)}.fifo` }) }),
  ],
  keepsDescriptionsShort: [breach('F has a description', { F: lambda({ Description: 'd'.repeat(257) }) })],
  generatesTableNames: [
    breach('T has a fixed name', { T: resource('AWS::DynamoDB::GlobalTable', { TableName: 'ledger' }) }),
    breach('T is no GlobalTable', { T: resource('AWS::DynamoDB::Table') }),
  ],
  permitsTheStageOnce: [
    breach('has 2 permissions', { A: permission(sourceArn('/dev/*/*')), B: permission(sourceArn('/dev/GET/health')) }),
    breach('A does not name the stage', { A: permission(sourceArn('/*/*/*')) }),
    breach('A does not name the stage', { A: permission(sourceArn('/test-invoke-stage/*/*')) }),
  ],
  callsFunctionsByTheirAlias: [
    breach('Code has no alias live', { Code: lambda() }),
    breach('M does not go through an alias', { Code: lambda(), Live: live, M: method('Code') }),
    breach('P does not go through an alias', {
      Code: lambda(),
      Live: live,
      P: permission(sourceArn('/dev/*/*'), { Ref: 'Code' }),
    }),
    breach('R does not go through an alias', {
      Code: lambda(),
      Live: live,
      R: resource('AWS::Events::Rule', { Targets: [{ Arn: { 'Fn::GetAtt': ['Code', 'Arn'] } }] }),
    }),
    breach('E does not go through an alias', {
      Code: lambda(),
      Live: live,
      E: resource('AWS::Lambda::EventSourceMapping', { FunctionName: { Ref: 'Code' } }),
    }),
  ],
  reservesNoConcurrency: [breach('F reserves', { F: lambda({ ReservedConcurrentExecutions: 5 }) })],
  answersBeforeTheGatewayGivesUp: [
    breach('takes up to 15000 ms', { Code: lambda({ Timeout: 15 }), Live: live, M: method('Live', 15_000) }),
    breach('waits 30000 ms', { Code: lambda({ Timeout: 10 }), Live: live, M: method('Live', 30_000) }),
    breach('takes up to 30000 ms', { Code: lambda({ Timeout: 30 }), Live: live, M: method('Live') }),
    breach('takes up to NaN ms', { M: method('Elsewhere', 15_000) }),
  ],
  delaysWithinLimits: [breach('Q delays', { Q: resource('AWS::SQS::Queue', { DelaySeconds: 901 }) })],
  redrivesToItsOwnKind: [
    breach('not both FIFO', {
      Q: resource('AWS::SQS::Queue', { FifoQueue: true, RedrivePolicy: { deadLetterTargetArn: arnOf('Dead') } }),
      Dead: resource('AWS::SQS::Queue'),
    }),
  ],
  boundsQueueMappings: [
    ...[
      'has no maximum concurrency',
      'does not report which messages failed',
      'shows a message again',
      'has no dead-letter queue',
      'takes more than the 10 messages',
    ].map((finds) =>
      breach(finds, {
        ...queueMapping,
        Q: resource('AWS::SQS::Queue', { VisibilityTimeout: 30, FifoQueue: true }),
        M: mapping(arnOf('Q'), { BatchSize: 11 }),
      }),
    ),
    breach('shows a message again', {
      ...queueMapping,
      Q: resource('AWS::SQS::Queue', { VisibilityTimeout: 179 }),
      M: mapping(arnOf('Q')),
    }),
  ],
  guardsStreamMappings: [
    ...[
      'does not filter for INSERT and MODIFY',
      'does not report which records failed',
      'does not bisect',
      'does not stop after 5 retries',
      'loses what fails',
      'no alarm watches',
    ].flatMap((finds) => [
      breach(finds, { T: resource('AWS::DynamoDB::GlobalTable'), M: mapping(arnOf('T', 'StreamArn')) }),
      breach(finds, { M: mapping(importedStream) }),
    ]),
    breach('does not filter', {
      M: mapping(importedStream, {
        FilterCriteria: { Filters: [{ Pattern: '{"eventName":["INSERT","MODIFY","REMOVE"]}' }] },
      }),
    }),
  ],
  keepsDashboardsSmall: [
    breach('D has 501 widgets', { D: dashboard(Array(501).fill(graph(1))) }),
    breach('D has a widget with 501 metrics', { D: dashboard([graph(501)]) }),
    breach('D has 2502 metrics', { D: dashboard(Array(6).fill(graph(417))) }),
    breach('D has a name that CloudWatch does not take', { D: dashboard([], 'the health') }),
  ],
  keepsAlarmsSmall: [
    breach('A is computed from 11 metrics', { A: alarm({ Metrics: Array(11).fill({ MetricStat: {} }) }) }),
    breach('A has too long a description', { A: alarm({ AlarmDescription: 'd'.repeat(1025) }) }),
    breach('A tells nobody', { A: resource('AWS::CloudWatch::Alarm') }),
  ],
  namesParametersAsSsmDoes: [
    breach('P has a name', { P: parameter('flags') }),
    breach('P has a name', { P: parameter('/aws/flags') }),
    breach('P has a name', { P: parameter('/a flag') }),
    breach('P has a name', { P: parameter('/x'.repeat(16)) }),
    breach('P has a value of 4097 bytes', { P: parameter('/flags', 'v'.repeat(4097)) }),
  ],
  namesSamplingRulesShort: [
    breach('R has too long a rule name', { R: samplingRule({ RuleName: 'r'.repeat(33) }) }),
    breach('R has the rate 5', { R: samplingRule({ FixedRate: 5 }) }),
    breach('R has the priority 0', { R: samplingRule({ Priority: 0 }) }),
  ],
};

/** What a queue and a stream mapping look like when they are right: no rule may find fault with this. */
export const sound: CloudFormationTemplate = {
  Resources: {
    ...queueMapping,
    Queue: resource('AWS::SQS::Queue', {
      FifoQueue: true,
      VisibilityTimeout: 180,
      RedrivePolicy: { deadLetterTargetArn: arnOf('DeadLetters'), maxReceiveCount: 5 },
    }),
    DeadLetters: resource('AWS::SQS::Queue', { FifoQueue: true, VisibilityTimeout: 180 }),
    Failures: resource('AWS::SQS::Queue', { VisibilityTimeout: 180 }),
    QueueMapping: mapping(arnOf('Queue'), {
      BatchSize: 10,
      ScalingConfig: { MaximumConcurrency: 10 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    }),
    KeepingMapping: mapping(arnOf('DeadLetters'), {
      ScalingConfig: { MaximumConcurrency: 2 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    }),
    FailuresMapping: mapping(arnOf('Failures'), {
      ScalingConfig: { MaximumConcurrency: 2 },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    }),
    StreamMapping: mapping(importedStream, {
      FilterCriteria: { Filters: [{ Pattern: '{"eventName":["INSERT","MODIFY"]}' }] },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 5,
      DestinationConfig: { OnFailure: { Destination: arnOf('Failures') } },
    }),
    IteratorAge: alarm({ MetricName: 'IteratorAge' }),
  },
};
