import { ArnFormat, Aws, Stack } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { grantExactly } from './grant-exactly.ts';
import type { QueueName } from './queue-list.ts';
import { eventsTopicNameOf, queueNameOf } from './queue-name.ts';

/**
 * Where functions send what goes between them, in the Region of the stack that asks. The queues and the topic are the work stack's; their names are
 * given, so their addresses are formed here and no stack exports them. An export would tie the stacks together: while the API used a queue's,
 * the queue could neither be replaced nor taken away, and each stack would wait for the other.
 */
export class MessageAddresses {
  readonly #stack: Stack;
  readonly #stage: string;

  constructor(scope: Construct, stage: string) {
    this.#stack = Stack.of(scope);
    this.#stage = stage;
  }

  /** The queue's URL. A client takes from it which queue is meant; where SQS answers, its endpoint says. */
  urlOf(queue: QueueName): string {
    return `https://sqs.${this.#stack.region}.${Aws.URL_SUFFIX}/${this.#stack.account}/${queueNameOf(this.#stage, queue)}`;
  }

  /** Allows sending to the queue, one by one or in batches. */
  grantSend(grantee: IGrantable, queue: QueueName): void {
    grantExactly(grantee, ['sqs:SendMessage'], this.#arn('sqs', queueNameOf(this.#stage, queue)));
  }

  /** The ARN of the topic of events. */
  get eventsTopicArn(): string {
    return this.#arn('sns', eventsTopicNameOf(this.#stage));
  }

  /** Allows publishing events, one by one or in batches. */
  grantPublish(grantee: IGrantable): void {
    grantExactly(grantee, ['sns:Publish'], this.eventsTopicArn);
  }

  #arn(service: 'sqs' | 'sns', resource: string): string {
    return this.#stack.formatArn({ service, resource, arnFormat: ArnFormat.NO_RESOURCE_NAME });
  }
}
