import type { AwsRule } from './aws-rules.ts';
import {
  type CloudFormationTemplate,
  type NamedResource,
  propertyOf,
  referenceOf,
  referencesIn,
  resourcesOf,
} from './cloudformation-template.ts';
import { functionBehind, timeoutSeconds } from './template-functions.ts';

const MAX_DELAY_SECONDS = 900;
const STREAM_RETRIES = 5;
/** What AWS advises: Lambda may hold a message for some time before its function gets it. */
const VISIBILITY_PER_TIMEOUT = 6;
const TABLES = ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable'];

/** The rules for queues, streams and what they invoke. */
export const eventSourceRules = {
  delaysWithinLimits: (template) =>
    resourcesOf(template, 'AWS::SQS::Queue')
      .filter((queue) => Number(propertyOf(queue, 'DelaySeconds') ?? 0) > MAX_DELAY_SECONDS)
      .map(({ logicalId }) => `${logicalId} delays by more than ${MAX_DELAY_SECONDS} s`),

  redrivesToItsOwnKind: (template) =>
    resourcesOf(template, 'AWS::SQS::Queue').flatMap((queue) => {
      const deadLetters = referenceOf(propertyOf(queue, 'RedrivePolicy.deadLetterTargetArn'));
      const target = deadLetters === undefined ? undefined : template.Resources[deadLetters];
      if (target === undefined) return [];
      return propertyOf(queue, 'FifoQueue') === propertyOf(target, 'FifoQueue')
        ? []
        : [`${queue.logicalId} and its dead-letter queue ${deadLetters} are not both FIFO`];
    }),

  boundsQueueMappings: (template) =>
    mappingsFrom(template, 'AWS::SQS::Queue').flatMap(({ mapping, source }) => {
      // The CDK takes the name of an alias out of its ARN.
      const [called] = referencesIn(propertyOf(mapping, 'FunctionName'));
      const target = functionBehind(template, called);
      const concurrency = Number(propertyOf(mapping, 'ScalingConfig.MaximumConcurrency'));
      const visibilitySeconds = Number(propertyOf(source, 'VisibilityTimeout') ?? 30);
      return [
        ...(concurrency >= 2 && concurrency <= 1000
          ? []
          : [`${mapping.logicalId} has no maximum concurrency of 2 to 1000`]),
        ...(reportsItemFailures(mapping) ? [] : [`${mapping.logicalId} does not report which messages failed`]),
        ...(target !== undefined && visibilitySeconds >= VISIBILITY_PER_TIMEOUT * timeoutSeconds(target)
          ? []
          : [`${source.logicalId} shows a message again while ${mapping.logicalId} may still work on it`]),
        ...(propertyOf(source, 'RedrivePolicy') !== undefined || holdsDeadLetters(template, source.logicalId)
          ? []
          : [`${source.logicalId} has no dead-letter queue`]),
        ...(propertyOf(source, 'FifoQueue') === true && Number(propertyOf(mapping, 'BatchSize') ?? 10) > 10
          ? [`${mapping.logicalId} takes more than the 10 messages that a FIFO queue gives`]
          : []),
      ];
    }),

  guardsStreamMappings: (template, watch = template) =>
    mappingsFrom(template, ...TABLES).flatMap(({ mapping }) => {
      const filters = JSON.stringify(propertyOf(mapping, 'FilterCriteria.Filters') ?? []);
      const alarmed = resourcesOf(watch, 'AWS::CloudWatch::Alarm').some((alarm) =>
        JSON.stringify(alarm.Properties).includes('IteratorAge'),
      );
      return [
        // Expiry deletes, and a deletion is nobody's wake-up.
        ...(filters.includes('INSERT') && filters.includes('MODIFY') && !filters.includes('REMOVE')
          ? []
          : [`${mapping.logicalId} does not filter for INSERT and MODIFY`]),
        ...(reportsItemFailures(mapping) ? [] : [`${mapping.logicalId} does not report which records failed`]),
        ...(propertyOf(mapping, 'BisectBatchOnFunctionError') === true ? [] : [`${mapping.logicalId} does not bisect`]),
        ...(propertyOf(mapping, 'MaximumRetryAttempts') === STREAM_RETRIES
          ? []
          : [`${mapping.logicalId} does not stop after ${STREAM_RETRIES} retries`]),
        ...(propertyOf(mapping, 'DestinationConfig.OnFailure.Destination') === undefined
          ? [`${mapping.logicalId} loses what fails`]
          : []),
        ...(alarmed ? [] : [`no alarm watches the iterator age of ${mapping.logicalId}`]),
      ];
    }),
} as const satisfies Readonly<Record<string, AwsRule>>;

/** Whether the queue is where others' failures go; what cannot be kept of these stays there. */
function holdsDeadLetters(template: CloudFormationTemplate, logicalId: string): boolean {
  const named = [
    ...resourcesOf(template, 'AWS::SQS::Queue').map((queue) => propertyOf(queue, 'RedrivePolicy.deadLetterTargetArn')),
    ...resourcesOf(template, 'AWS::Lambda::EventSourceMapping').map((mapping) =>
      propertyOf(mapping, 'DestinationConfig.OnFailure.Destination'),
    ),
  ];
  return named.some((arn) => referenceOf(arn) === logicalId);
}

function reportsItemFailures(mapping: NamedResource): boolean {
  return JSON.stringify(propertyOf(mapping, 'FunctionResponseTypes') ?? []).includes('ReportBatchItemFailures');
}

interface Mapping {
  readonly mapping: NamedResource;
  readonly source: NamedResource;
}

/**
 * The event source mappings from resources of these types. A source in another stack (its ARN is an import) is told by the ARN's name,
 * which holds the attribute: queues give `Arn`, tables `StreamArn`.
 */
function mappingsFrom(template: CloudFormationTemplate, ...types: readonly string[]): Mapping[] {
  const streams = types.some((type) => TABLES.includes(type));
  return resourcesOf(template, 'AWS::Lambda::EventSourceMapping').flatMap((mapping) => {
    const arn = propertyOf(mapping, 'EventSourceArn');
    const logicalId = referenceOf(arn);
    const source = logicalId === undefined ? undefined : template.Resources[logicalId];
    if (logicalId !== undefined && source !== undefined) {
      return types.includes(source.Type) ? [{ mapping, source: { logicalId, ...source } }] : [];
    }
    const imported = JSON.stringify(arn);
    return imported.includes('StreamArn') === streams
      ? [{ mapping, source: { logicalId: imported, Type: types[0] ?? '' } }]
      : [];
  });
}
