import {
  type CloudFormationTemplate,
  propertyOf,
  referenceOf,
  referencesIn,
  resourcesOf,
} from './cloudformation-template.ts';
import { eventSourceRules } from './event-source-rules.ts';
import { functionBehind, functionsOf, timeoutSeconds } from './template-functions.ts';
import { watchingRules } from './watching-rules.ts';

/**
 * What AWS demands of a template (or we demand for AWS's sake) and no emulator checks: answers the faults it finds. What watches over the
 * template may be in another.
 */
export type AwsRule = (template: CloudFormationTemplate, watch?: CloudFormationTemplate) => string[];

/** CloudFormation takes 500; the rest is room to roll back and to add an alarm in a hurry. */
const MAX_RESOURCES = 400;
/** What CloudFormation takes from a bucket. */
const MAX_TEMPLATE_BYTES = 1_000_000;
const MAX_ENVIRONMENT_BYTES = 4096;
const MAX_ROLE_POLICY_CHARACTERS = 10_240;
const MAX_INTEGRATION_MILLIS = 29_000;

/** No name or ARN that an intrinsic function stands for is longer, so this never counts too little. */
const LONGEST_REFERENCE = 256;

/** What is known of the length of pseudo parameters: the longest Region, an account, and the longest suffix and partition there are. */
const LONGEST_PSEUDO_PARAMETER: Readonly<Record<string, number>> = {
  'AWS::Region': 14,
  'AWS::AccountId': 12,
  'AWS::URLSuffix': 16,
  'AWS::Partition': 10,
};

/** Variables that Lambda sets itself; a template that names one is refused. */
const RESERVED_VARIABLE =
  /^(AWS_(?!ENDPOINT_URL)[A-Z0-9_]*|_HANDLER|_X_AMZN_TRACE_ID|LAMBDA_TASK_ROOT|LAMBDA_RUNTIME_DIR|TZ)$/;

const PHYSICAL_NAMES: Readonly<Record<string, { readonly property: string; readonly longest: number }>> = {
  'AWS::Lambda::Function': { property: 'FunctionName', longest: 64 },
  'AWS::Lambda::Alias': { property: 'Name', longest: 128 },
  'AWS::IAM::Role': { property: 'RoleName', longest: 64 },
  'AWS::IAM::Policy': { property: 'PolicyName', longest: 128 },
  'AWS::SQS::Queue': { property: 'QueueName', longest: 80 },
  'AWS::SNS::Topic': { property: 'TopicName', longest: 256 },
  'AWS::ApiGateway::Stage': { property: 'StageName', longest: 128 },
  'AWS::CloudWatch::Alarm': { property: 'AlarmName', longest: 255 },
};

const TABLES = ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable'];

