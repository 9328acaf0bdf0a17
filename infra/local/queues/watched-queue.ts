import { randomUUID } from 'node:crypto';
import { SqsQueue, SqsStore } from '../../../node_modules/fauxqs/dist/sqs/sqsStore.js';
import type { ReceivedMessage, SqsMessage } from '../../../node_modules/fauxqs/dist/sqs/sqsTypes.js';
import { accountId } from '../stack-scope.ts';
import { traceOfMessage } from './trace-of-sender.ts';

/** The most that one call of SQS hands out. */
const maximumReceived = 10;
/** Where the sender's tracing header lies among a message's own attributes; SQS reserves names that begin like this. */
const traceAttribute = 'AWS.TraceHeader';

/** What one call takes out of a queue. */
interface Receiving {
  readonly visibilityMs: number;
  readonly maximum: number;
  /** Takes the message to the dead-letter queue if it was received too often; says whether it did. */
  readonly diverts: (message: SqsMessage) => boolean;
  readonly received: ReceivedMessage[];
}

/**
 * A queue of fauxqs that tells a listener in this process when there may be something to receive, so that nobody polls, and that
 * hands out messages of a FIFO group as SQS does: several in one call, in order, and none while others of the group are out.
 */
export class WatchedQueue extends SqsQueue {
  declare listener?: (() => void) | undefined;

  override enqueue(message: SqsMessage): void {
    const trace = traceOfMessage(message.body);
    const messageAttributes = {
      ...(trace !== undefined && { [traceAttribute]: { DataType: 'String', StringValue: trace } }),
      // A message on its way to the dead-letter queue keeps the header that it came with.
      ...message.messageAttributes,
    };
    super.enqueue(Object.assign(message, { messageAttributes }));
    this.listener?.();
  }

  /** Sends a message from within this process, to a standard queue. */
  send(body: string): void {
    this.enqueue(SqsStore.createMessage(body, {}, Number(this.attributes.DelaySeconds)));
  }

  override deleteMessage(receiptHandle: string): boolean {
    const wasThere = super.deleteMessage(receiptHandle);
    this.listener?.();
    return wasThere;
  }

  override changeVisibility(receiptHandle: string, timeoutSeconds: number): void {
    const groupId = this.inflightMessages.get(receiptHandle)?.message.messageGroupId;
    super.changeVisibility(receiptHandle, timeoutSeconds);
    if (timeoutSeconds === 0) this.restoreOrder(new Set([groupId]));
    this.listener?.();
  }

  /** fauxqs puts each message that returns at the front of its group, so that several would come back in reverse. */
  override processTimers(): void {
    const now = Date.now();
    const returning = new Set<string | undefined>();
    for (const { message, visibilityDeadline } of this.inflightMessages.values()) {
      if (visibilityDeadline <= now) returning.add(message.messageGroupId);
    }
    super.processTimers();
    this.restoreOrder(returning);
  }

  override dequeue(
    maximum: number,
    visibilitySeconds?: number,
    queueByArn?: (arn: string) => SqsQueue | undefined,
  ): ReceivedMessage[] {
    this.processTimers();
    const receiving: Receiving = {
      visibilityMs: (visibilitySeconds ?? Number(this.attributes.VisibilityTimeout)) * 1_000,
      maximum: Math.min(maximum, maximumReceived),
      diverts: this.redrive(queueByArn),
      received: [],
    };
    if (this.isFifo()) {
      this.takeFromGroups(receiving);
    } else {
      this.takeFrom(this.messages, receiving);
    }
    return receiving.received;
  }

  /** What SQS tells of a message beside its body, by the handle of whoever has received it. */
  systemAttributes(receiptHandle: string): Record<string, string> {
    const message = this.inflightMessages.get(receiptHandle)?.message;
    const attributes = {
      ApproximateReceiveCount: message?.approximateReceiveCount,
      AWSTraceHeader: message?.messageAttributes[traceAttribute]?.StringValue,
      SentTimestamp: message?.sentTimestamp,
      SequenceNumber: message?.sequenceNumber,
      MessageGroupId: message?.messageGroupId,
      SenderId: accountId,
      MessageDeduplicationId: message?.messageDeduplicationId,
      ApproximateFirstReceiveTimestamp: message?.approximateFirstReceiveTimestamp,
    };
    return Object.fromEntries(
      Object.entries(attributes).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
    );
  }

