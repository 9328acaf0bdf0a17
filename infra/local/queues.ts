import type { QueueDefinition, TopicDefinition } from './deployment.ts';
import type { QueueEmulator } from './queues/queue-emulator.ts';

/** A message as whoever received it sees it. */
export interface QueuedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly md5OfBody: string;
  /** As SQS names them: `SentTimestamp`, `ApproximateReceiveCount`, `MessageGroupId` and so on. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<
    Record<string, { readonly DataType: string; readonly StringValue?: string; readonly BinaryValue?: string }>
  >;
}

/** How many messages a queue holds. */
export interface QueueDepth {
  readonly visible: number;
  /** Received by somebody who has neither deleted nor given them back yet. */
  readonly inFlight: number;
  readonly delayed: number;
}

/** One queue, without the way through HTTP. */
export interface LocalQueue {
  /** Receives up to so many messages, at most 10, without waiting. */
  receive(maximum: number): QueuedMessage[];
  delete(messages: readonly QueuedMessage[]): void;
  /** Makes messages visible at once that were received. */
  giveBack(messages: readonly QueuedMessage[]): void;
  send(body: string): void;
  /** Milliseconds since 1970 at which a message becomes visible by itself; undefined if none will. */
  nextVisibleAt(): number | undefined;
  /** Calls the listener, the only one, whenever there may be something new to receive. */
  listen(listener: () => void): void;
  readonly depth: QueueDepth;
}

/** The embedded SQS and SNS. */
export interface QueueService {
  readonly endpoint: string;
  queueUrl(name: string): string;
  /** Creates what is not there; what is there keeps its messages and gets the attributes given here. */
  create(queues: readonly QueueDefinition[], topics: readonly TopicDefinition[]): void;
  /** @throws if there is no such queue. */
  queue(name: string): LocalQueue;
  stop(): Promise<void>;
}

/**
 * Starts SQS and SNS in this process, on a free port that only this machine reaches. What the queues hold lies in the given folder
 * and survives a restart and a kill; a message that somebody had received when the process ended is visible again.
 */
export async function startQueues(folder: string): Promise<QueueService> {
  // Loaded only when the template names queues or topics: it brings a web framework with it.
  const { startQueueEmulator } = await import('./queues/queue-emulator.ts');
  const emulator = await startQueueEmulator(folder);
  return { ...emulator, queue: (name) => localQueue(emulator, name) };
}

function localQueue(emulator: QueueEmulator, name: string): LocalQueue {
  const queue = emulator.queue(name);
  const count = (attribute: Parameters<typeof queue.getAttribute>[0]): number => Number(queue.getAttribute(attribute));
  return {
    receive: (maximum) =>
      queue.dequeue(maximum, undefined, emulator.queueByArn).map((received) => ({
        messageId: received.MessageId,
        receiptHandle: received.ReceiptHandle,
        body: received.Body,
        md5OfBody: received.MD5OfBody,
        attributes: queue.systemAttributes(received.ReceiptHandle),
        messageAttributes: received.MessageAttributes ?? {},
      })),
    delete(messages) {
      for (const { receiptHandle } of messages) queue.deleteMessage(receiptHandle);
    },
    giveBack(messages) {
      for (const { receiptHandle } of messages) queue.changeVisibility(receiptHandle, 0);
    },
    send: (body) => queue.send(body),
    nextVisibleAt: () => queue.nextVisibleAt(),
    listen(listener) {
      queue.listener = listener;
    },
    get depth() {
      queue.processTimers();
      return {
        visible: count('ApproximateNumberOfMessages'),
        inFlight: count('ApproximateNumberOfMessagesNotVisible'),
        delayed: count('ApproximateNumberOfMessagesDelayed'),
      };
    },
  };
}