const rules = {
  keepsRoomForResources: (template) => {
    const count = Object.keys(template.Resources).length;
    return count < MAX_RESOURCES ? [] : [`${count} resources, and fewer than ${MAX_RESOURCES} are wanted`];
  },

  keepsTemplatesSmall: (template) => {
    const bytes = Buffer.byteLength(JSON.stringify(template));
    return bytes < MAX_TEMPLATE_BYTES ? [] : [`the template has ${bytes} bytes`];
  },

  namesPathVariablesAlike: (template) => {
    const variables = resourcesOf(template, 'AWS::ApiGateway::Resource').filter((resource) =>
      String(propertyOf(resource, 'PathPart')).startsWith('{'),
    );
    const siblings = Map.groupBy(variables, (resource) => JSON.stringify(propertyOf(resource, 'ParentId')));
    return [...siblings.values()]
      .filter((group) => group.length > 1)
      .map(
        (group) => `${group.map((one) => propertyOf(one, 'PathPart')).join(' and ')} stand at one place of the path`,
      );
  },

  keepsEnvironmentsSmall: (template) =>
    functionsOf(template).flatMap(({ logicalId, ...resource }) => {
      const variables = Object.entries((propertyOf(resource, 'Environment.Variables') ?? {}) as object);
      const bytes = variables.reduce((sum, [name, value]) => sum + name.length + longest(value), 0);
      return [
        ...(bytes < MAX_ENVIRONMENT_BYTES ? [] : [`${logicalId} has up to ${bytes} bytes of environment`]),
        ...variables
          .filter(([name]) => RESERVED_VARIABLE.test(name))
          .map(([name]) => `${logicalId} sets ${name}, which is Lambda's`),
      ];
    }),

  keepsRolePoliciesSmall: (template) => {
    const policies = resourcesOf(template, 'AWS::IAM::Policy').flatMap((policy) =>
      referencesIn(propertyOf(policy, 'Roles')).map((role) => ({
        role,
        characters: longest(propertyOf(policy, 'PolicyDocument')),
      })),
    );
    return [...Map.groupBy(policies, ({ role }) => role)].flatMap(([role, ofRole]) => {
      const characters = ofRole.reduce((sum, policy) => sum + policy.characters, 0);
      return characters < MAX_ROLE_POLICY_CHARACTERS ? [] : [`${role} has up to ${characters} characters of policies`];
    });
  },

  allowsNoWildcardActions: (template) =>
    resourcesOf(template, 'AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy').flatMap(({ logicalId, ...policy }) =>
      ([propertyOf(policy, 'PolicyDocument.Statement')].flat() as { Action?: unknown; NotAction?: unknown }[])
        .filter(({ Action, NotAction }) => NotAction !== undefined || JSON.stringify(Action ?? '*').includes('*'))
        .map(({ Action }) => `${logicalId} allows ${JSON.stringify(Action)}`),
    ),

  keepsNamesShort: (template) =>
    Object.entries(PHYSICAL_NAMES).flatMap(([type, { property, longest: limit }]) =>
      resourcesOf(template, type)
        .filter((resource) => longest(propertyOf(resource, property) ?? '') > limit)
        .map(({ logicalId }) => `${logicalId} has a ${property} of more than ${limit} characters`),
    ),

  keepsDescriptionsShort: (template) =>
    functionsOf(template)
      .filter((resource) => String(propertyOf(resource, 'Description') ?? '').length > 256)
      .map(({ logicalId }) => `${logicalId} has a description of more than 256 characters`),

  generatesTableNames: (template) =>
    resourcesOf(template, ...TABLES).flatMap((table) => [
      ...(table.Type === 'AWS::DynamoDB::GlobalTable'
        ? []
        : [`${table.logicalId} is no GlobalTable: a later change replaces it`]),
      ...(propertyOf(table, 'TableName') === undefined
        ? []
        : [`${table.logicalId} has a fixed name: a change that replaces it cannot be deployed`]),
    ]),

  permitsTheStageOnce: (template) => {
    const permissions = resourcesOf(template, 'AWS::Lambda::Permission').filter(
      (permission) => propertyOf(permission, 'Principal') === 'apigateway.amazonaws.com',
    );
    const perTarget = Map.groupBy(permissions, (permission) => JSON.stringify(propertyOf(permission, 'FunctionName')));
    const broad = permissions.filter(
      (permission) =>
        !/\/(?!test-invoke-stage)[\w-]+\/\*\/\*"/.test(JSON.stringify(propertyOf(permission, 'SourceArn'))),
    );
    return [
      ...[...perTarget]
        .filter(([, all]) => all.length > 1)
        .map(([target, all]) => `${target} has ${all.length} permissions`),
      ...broad.map(({ logicalId }) => `${logicalId} does not name the stage, so the console's test button may invoke`),
    ];
  },

  callsFunctionsByTheirAlias: (template) => {
    const live = resourcesOf(template, 'AWS::Lambda::Alias').filter((alias) => propertyOf(alias, 'Name') === 'live');
    const aliases = new Set(live.map(({ logicalId }) => logicalId));
    const aliased = new Set(live.map((alias) => referenceOf(propertyOf(alias, 'FunctionName'))));
    const callers = [
      ...resourcesOf(template, 'AWS::ApiGateway::Method')
        .filter((method) => propertyOf(method, 'Integration.Type') === 'AWS_PROXY')
        .map((method) => ({ ...method, target: propertyOf(method, 'Integration.Uri') })),
      ...resourcesOf(template, 'AWS::Events::Rule').map((rule) => ({ ...rule, target: propertyOf(rule, 'Targets') })),
      ...resourcesOf(template, 'AWS::Lambda::Permission', 'AWS::Lambda::EventSourceMapping').map((resource) => ({
        ...resource,
        target: propertyOf(resource, 'FunctionName'),
      })),
    ];
    return [
      ...functionsOf(template)
        .filter(({ logicalId }) => !aliased.has(logicalId))
        .map(({ logicalId }) => `${logicalId} has no alias live`),
      ...callers
        .filter(({ target }) => !referencesIn(target).some((reference) => aliases.has(reference)))
        .map(({ logicalId }) => `${logicalId} does not go through an alias`),
    ];
  },

  reservesNoConcurrency: (template) =>
    functionsOf(template)
      .filter((resource) => propertyOf(resource, 'ReservedConcurrentExecutions') !== undefined)
      .map(({ logicalId }) => `${logicalId} reserves concurrency, of which a small account has none to spare`),

  answersBeforeTheGatewayGivesUp: (template) =>
    resourcesOf(template, 'AWS::ApiGateway::Method')
      .filter((method) => propertyOf(method, 'Integration.Type') === 'AWS_PROXY')
      .flatMap((method) => {
        const integrationMillis = Number(propertyOf(method, 'Integration.TimeoutInMillis') ?? MAX_INTEGRATION_MILLIS);
        const target = referencesIn(propertyOf(method, 'Integration.Uri'))
          .map((reference) => functionBehind(template, reference))
          .find((found) => found !== undefined);
        const functionMillis = target === undefined ? Number.NaN : timeoutSeconds(target) * 1000;
        return integrationMillis <= MAX_INTEGRATION_MILLIS && functionMillis < integrationMillis
          ? []
          : [`${method.logicalId} waits ${integrationMillis} ms for a function that takes up to ${functionMillis} ms`];
      }),

  ...eventSourceRules,
  ...watchingRules,
} as const satisfies Readonly<Record<string, AwsRule>>;

export type RuleName = keyof typeof rules;

export const awsRules: Readonly<Record<RuleName, AwsRule>> = rules;

/** The most characters that a value can have as JSON, whatever its references turn out to be. */
function longest(value: unknown): number {
  if (typeof value !== 'object' || value === null) return String(value).length;
  if ('Fn::Join' in value) return longest(value['Fn::Join']);
  if ('Ref' in value) return LONGEST_PSEUDO_PARAMETER[String(value.Ref)] ?? LONGEST_REFERENCE;
  const isReference = Object.keys(value).some((key) => key.startsWith('Fn::'));
  if (isReference) return LONGEST_REFERENCE;
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + longest(item) + 3, 2);
  return Object.entries(value).reduce((sum, [key, item]) => sum + key.length + longest(item) + 6, 2);
}
