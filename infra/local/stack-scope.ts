import type { SynthesisedStack, TemplateResource } from './cloud-assembly.ts';
import {
  evaluateCondition,
  noValue,
  type ResolutionScope,
  resolve,
  UnsupportedTemplateError,
} from './intrinsic-functions.ts';

/** The region and account that everything embedded pretends to live in; the emulators use the same. */
export const region = 'us-east-1';
export const accountId = '000000000000';

/** A resource that exists (its condition holds), with what is needed to resolve its properties. */
export interface StackResource {
  readonly stack: StackScope;
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** The name that AWS would give it: the explicit one, else one made of stack and logical id, so it is stable. */
  readonly physicalName: string;
}

/** What the stacks of one application share: parameters, exports, and where queues are served. */
export interface ApplicationContext {
  readonly parameters: Readonly<Record<string, string>>;
  /** The URL of the queue with this name. */
  readonly queueUrl: (name: string) => string;
}

/** Resolves the values of one stack as CloudFormation would after deploying it. */
export class StackScope implements ResolutionScope {
  readonly resources = new Map<string, StackResource>();
  readonly #stack: SynthesisedStack;
  readonly #siblings: readonly StackScope[];
  readonly #context: ApplicationContext;

  constructor(stack: SynthesisedStack, siblings: readonly StackScope[], context: ApplicationContext) {
    this.#stack = stack;
    this.#siblings = siblings;
    this.#context = context;
    for (const [logicalId, resource] of Object.entries(stack.template.Resources ?? {})) {
      if (!resource.Condition || this.condition(resource.Condition)) {
        this.resources.set(logicalId, this.#describe(logicalId, resource));
      }
    }
  }

  get assetPaths(): ReadonlyMap<string, string> {
    return this.#stack.assetPaths;
  }

  reference(logicalId: string): unknown {
    const resource = this.resources.get(logicalId);
    if (resource) {
      return this.#referenceOf(resource);
    }
    return logicalId.startsWith('AWS::') ? this.#pseudoParameter(logicalId) : this.#parameter(logicalId);
  }

  attribute(logicalId: string, attribute: string): unknown {
    const resource = this.resources.get(logicalId);
    if (!resource) {
      throw new UnsupportedTemplateError(`${this.#stack.name} has no resource ${logicalId}.`);
    }
    if (attribute === 'Arn' || (attribute === 'TopicArn' && resource.type === 'AWS::SNS::Topic')) {
      return arnOf(resource);
    }
    if (resource.type === 'AWS::SQS::Queue' && (attribute === 'QueueName' || attribute === 'QueueUrl')) {
      return attribute === 'QueueName' ? resource.physicalName : this.#context.queueUrl(resource.physicalName);
    }
    if (attribute === 'StreamArn' && isTable(resource)) {
      return streamArn(resource.physicalName);
    }
    if (resource.type === 'AWS::SSM::Parameter' && attribute === 'Value') {
      return resolve(resource.properties.Value, this);
    }
    throw new UnsupportedTemplateError(`The embedded runtime does not know ${attribute} of a ${resource.type}.`);
  }

  importedValue(name: string): unknown {
    for (const stack of this.#siblings) {
      for (const output of Object.values(stack.#stack.template.Outputs ?? {})) {
        if (output.Export && resolve(output.Export.Name, stack) === name) {
          return resolve(output.Value, stack);
        }
      }
    }
    throw new UnsupportedTemplateError(`No stack exports ${name}.`);
  }

  condition(name: string): boolean {
    return evaluateCondition(this.#stack.template.Conditions?.[name], this);
  }

  mapping(map: string, first: string, second: string): unknown {
    return this.#stack.template.Mappings?.[map]?.[first]?.[second];
  }

  #describe(logicalId: string, resource: TemplateResource): StackResource {
    const properties = resource.Properties ?? {};
    const explicit = explicitNames[resource.Type];
    const given = explicit ? resolve(properties[explicit] ?? noValue, this) : noValue;
    const suffix = properties.FifoQueue === true || properties.FifoTopic === true ? '.fifo' : '';
    // 64 characters is the shortest limit among the kinds of resource that are played here (function names).
    const generated = `${this.#stack.name}-${logicalId}`.slice(0, 64 - suffix.length) + suffix;
    return {
      stack: this,
      logicalId,
      type: resource.Type,
      properties,
      physicalName: typeof given === 'string' ? given : generated,
    };
  }

  #referenceOf(resource: StackResource): unknown {
    switch (resource.type) {
      case 'AWS::SQS::Queue':
        return this.#context.queueUrl(resource.physicalName);
      case 'AWS::SNS::Topic':
      case 'AWS::Lambda::Alias':
      case 'AWS::Lambda::Version':
        return arnOf(resource);
      case 'AWS::ApiGateway::RestApi':
        return resource.logicalId;
      default:
        if (!(resource.type in explicitNames)) {
          // Only what functions and routes are made of is ever resolved, so one of them needs it.
          throw new UnsupportedTemplateError(
            `The template refers to ${resource.logicalId}, but the embedded runtime does not play a ${resource.type}.`,
          );
        }
        return resource.physicalName;
    }
  }

  #parameter(name: string): unknown {
    const declared = this.#stack.template.Parameters?.[name];
    const value = this.#context.parameters[name] ?? declared?.Default;
    if (!declared || value === undefined) {
      throw new UnsupportedTemplateError(`${this.#stack.name} needs a value for its parameter ${name}.`);
    }
    return value;
  }

