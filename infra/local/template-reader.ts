import { join } from 'node:path';
import { readRestApi } from './api-reader.ts';
import { readCloudAssembly } from './cloud-assembly.ts';
import type {
  Deployment,
  FunctionDefinition,
  ParameterDefinition,
  QueueDefinition,
  TableDefinition,
  TopicDefinition,
} from './deployment.ts';
import { resolve, UnsupportedTemplateError } from './intrinsic-functions.ts';
import { readSchedules } from './schedule-reader.ts';
import { readMapping } from './sources/mapping-reader.ts';
import { type ApplicationContext, type StackResource, StackScope } from './stack-scope.ts';
import { assertAllCallersPlayed } from './unplayed-callers.ts';

/** A synthesised application. */
export interface Application {
  /** Resolves the whole with these parameters; it may be done again once more is known, such as where queues are served. */
  describe(context: ApplicationContext): Deployment;
}

/**
 * Reads a cloud assembly. What only watches or delivers the application (alarms, dashboards, deployment groups, sampling rules,
 * roles) is left out.
 * @throws {UnsupportedTemplateError} from `describe`, when functions or routes need what the embedded runtime does not play.
 */
export function readApplication(assemblyFolder: string): Application {
  const stacks = readCloudAssembly(assemblyFolder);
  return {
    describe(context) {
      const scopes: StackScope[] = [];
      for (const stack of stacks) {
        scopes.push(new StackScope(stack, scopes, context));
      }
      const resources = scopes.flatMap((scope) => [...scope.resources.values()]);
      assertAllCallersPlayed(resources);
      // A function whose code is inline is the CDK's own machinery for deployments, not part of the application.
      const functions = ofType(resources, 'AWS::Lambda::Function').filter(hasAsset).map(readFunction);
      const topics = ofType(resources, 'AWS::SNS::Topic').map((topic) => readTopic(topic, resources));
      return {
        tables: ofType(resources, 'AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable').map(readTable),
        queues: ofType(resources, 'AWS::SQS::Queue').map(readQueue),
        topics: topics.filter((topic) => isUsed(topic, functions)),
        parameters: ofType(resources, 'AWS::SSM::Parameter').map(readParameter),
        keys: ofType(resources, 'AWS::KMS::Key').map(({ stack, logicalId }) =>
          String(stack.attribute(logicalId, 'Arn')),
        ),
        functions,
        schedules: ofType(resources, 'AWS::Events::Rule').flatMap(readSchedules),
        sources: ofType(resources, 'AWS::Lambda::EventSourceMapping').flatMap(readMapping),
        api: readRestApi(resources),
      };
    },
  };
}

function ofType(resources: readonly StackResource[], ...types: readonly string[]): StackResource[] {
  return resources.filter(({ type }) => types.includes(type));
}

function properties(resource: StackResource, ...names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names
      .filter((name) => resource.properties[name] !== undefined)
      .map((name) => [name, resolve(resource.properties[name], resource.stack)]),
  );
}

function readTable(resource: StackResource): TableDefinition {
  // The schema of CloudFormation fixes the shapes below, and CreateTable checks them once more.
  const read = properties(
    resource,
    'KeySchema',
    'AttributeDefinitions',
    'GlobalSecondaryIndexes',
    'StreamSpecification',
    'TimeToLiveSpecification',
  ) as {
    KeySchema: TableDefinition['keySchema'];
    AttributeDefinitions: TableDefinition['attributeDefinitions'];
    GlobalSecondaryIndexes?: TableDefinition['globalSecondaryIndexes'];
    StreamSpecification?: { StreamViewType: string };
    TimeToLiveSpecification?: { AttributeName: string; Enabled: boolean };
  };
  const indexes = read.GlobalSecondaryIndexes ?? [];
  return {
    logicalId: resource.logicalId,
    name: resource.physicalName,
    keySchema: read.KeySchema,
    attributeDefinitions: read.AttributeDefinitions,
    globalSecondaryIndexes: indexes.map(({ IndexName, KeySchema, Projection }) => ({
      IndexName,
      KeySchema,
      Projection,
    })),
    ...(read.StreamSpecification && { streamViewType: read.StreamSpecification.StreamViewType }),
    ...(read.TimeToLiveSpecification?.Enabled && { ttlAttribute: read.TimeToLiveSpecification.AttributeName }),
  };
}

