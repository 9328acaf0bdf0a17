import type { EventSourceDefinition, QueueSourceDefinition, StreamSourceDefinition } from '../deployment.ts';
import { resolve, UnsupportedTemplateError } from '../intrinsic-functions.ts';
import { namesFunction } from '../names-function.ts';
import { accountId, region, type StackResource } from '../stack-scope.ts';
import { compileFilter, type EventFilter } from './event-filter.ts';

/** An event source mapping's properties as the template has them, resolved. The schema of CloudFormation fixes their types. */
interface MappingProperties {
  readonly FunctionName: string;
  readonly EventSourceArn: string;
  readonly BatchSize?: number | string;
  readonly MaximumBatchingWindowInSeconds?: number | string;
  readonly FilterCriteria?: { readonly Filters?: readonly { readonly Pattern: string }[] };
  readonly FunctionResponseTypes?: readonly string[];
  readonly StartingPosition?: string;
  readonly BisectBatchOnFunctionError?: boolean | string;
  readonly MaximumRetryAttempts?: number | string;
  readonly DestinationConfig?: { readonly OnFailure?: { readonly Destination?: string } };
  readonly ScalingConfig?: { readonly MaximumConcurrency?: number | string };
}

const common = ['FunctionName', 'EventSourceArn', 'BatchSize', 'MaximumBatchingWindowInSeconds'];
const played: Readonly<Record<EventSourceDefinition['kind'], ReadonlySet<string>>> = {
  stream: new Set([
    ...common,
    ...['FilterCriteria', 'FunctionResponseTypes', 'StartingPosition', 'BisectBatchOnFunctionError'],
    ...['MaximumRetryAttempts', 'DestinationConfig'],
  ]),
  queue: new Set([...common, 'FilterCriteria', 'FunctionResponseTypes', 'ScalingConfig']),
};
/** Says nothing of how a function is called. */
const irrelevant = new Set(['Enabled', 'Tags', 'MetricsConfig', 'KmsKeyArn']);
/** Values that ask for nothing beyond what is played. */
const neutral: Readonly<Record<string, unknown>> = {
  ParallelizationFactor: 1,
  MaximumRecordAgeInSeconds: -1,
  TumblingWindowInSeconds: 0,
};
/** Lambda's own. */
const defaultBatchSize = { stream: 100, queue: 10 } as const;

/**
 * Reads an `AWS::Lambda::EventSourceMapping`: nothing where it is switched off, or its function is not part of the application.
 * @throws {UnsupportedTemplateError} for a source or a setting that is not played here.
 */
export function readMapping(resource: StackResource): EventSourceDefinition[] {
  const { logicalId, stack } = resource;
  const properties = resolve(resource.properties, stack) as MappingProperties & Record<string, unknown>;
  if (String(properties.Enabled ?? true) === 'false') return [];
  const { FunctionName, EventSourceArn: sourceArn } = properties;
  if (!namesFunction(resource.properties.FunctionName, stack) || typeof sourceArn !== 'string') {
    throw new UnsupportedTemplateError(
      `${logicalId} names no function, or no source, that the embedded runtime plays.`,
    );
  }
  const service = sourceArn.split(':')[2];
  const kind = service === 'sqs' ? 'queue' : service === 'dynamodb' ? 'stream' : undefined;
  if (!kind) {
    throw new UnsupportedTemplateError(
      `${logicalId} would call a function, but the embedded runtime does not play a ${service} event source.`,
    );
  }
  for (const [name, value] of Object.entries(properties)) {
    if (!played[kind].has(name) && !irrelevant.has(name) && String(neutral[name]) !== String(value)) {
      throw new UnsupportedTemplateError(
        `${logicalId} has ${name}, which the embedded runtime does not play for a ${kind}.`,
      );
    }
  }
  // A function is named by its ARN, or by its name and alias.
  const functionArn = FunctionName.startsWith('arn:')
    ? FunctionName
    : `arn:aws:lambda:${region}:${accountId}:function:${FunctionName}`;
  const shared = {
    logicalId,
    sourceArn,
    functionArn,
    functionName: functionArn.split(':')[6] ?? '',
    batchSize: Number(properties.BatchSize ?? defaultBatchSize[kind]),
    batchWindowMs: Number(properties.MaximumBatchingWindowInSeconds ?? 0) * 1_000,
    reportsFailures: properties.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
    wants: anyOf(properties.FilterCriteria?.Filters ?? []),
  };
  return [kind === 'stream' ? streamSource(shared, properties) : queueSource(shared, properties)];
}

type Shared = Omit<QueueSourceDefinition, 'kind' | 'queueName' | 'maximumConcurrency'>;

function streamSource(shared: Shared, properties: MappingProperties): StreamSourceDefinition {
  const { logicalId, sourceArn } = shared;
  const { StartingPosition, DestinationConfig, MaximumRetryAttempts = -1, BisectBatchOnFunctionError } = properties;
  if (StartingPosition !== 'TRIM_HORIZON' && StartingPosition !== 'LATEST') {
    throw new UnsupportedTemplateError(`${logicalId} starts at ${StartingPosition}, not at TRIM_HORIZON or LATEST.`);
  }
  const destination = DestinationConfig?.OnFailure?.Destination;
  if (destination !== undefined && (!destination.includes(':sqs:') || destination.endsWith('.fifo'))) {
    throw new UnsupportedTemplateError(`${logicalId} sends failures to ${destination}, which is no standard queue.`);
  }
  return {
    ...shared,
    kind: 'stream',
    tableName: /:table\/([^/]+)\/stream\//.exec(sourceArn)?.[1] ?? '',
    startsAt: StartingPosition,
    bisects: String(BisectBatchOnFunctionError) === 'true',
    maximumRetries: Number(MaximumRetryAttempts) < 0 ? Number.POSITIVE_INFINITY : Number(MaximumRetryAttempts),
    ...(destination !== undefined && { onFailureQueue: nameIn(destination) }),
  };
}

function queueSource(shared: Shared, { ScalingConfig }: MappingProperties): QueueSourceDefinition {
  const { logicalId, sourceArn, batchSize, batchWindowMs } = shared;
  const isFifo = sourceArn.endsWith('.fifo');
  if (isFifo && (batchSize > 10 || batchWindowMs > 0)) {
    throw new UnsupportedTemplateError(`${logicalId}: a FIFO queue has no batching window, and batches of 10 at most.`);
  }
  if (batchSize > 10 && batchWindowMs === 0) {
    throw new UnsupportedTemplateError(`${logicalId}: batches of more than 10 messages need a batching window.`);
  }
  const maximumConcurrency = ScalingConfig?.MaximumConcurrency;
  return {
    ...shared,
    kind: 'queue',
    queueName: nameIn(sourceArn),
    ...(maximumConcurrency !== undefined && { maximumConcurrency: Number(maximumConcurrency) }),
  };
}

function anyOf(filters: readonly { readonly Pattern: string }[]): EventFilter {
  const tests = filters.map(({ Pattern }) => compileFilter(JSON.parse(Pattern)));
  return tests.length === 0 ? () => true : (event) => tests.some((matches) => matches(event));
}

function nameIn(arn: string): string {
  return arn.split(':').at(-1) ?? arn;
}
