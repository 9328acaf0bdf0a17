import { SendMessageBatchCommand, type SendMessageBatchRequestEntry, SQSClient } from '@aws-sdk/client-sqs';
import type { Cause } from '../dynamodb/index.ts';
import { messageAttributesOf } from './message-attributes.ts';

/** What SQS takes in one call. */
const maxEntries = 10;

const connectionTimeoutMs = 500;

/** For workers: nobody waits for them, and what they could not send they try again. */
const defaults = { timeoutMs: 1_000, maxAttempts: 3 } as const;

/** A message to be sent: a text, or what is sent as JSON. */
export interface OutgoingMessage {
  readonly body: unknown;
  /** Of a FIFO queue: what is of one group is delivered in order, to one receiver at a time. */
  readonly group?: string;
  /** Of a FIFO queue: a message with the id of one sent in the last five minutes is dropped. */
  readonly deduplicationId?: string;
  /** Of a standard queue: how long it stays hidden, at most 900 s. */
  readonly delaySeconds?: number;
  readonly cause?: Cause;
}

export interface QueueSenderOptions {
  readonly queueUrl: string;
  /** How long one call may take, in milliseconds; by default a second. */
  readonly timeoutMs?: number;
  /** Calls for one batch at the most; by default three. */
  readonly maxAttempts?: number;
  /** Another endpoint than the SDK's own variable names. */
  readonly endpoint?: string;
}

/** A queue did not take all messages; those that it named it took. */
export class NotEnqueued extends Error {
  override readonly name = 'NotEnqueued';
}

/** Sends messages to one queue, ten in a call, each call bounded in time and number of attempts. */
export class QueueSender {
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(options: QueueSenderOptions) {
    const { queueUrl, timeoutMs, maxAttempts, endpoint } = { ...defaults, ...options };
    this.#queueUrl = queueUrl;
    this.#client = new SQSClient({
      ...(endpoint !== undefined && { endpoint }),
      // The endpoint says where the service is; the URL may name a host that only others can reach.
      useQueueUrlAsEndpoint: false,
      maxAttempts,
      requestHandler: {
        connectionTimeout: Math.min(connectionTimeoutMs, timeoutMs),
        requestTimeout: timeoutMs,
        throwOnRequestTimeout: true,
      },
    });
    this.#client.middlewareStack.remove('loggerMiddleware');
  }

  /**
   * Resolves when the queue has taken all messages. When it rejects, it may have taken some; they are wake-ups, so
   * whoever needs them sends all again.
   *
   * @throws NotEnqueued, or whatever the SDK throws
   */
  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    for (let from = 0; from < messages.length; from += maxEntries) {
      const Entries = messages.slice(from, from + maxEntries).map(entryOf);
      const { Failed = [] } = await this.#client.send(
        new SendMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries }),
      );
      const [first] = Failed;
      if (first) throw new NotEnqueued(`${Failed.length} of ${Entries.length} messages were refused: ${first.Code}`);
    }
  }
}

function entryOf(message: OutgoingMessage, index: number): SendMessageBatchRequestEntry {
  const { body, group, deduplicationId, delaySeconds, cause = {} } = message;
  return {
    Id: String(index),
    MessageBody: typeof body === 'string' ? body : JSON.stringify(body),
    ...(group !== undefined && { MessageGroupId: group }),
    ...(deduplicationId !== undefined && { MessageDeduplicationId: deduplicationId }),
    ...(delaySeconds !== undefined && { DelaySeconds: delaySeconds }),
    ...messageAttributesOf(cause),
  };
}