/** The properties of a queue that are attributes of the same name. */
const queueAttributes = [
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'DelaySeconds',
  'FifoQueue',
  'FifoThroughputLimit',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'RedriveAllowPolicy',
  'RedrivePolicy',
  'VisibilityTimeout',
];

function readQueue(resource: StackResource): QueueDefinition {
  return {
    logicalId: resource.logicalId,
    name: resource.physicalName,
    arn: String(resource.stack.attribute(resource.logicalId, 'Arn')),
    attributes: asAttributes(properties(resource, ...queueAttributes)),
  };
}

function readTopic(resource: StackResource, resources: readonly StackResource[]): TopicDefinition {
  const arn = String(resource.stack.reference(resource.logicalId));
  const subscriptions = ofType(resources, 'AWS::SNS::Subscription')
    // Those by e-mail and the like are for people, whose addresses a deployment may give and a laptop does not.
    .filter((subscription) => properties(subscription, 'Protocol').Protocol === 'sqs')
    .map((subscription) => ({
      ...properties(subscription, 'TopicArn', 'Endpoint'),
      attributes: asAttributes(
        properties(subscription, 'FilterPolicy', 'FilterPolicyScope', 'RawMessageDelivery', 'RedrivePolicy'),
      ),
    }))
    .map((subscription) => subscription as typeof subscription & Record<'TopicArn' | 'Endpoint', string>)
    .filter(({ TopicArn }) => TopicArn === arn);
  return {
    logicalId: resource.logicalId,
    name: resource.physicalName,
    arn,
    attributes: asAttributes(properties(resource, 'FifoTopic', 'ContentBasedDeduplication', 'FifoThroughputScope')),
    subscriptions: subscriptions.map(({ Endpoint, attributes }) => ({ queueArn: Endpoint, attributes })),
  };
}

/** Whether anything here publishes to the topic or receives from it; nobody does with one that only carries alarms to people. */
function isUsed({ arn, subscriptions }: TopicDefinition, functions: readonly FunctionDefinition[]): boolean {
  return subscriptions.length > 0 || functions.some(({ environment }) => Object.values(environment).includes(arn));
}

function readParameter(resource: StackResource): ParameterDefinition {
  return { name: resource.physicalName, value: String(properties(resource, 'Value').Value) };
}

function asAttributes(read: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(read).map(([name, value]) => [
      name,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  );
}

function hasAsset(resource: StackResource): boolean {
  return (resource.properties.Code as Record<string, unknown> | undefined)?.S3Key !== undefined;
}

function readFunction(resource: StackResource): FunctionDefinition {
  const read = properties(resource, 'Code', 'Handler', 'Environment', 'MemorySize', 'Timeout');
  const key = String((read.Code as { S3Key: unknown }).S3Key);
  const codeFolder = resource.stack.assetPaths.get(key);
  if (!codeFolder) {
    throw new UnsupportedTemplateError(
      `The code of ${resource.logicalId} (${key}) is not among the synthesised assets.`,
    );
  }
  const variables = (read.Environment as { Variables?: Record<string, unknown> } | undefined)?.Variables ?? {};
  return {
    logicalId: resource.logicalId,
    name: resource.physicalName,
    codeFolder: join(codeFolder),
    handler: String(read.Handler),
    environment: Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)])),
    // The defaults are Lambda's own.
    memoryMegabytes: Number(read.MemorySize ?? 128),
    timeoutSeconds: Number(read.Timeout ?? 3),
  };
}
