import type { Context, SQSRecord } from 'aws-lambda';
import type * as z from 'zod';
import type { Cause } from '../dynamodb/index.ts';
import type { Measured } from '../observability/index.ts';
import { type MetricId, metrics } from '../observability/metric-names.ts';
import { causeOfMessage } from './message-attributes.ts';
import { UnusableMessage } from './message-failures.ts';

/** What is kept back of the function's time, to say which messages failed. */
const marginMs = 3_000;

/** A message that was received, parsed. */
export interface Received<Body> {
  readonly body: Body;
  /** The request that it comes from, as far as is known. */
  readonly cause: Cause;
  /** As Lambda has it. */
  readonly record: SQSRecord;
}

/** What a worker may know of the batch it works on. */
export interface BatchWork {
  /** Milliseconds in which it must be done, so that what it did can still be told. */
  remainingTimeInMillis(): number;
  /** Adds numbers to the batch's line in the log; counts of all its messages are summed up, of times the longest stays. */
  measure(measured: Measured): void;
}

/** What a worker does with messages. */
export interface QueueWork<Schema extends z.ZodType> {
  /** What a message's body is, as JSON. */
  readonly message: Schema;
  /**
   * Works on messages of one group (of a standard queue on a single message), oldest first. If it throws, the messages come
   * again; when there are several it is first called with each by itself, so that one fails alone. What it does for a
   * message that comes again must have its effect once.
   */
  handle(messages: readonly Received<z.output<Schema>>[], work: BatchWork): Promise<void>;
}

/** One batch: its messages by group, and the one call of the worker that each group gets. */
export class MessageBatch<Schema extends z.ZodType> implements BatchWork {
  readonly #worker: QueueWork<Schema>;
  readonly #context: Context;
  readonly #outcomes = new Map<string, Promise<void>>();
  #measured: Measured = {};

  constructor(worker: QueueWork<Schema>, context: Context) {
    this.#worker = worker;
    this.#context = context;
  }

  get measured(): Measured {
    return this.#measured;
  }

  remainingTimeInMillis(): number {
    return Math.max(0, this.#context.getRemainingTimeInMillis() - marginMs);
  }

  measure(measured: Measured): void {
    const sums: Partial<Record<MetricId, number>> = { ...this.#measured };
    for (const [id, value] of Object.entries(measured) as [MetricId, number | undefined][]) {
      if (value === undefined) continue;
      const before = sums[id];
      if (before === undefined) sums[id] = value;
      else sums[id] = metrics[id].unit === 'Count' ? before + value : Math.max(before, value);
    }
    this.#measured = sums;
  }

  /** Begins the work on all groups, side by side. */
  begin(records: readonly SQSRecord[]): void {
    const groups = Map.groupBy(records, ({ attributes, messageId }) => attributes.MessageGroupId ?? messageId);
    for (const group of groups.values()) this.#begin(group);
  }

  /** Resolves when the message is done with. @throws what kept it from that */
  outcome({ messageId }: SQSRecord): Promise<void> {
    return this.#outcomes.get(messageId) ?? Promise.reject(new UnusableMessage('the message is of no group'));
  }

  #begin(records: readonly SQSRecord[]): void {
    const received: Received<z.output<Schema>>[] = [];
    for (const record of records) {
      const parsed = this.#parse(record);
      if (parsed instanceof Error) this.#note(record, Promise.reject(parsed));
      else received.push(parsed);
    }
    if (received.length === 0) return;
    const together = this.#worker.handle(received, this);
    if (received.length === 1) {
      for (const { record } of received) this.#note(record, together);
      return;
    }
    let turn: Promise<unknown> = together;
    for (const each of received) {
      const before = turn;
      const alone = together.catch(async () => {
        await before.catch(() => {});
        await this.#worker.handle([each], this);
      });
      turn = alone;
      this.#note(each.record, alone);
    }
  }

  #note({ messageId }: SQSRecord, outcome: Promise<void>): void {
    // Whoever asks for it awaits it; until then a failure here is not an unhandled one.
    outcome.catch(() => {});
    this.#outcomes.set(messageId, outcome);
  }

  #parse(record: SQSRecord): Received<z.output<Schema>> | UnusableMessage {
    let json: unknown;
    try {
      json = JSON.parse(record.body);
    } catch (error) {
      return new UnusableMessage('the message is no JSON', { cause: error });
    }
    const parsed = this.#worker.message.safeParse(json);
    if (!parsed.success) {
      const paths = parsed.error.issues.map(({ path }) => path.join('.') || 'the message');
      return new UnusableMessage(`not as expected: ${paths.join(', ')}`);
    }
    return { body: parsed.data, cause: causeOfMessage(record), record };
  }
}
