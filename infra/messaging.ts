import { Duration, Validations } from 'aws-cdk-lib';
import { Alias } from 'aws-cdk-lib/aws-kms';
import { FifoThroughputScope, SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription, type SqsSubscriptionProps } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { balanceEventTypes } from './balance-event-types.ts';
import { type QueueName, queueNames } from './queue-list.ts';
import { eventsTopicNameOf, streamFailuresNameOf } from './queue-name.ts';
import { WorkQueue } from './work-queue.ts';

/**
 * What goes between functions: the queues, each with its dead letters, and the topic of published events with the queues that subscribe.
 *
 * It lies in the stack of the workers and goes with it, since nothing here is the only place of anything. A message says where to look,
 * and what is to be done is read from the tables: what waits in a line or for its delivery is found again by the sweeps, what the journal
 * has not taken up by its repair command, and dead letters are moved to the platform table within seconds. So each Region has its
 * own, and nothing of it is replicated.
 */
export class Messaging extends Construct {
  readonly queues: Readonly<Record<QueueName, WorkQueue>>;
  /** Batches of stream records that could not be dispatched: where in the stream they are, and why. */
  readonly streamFailures: Queue;
  readonly events: Topic;

  constructor(scope: Construct, id: string, { stage }: { readonly stage: string }) {
    super(scope, id);
    const made = queueNames.map((queue) => {
      return [queue, new WorkQueue(this, capitalised(queue), { stage, queue })] as const;
    });
    // The names of all queues went in, so all of them come out.
    this.queues = Object.fromEntries(made) as Record<QueueName, WorkQueue>;
    this.streamFailures = streamFailures(this, stage);
    this.events = new Topic(this, 'Events', {
      displayName: 'Florin events',
      topicName: eventsTopicNameOf(stage),
      fifo: true,
      fifoThroughputScope: FifoThroughputScope.MESSAGE_GROUP,
      enforceSSL: true,
      // The key that AWS manages for SNS serves the functions of the account. A queue that subscribes decrypts nothing with it: it has a key of its own.
      masterKey: Alias.fromAliasName(this, 'SnsKey', 'alias/aws/sns'),
    });
    this.#subscribe('webhookEvents');
    this.#subscribe('balanceEvents', {
      filterPolicy: { type: SubscriptionFilter.stringFilter({ allowlist: [...balanceEventTypes] }) },
    });
  }

  /** What the topic cannot put into the queue goes where the queue's own failures go. */
  #subscribe(name: QueueName, props: SqsSubscriptionProps = {}): void {
    const { queue, deadLetters } = this.queues[name];
    this.events.addSubscription(
      new SqsSubscription(queue, { ...props, rawMessageDelivery: true, deadLetterQueue: deadLetters }),
    );
  }
}

function streamFailures(scope: Construct, stage: string): Queue {
  const queue = new Queue(scope, 'StreamFailures', {
    queueName: streamFailuresNameOf(stage),
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
    visibilityTimeout: Duration.minutes(2),
  });
  Validations.of(queue).acknowledge({
    id: 'AwsSolutions::AwsSolutions-SQS3',
    reason: 'These are the dead letters of the stream; what cannot be kept of them stays here, under an alarm.',
  });
  return queue;
}

function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
