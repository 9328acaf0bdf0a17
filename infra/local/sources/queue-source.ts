import type { QueueSourceDefinition } from '../deployment.ts';
import type { LocalQueue, QueuedMessage } from '../queues.ts';
import { type BatchFunction, type InvocationOutcome, invokeWithBatch } from './batch-invocation.ts';
import { isWanted, lambdaMessage } from './queue-event.ts';
import type { SourceStatistics } from './source-statistics.ts';

export interface QueueSourceOptions {
  readonly source: QueueSourceDefinition;
  readonly target: BatchFunction;
  readonly queue: LocalQueue;
  /** How many calls the function takes at once. */
  readonly concurrency: number;
  /** Reports what should not happen. */
  readonly failed: (message: string) => void;
}

/** The most that one call of SQS hands out. */
const maximumReceived = 10;
/** The longest that a timer of Node waits, in milliseconds. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * A queue that calls a function. It is told when there may be messages, so it asks for none in between. Messages of a batch that
 * failed become visible when their time has passed, as SQS has it; those of one that succeeded are deleted.
 */
export class QueueSource {
  readonly definition: QueueSourceDefinition;
  readonly #options: QueueSourceOptions;
  readonly #concurrency: number;
  readonly #underway = new Map<Promise<void>, number>();
  readonly #counts = { batches: 0, records: 0, failures: 0, discarded: 0 };
  /** Messages of a batch that waits to be filled. */
  #collected: QueuedMessage[] = [];
  #window: NodeJS.Timeout | undefined;
  #wakeUp: NodeJS.Timeout | undefined;
  #isPumpDue = false;
  #isStopped = false;

  constructor(options: QueueSourceOptions) {
    this.definition = options.source;
    this.#options = options;
    this.#concurrency = Math.min(options.concurrency, options.source.maximumConcurrency ?? options.concurrency);
  }

  get statistics(): SourceStatistics {
    const oldest = Math.min(...this.#underway.values());
    return { ...this.#counts, ageMs: this.#underway.size === 0 ? 0 : Math.max(0, Date.now() - oldest) };
  }

  start(): void {
    this.#options.queue.listen(() => this.#schedule());
    this.#schedule();
  }

  /** Receives nothing more, gives back what has not begun, and waits for the batches underway. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#wakeUp);
    clearTimeout(this.#window);
    this.#options.queue.giveBack(this.#collected.splice(0));
    await Promise.all(this.#underway.keys());
  }

  /** Whether the queue is empty and nothing is being processed. */
  get isDrained(): boolean {
    const { visible, inFlight, delayed } = this.#options.queue.depth;
    return this.#underway.size === 0 && visible + inFlight + delayed === 0;
  }

  /** Looks soon, and once for all that is sent until then. */
  #schedule(): void {
    if (this.#isPumpDue || this.#isStopped) return;
    this.#isPumpDue = true;
    setImmediate(() => {
      this.#isPumpDue = false;
      if (!this.#isStopped) this.#pump();
    });
  }

  #pump(): void {
    while (this.#underway.size < this.#concurrency) {
      this.#collect();
      const isFull = this.#collected.length >= this.definition.batchSize;
      const mayGo = isFull || this.definition.batchWindowMs === 0;
      if (this.#collected.length === 0 || !mayGo) break;
      this.#begin();
    }
    if (this.#collected.length > 0) {
      this.#window ??= setTimeout(() => this.#windowIsOver(), this.definition.batchWindowMs);
    }
    clearTimeout(this.#wakeUp);
    const next = this.#options.queue.nextVisibleAt();
    if (next !== undefined) {
      const waitMs = Math.min(Math.max(next - Date.now(), 0) + 1, longestTimerMs);
      this.#wakeUp = setTimeout(() => this.#schedule(), waitMs).unref();
    }
  }

  #collect(): void {
    const { source, queue } = this.#options;
    while (this.#collected.length < source.batchSize) {
      const missing = source.batchSize - this.#collected.length;
      const received = queue.receive(Math.min(missing, maximumReceived));
      if (received.length === 0) return;
      const wanted = received.filter((message) => isWanted(message, source));
      queue.delete(received.filter((message) => !wanted.includes(message)));
      this.#collected.push(...wanted);
    }
  }

  #windowIsOver(): void {
    this.#window = undefined;
    if (this.#collected.length > 0 && this.#underway.size < this.#concurrency) this.#begin();
    this.#schedule();
  }

  #begin(): void {
    clearTimeout(this.#window);
    this.#window = undefined;
    const messages = this.#collected;
    this.#collected = [];
    const oldest = Math.min(...messages.map(({ attributes }) => Number(attributes.SentTimestamp)));
    const batch = this.#process(messages)
      .catch((error: unknown) => this.#options.failed(`a batch was not processed: ${String(error)}`))
      .finally(() => {
        this.#underway.delete(batch);
        this.#schedule();
      });
    this.#underway.set(batch, oldest);
  }

  async #process(messages: readonly QueuedMessage[]): Promise<void> {
    const { source, target, queue } = this.#options;
    const ids = new Set(messages.map(({ messageId }) => messageId));
    const event = { Records: messages.map((message) => lambdaMessage(message, source.sourceArn)) };
    const tracing = messages[0]?.attributes.AWSTraceHeader;
    this.#counts.batches += 1;
    this.#counts.records += messages.length;
    const outcome = await invokeWithBatch(target, event, source.reportsFailures ? ids : undefined, tracing);
    if (outcome !== 'succeeded') this.#counts.failures += 1;
    queue.delete(messages.filter(({ messageId }) => isDone(messageId, outcome)));
    if (outcome === 'not-started') queue.giveBack(messages);
  }
}

function isDone(messageId: string, outcome: InvocationOutcome): boolean {
  return outcome === 'succeeded' || (typeof outcome === 'object' && !outcome.failedIds.has(messageId));
}