  /** Milliseconds since 1970 at which a message becomes visible by itself; undefined if none will. */
  nextVisibleAt(): number | undefined {
    const delayed = this.isFifo() ? [...this.fifoDelayed.values()].flat() : this.delayedMessages;
    let next = Number.POSITIVE_INFINITY;
    for (const { visibilityDeadline } of this.inflightMessages.values()) next = Math.min(next, visibilityDeadline);
    for (const { delayUntil } of delayed) next = Math.min(next, delayUntil ?? next);
    return Number.isFinite(next) ? next : undefined;
  }

  private takeFromGroups(receiving: Receiving): void {
    for (const [groupId, messages] of [...this.fifoMessages]) {
      if (receiving.received.length >= receiving.maximum) return;
      if (this.fifoLockedGroups.has(groupId)) continue;
      const taken = this.takeFrom(messages, receiving);
      if (taken > 0) this.fifoLockedGroups.set(groupId, taken);
      // What has more to give goes to the end, so that a long group does not keep the others waiting.
      this.fifoMessages.delete(groupId);
      if (messages.length > 0) this.fifoMessages.set(groupId, messages);
    }
  }

  private takeFrom(messages: SqsMessage[], receiving: Receiving): number {
    let taken = 0;
    while (receiving.received.length < receiving.maximum) {
      const message = messages.shift();
      if (message === undefined) break;
      message.approximateReceiveCount += 1;
      message.approximateFirstReceiveTimestamp ??= Date.now();
      if (!receiving.diverts(message)) {
        receiving.received.push(this.lend(message, receiving.visibilityMs));
        taken += 1;
      }
    }
    return taken;
  }

  private lend(message: SqsMessage, visibilityMs: number): ReceivedMessage {
    const receiptHandle = randomUUID();
    const visibilityDeadline = Date.now() + visibilityMs;
    this.inflightMessages.set(receiptHandle, { message, receiptHandle, visibilityDeadline });
    this.persistence?.updateMessageInflight(
      message.messageId,
      receiptHandle,
      visibilityDeadline,
      message.approximateReceiveCount,
      message.approximateFirstReceiveTimestamp,
    );
    const { [traceAttribute]: _, ...attributes } = message.messageAttributes;
    return {
      MessageId: message.messageId,
      ReceiptHandle: receiptHandle,
      MD5OfBody: message.md5OfBody,
      Body: message.body,
      ...(message.md5OfMessageAttributes && { MD5OfMessageAttributes: message.md5OfMessageAttributes }),
      ...(Object.keys(attributes).length > 0 && { MessageAttributes: attributes }),
    };
  }

  private redrive(queueByArn: ((arn: string) => SqsQueue | undefined) | undefined): Receiving['diverts'] {
    const policy = JSON.parse(this.attributes.RedrivePolicy || '{}');
    const deadLetters = policy.deadLetterTargetArn && queueByArn?.(policy.deadLetterTargetArn);
    if (!deadLetters) return () => false;
    return (message) => {
      const wasTriedEnough = message.approximateReceiveCount > Number(policy.maxReceiveCount);
      // The row is replaced by the one in the other queue, in one step, so that the message cannot get lost between the two.
      if (wasTriedEnough) deadLetters.enqueue(message);
      return wasTriedEnough;
    };
  }

  private restoreOrder(groups: ReadonlySet<string | undefined>): void {
    for (const groupId of groups) {
      // Sequence numbers have a fixed number of digits.
      const inOrder = (left: SqsMessage, right: SqsMessage): number =>
        (left.sequenceNumber ?? '') < (right.sequenceNumber ?? '') ? -1 : 1;
      if (groupId !== undefined) this.fifoMessages.get(groupId)?.sort(inOrder);
    }
  }
}

/** The queues of one emulator. */
export class WatchedQueues extends SqsStore {
  override createQueue(...parameters: Parameters<SqsStore['createQueue']>): WatchedQueue {
    const queue = super.createQueue(...parameters);
    // fauxqs names its own class here. The one above adds behaviour only, nothing that its constructor would have to make
    // (not even a #private method).
    return Object.setPrototypeOf(queue, WatchedQueue.prototype);
  }
}
