import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import {
  DeduplicationScope,
  FifoThroughputLimit,
  Queue,
  QueueEncryption,
  type QueueProps,
  RedrivePermission,
} from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { maxReceives } from '../lib/config/queues.ts';
import { type QueueEntry, type QueueName, queueList } from './queue-list.ts';
import { deadLettersNameOf, queueNameOf } from './queue-name.ts';

/**
 * How many times the time-out of its function a message stays hidden while it is worked on. AWS advises six: Lambda may
 * take some time to find an instance for a batch that it has received already, and a message that comes back meanwhile is worked on
 * twice and counts as a failure. More would let a group wait longer for the message of a worker that died.
 * Source: Lambda Developer Guide, "Using Lambda with Amazon SQS", configuring a queue.
 */
const VISIBILITY_PER_TIMEOUT = 6;

/** The longest there is. What lies so long has an alarm on it from its first minutes. */
const RETENTION = Duration.days(14);

/** In a standard queue of dead letters the time counts from when a message was sent first, so its queue has to let go earlier. */
const STANDARD_RETENTION = Duration.days(4);

export interface WorkQueueProps {
  /** The name of the stage. */
  readonly stage: string;
  readonly queue: QueueName;
}

/**
 * A queue with its dead letters: encrypted, over TLS only. A message that was received five times without success goes to the dead
 * letters, a FIFO queue's to a FIFO queue, and nothing else of the account may put its own there.
 */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { stage, queue }: WorkQueueProps) {
    super(scope, id);
    const entry: QueueEntry = queueList[queue];
    const traits = entry.kind === 'fifo' ? fifo : encrypted;
    // Its name is known, so that the dead letters can say whose they are without a circle of references.
    const queueName = queueNameOf(stage, queue);
    const visibilityTimeout = Duration.seconds(VISIBILITY_PER_TIMEOUT * entry.workSeconds);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...traits,
      queueName: deadLettersNameOf(stage, queue),
      retentionPeriod: RETENTION,
      visibilityTimeout,
      redriveAllowPolicy: {
        redrivePermission: RedrivePermission.BY_QUEUE,
        sourceQueues: [Queue.fromQueueArn(this, 'Source', arnOf(this, queueName))],
      },
    });
    this.queue = new Queue(this, 'Queue', {
      ...traits,
      queueName,
      retentionPeriod: entry.kind === 'fifo' ? RETENTION : STANDARD_RETENTION,
      visibilityTimeout,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: maxReceives },
    });
  }
}

const encrypted = { encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true } as const satisfies QueueProps;

/** High throughput: duplicates are looked for within a group, and each group has a limit of its own. */
const fifo = {
  ...encrypted,
  fifo: true,
  deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
  fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
} as const satisfies QueueProps;

function arnOf(scope: Construct, queueName: string): string {
  return Stack.of(scope).formatArn({ service: 'sqs', resource: queueName, arnFormat: ArnFormat.NO_RESOURCE_NAME });
}