  #pseudoParameter(name: string): unknown {
    const values: Readonly<Record<string, unknown>> = {
      'AWS::Region': region,
      'AWS::AccountId': accountId,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': this.#stack.name,
      'AWS::StackId': `arn:aws:cloudformation:${region}:${accountId}:stack/${this.#stack.name}/embedded`,
      'AWS::NoValue': noValue,
    };
    if (!(name in values)) {
      throw new UnsupportedTemplateError(`The template uses ${name}, which the embedded runtime does not know.`);
    }
    return values[name];
  }
}

/** The property that holds the explicit name, which is what a reference to it gives, by type. */
const explicitNames: Readonly<Record<string, string>> = {
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::SSM::Parameter': 'Name',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::ApiGateway::Stage': 'StageName',
};

function isTable({ type }: StackResource): boolean {
  return type === 'AWS::DynamoDB::Table' || type === 'AWS::DynamoDB::GlobalTable';
}

/** DynamoDB labels a stream with the time at which it was switched on; nothing here depends on which that was. */
function streamArn(tableName: string): string {
  return `arn:aws:dynamodb:${region}:${accountId}:table/${tableName}/stream/2020-01-01T00:00:00.000`;
}

function arnOf(resource: StackResource): string {
  const name = resource.physicalName;
  switch (resource.type) {
    case 'AWS::DynamoDB::Table':
    case 'AWS::DynamoDB::GlobalTable':
      return `arn:aws:dynamodb:${region}:${accountId}:table/${name}`;
    case 'AWS::Lambda::Function':
      return `arn:aws:lambda:${region}:${accountId}:function:${name}`;
    case 'AWS::Lambda::Alias':
    case 'AWS::Lambda::Version':
      return qualifiedArn(resource);
    case 'AWS::SQS::Queue':
      return `arn:aws:sqs:${region}:${accountId}:${name}`;
    case 'AWS::SNS::Topic':
      return `arn:aws:sns:${region}:${accountId}:${name}`;
    case 'AWS::KMS::Key':
      return `arn:aws:kms:${region}:${accountId}:key/${name}`;
    case 'AWS::Logs::LogGroup':
      return `arn:aws:logs:${region}:${accountId}:log-group:${name}:*`;
    case 'AWS::Events::Rule':
      return `arn:aws:events:${region}:${accountId}:rule/${name}`;
    case 'AWS::IAM::Role':
      return `arn:aws:iam::${accountId}:role/${name}`;
    default:
      throw new UnsupportedTemplateError(`The embedded runtime does not know the ARN of a ${resource.type}.`);
  }
}

function qualifiedArn(resource: StackResource): string {
  const target = String(resolve(resource.properties.FunctionName, resource.stack));
  const base = target.startsWith('arn:') ? target : `arn:aws:lambda:${region}:${accountId}:function:${target}`;
  const qualifier = resource.type === 'AWS::Lambda::Alias' ? String(resource.properties.Name) : '1';
  return `${base}:${qualifier}`;
}
