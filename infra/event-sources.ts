import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { EventSourceMapping, type EventSourceMappingOptions, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { grantExactly } from './grant-exactly.ts';
import type { LedgerFunction } from './ledger-function.ts';
import type { Messaging } from './messaging.ts';
import { queueNames } from './queue-list.ts';
import { streamFilters } from './stream-filters.ts';
import type { ScheduleWaking } from './workers.ts';

/** What a FIFO queue gives at once, and enough of a standard one to share the cost of a call. */
const MESSAGES_A_BATCH = 10;

/** Few: dead letters come seldom, and whoever has to do with them can wait. It is the least that Lambda takes. */
const DEAD_LETTER_CONCURRENCY = 2;

/**
 * Records a call. A batch becomes one wake-up for each account and tenant in it, so a large one saves most; nothing waits for it to
 * fill, since that would add to every transfer's time.
 */
const RECORDS_A_BATCH = 100;

/** After so many repetitions, in ever smaller parts, what still fails is told to the queue of failures, and the stream goes on. */
const STREAM_RETRIES = 5;

/** Wakes the function by the clock. A run that is missed is made up for by the next: an old event is of no use. */
export function wakeBySchedule(worker: LedgerFunction, name: string, { everyMinutes }: ScheduleWaking): void {
  const every = Duration.minutes(everyMinutes);
  new Rule(worker, 'Schedule', {
    description: `Wakes ${name}`,
    schedule: Schedule.rate(every),
    targets: [new LambdaTarget(worker.live, { retryAttempts: 0, maxEventAge: every })],
  });
}

/**
 * Wakes the function by a queue's messages. It may put off the return of a message that failed, and asks for the queue's URL to do so.
 * Concurrency is bounded here and not reserved with the function: what a function reserves, a small account's others lack, and a queue
 * whose function is throttled counts its messages as received.
 */
export function wakeByQueue(worker: LedgerFunction, queue: Queue, maximumConcurrency: number): void {
  mapQueue(worker, 'Messages', queue, maximumConcurrency);
  grantExactly(worker, ['sqs:ChangeMessageVisibility', 'sqs:GetQueueUrl'], queue.queueArn);
}

/** Wakes the function by the dead letters of every queue, and of the stream. */
export function wakeByDeadLetters(worker: LedgerFunction, { queues, streamFailures }: Messaging): void {
  for (const name of queueNames) {
    const id = `DeadLettersOf${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    mapQueue(worker, id, queues[name].deadLetters, DEAD_LETTER_CONCURRENCY);
  }
  mapQueue(worker, 'StreamFailures', streamFailures, DEAD_LETTER_CONCURRENCY);
}

/**
 * Wakes the function by the records of the ledger's stream. One batch of a shard is worked on at a time: more would make wake-ups of one account
 * that one batch makes into one, and a shard brings no more than a batch can hold. A record is offered as long as the stream has it
 * (24 hours), whatever its age, and a new mapping begins with the oldest.
 */
export function wakeByStream(worker: LedgerFunction, streamArn: string, failures: Queue): void {
  grantExactly(
    worker,
    ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
    streamArn,
  );
  grantExactly(worker, ['sqs:SendMessage'], failures.queueArn);
  map(worker, 'Stream', {
    eventSourceArn: streamArn,
    batchSize: RECORDS_A_BATCH,
    parallelizationFactor: 1,
    startingPosition: StartingPosition.TRIM_HORIZON,
    filters: streamFilters.map((pattern) => ({ pattern: JSON.stringify(pattern) })),
    bisectBatchOnError: true,
    retryAttempts: STREAM_RETRIES,
    // The class that the CDK has for this allows more than sending.
    onFailure: { bind: () => ({ destination: failures.queueArn }) },
  });
}

function mapQueue(worker: LedgerFunction, id: string, queue: Queue, maximumConcurrency: number): void {
  grantExactly(worker, ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'], queue.queueArn);
  map(worker, id, {
    eventSourceArn: queue.queueArn,
    batchSize: MESSAGES_A_BATCH,
    maxConcurrency: maximumConcurrency,
  });
}

/** Calls go through the alias, as all calls do, and the function names what failed, so that the rest is not done twice. */
function map(worker: LedgerFunction, id: string, options: EventSourceMappingOptions): void {
  new EventSourceMapping(worker, id, { target: worker.live, reportBatchItemFailures: true, ...options });
}
