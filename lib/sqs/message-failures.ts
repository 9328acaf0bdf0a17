import { ChangeMessageVisibilityCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { maxReceives } from '../config/queues.ts';
import type { Instruments } from '../observability/index.ts';
import type { FailureNotes } from './failure-notes.ts';
import { causeOfMessage } from './message-attributes.ts';
import { retryDelaySeconds } from './retry-delay.ts';

/** How long hiding messages may take in all, in milliseconds: less than what a worker keeps back of its time. */
const hidingMs = 2_000;
/** How long one of the calls for that may take, in milliseconds. */
const callMs = 1_000;

/** Something is wrong with the message itself: another try would not change that. */
export class UnusableMessage extends Error {
  override readonly name = 'UnusableMessage';
}

export interface MessageFailuresOptions {
  /** The worker's name in the log. */
  readonly name: string;
  readonly instruments: Instruments;
  readonly notes: FailureNotes;
  /** From 0 to 1, for the pauses. */
  readonly random?: (() => number) | undefined;
}

/** What is done with messages that failed: told, noted on their last receive, and hidden for a while before that. */
export class MessageFailures {
  readonly #worker: MessageFailuresOptions;
  readonly #client = new SQSClient({
    maxAttempts: 2,
    useQueueUrlAsEndpoint: false,
    requestHandler: { connectionTimeout: callMs / 2, requestTimeout: callMs, throwOnRequestTimeout: true },
  });
  readonly #queueUrls = new Map<string, Promise<string>>();

  constructor(worker: MessageFailuresOptions) {
    this.#worker = worker;
  }

  /** Never rejects: a message that could not be hidden comes again after the queue's own time. */
  async tell(record: SQSRecord, thrown: unknown): Promise<void> {
    const { name, instruments, notes, random = Math.random } = this.#worker;
    const error = errorOf(thrown);
    const attempts = Number(record.attributes.ApproximateReceiveCount);
    const { correlationId } = causeOfMessage(record);
    instruments.logger.warn(`${name}: a message failed`, {
      messageId: record.messageId,
      attempts,
      ...(correlationId !== undefined && { correlationId }),
      error,
    });
    try {
      if (attempts >= maxReceives) {
        await notes.note({
          messageId: record.messageId,
          queueArn: record.eventSourceARN,
          errorClass: error.name,
          errorMessage: error.message,
          attempts,
          firstReceivedAt: Number(record.attributes.ApproximateFirstReceiveTimestamp),
          failedAt: Date.now(),
        });
      }
    } catch (cause) {
      instruments.logger.error(`${name}: what was wrong with a message could not be noted`, { error: cause as Error });
    }
    // What is wrong with the message itself will not get better by waiting, nor does its last receive lead to another.
    const isFinal = error instanceof UnusableMessage || attempts >= maxReceives;
    await this.hide([record], isFinal ? 0 : retryDelaySeconds(attempts, random()));
  }

  /** Never rejects, and ends in time. */
  async hide(records: readonly SQSRecord[], seconds: number): Promise<void> {
    const { name, instruments } = this.#worker;
    const abortSignal = AbortSignal.timeout(hidingMs);
    await Promise.all(
      records.map(async ({ eventSourceARN, receiptHandle }) => {
        try {
          await this.#client.send(
            new ChangeMessageVisibilityCommand({
              QueueUrl: await this.#queueUrl(eventSourceARN, abortSignal),
              ReceiptHandle: receiptHandle,
              VisibilityTimeout: seconds,
            }),
            { abortSignal },
          );
        } catch (error) {
          instruments.logger.warn(`${name}: a message could not be hidden`, { error: error as Error });
        }
      }),
    );
  }

  #queueUrl(arn: string, abortSignal: AbortSignal): Promise<string> {
    const known = this.#queueUrls.get(arn);
    if (known) return known;
    const [, , , , account, name] = arn.split(':');
    const asked = this.#client
      .send(new GetQueueUrlCommand({ QueueName: name, QueueOwnerAWSAccountId: account }), { abortSignal })
      .then(({ QueueUrl = '' }) => QueueUrl);
    this.#queueUrls.set(arn, asked);
    asked.catch(() => this.#queueUrls.delete(arn));
    return asked;
  }
}

/** What was thrown, if that is an error. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('something that is no Error was thrown', { cause: thrown });
}
