import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type LocalQueue, type QueueDepth, type QueuedMessage, startQueues } from '../../infra/local/queues.ts';
import { QueueSource } from '../../infra/local/sources/queue-source.ts';
import { type QueueName, queueList, queueNames } from '../../infra/queue-list.ts';
import { deadLettersNameOf, queueNameOf } from '../../infra/queue-name.ts';
import { maxReceives } from '../../lib/config/queues.ts';

const stage = 'test';
process.env.AWS_REGION ??= 'eu-central-1';
process.env.AWS_ACCESS_KEY_ID ??= 'test';
process.env.AWS_SECRET_ACCESS_KEY ??= 'test';
/** SQS finds a queue by its name in the region that a request is signed for. */
const arnPrefix = `arn:aws:sqs:${process.env.AWS_REGION}:000000000000:`;

/** The handler of a worker that a queue wakes. */
export type Worker = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

export interface ServeOptions {
  readonly batchSize?: number;
  /** Batches at once. */
  readonly concurrency?: number;
  /** The context that a worker gets with each batch. */
  readonly context: () => Context;
}

/** A worker that serves a queue, as an event source mapping does it. */
export interface ServedQueue {
  /** The batches so far, each with what was answered; undefined where the worker threw. */
  readonly batches: readonly { readonly event: SQSEvent; readonly answer: SQSBatchResponse | undefined }[];
  /** Resolves when the queue is empty and nothing is being worked on. */
  drained(): Promise<void>;
  stop(): Promise<void>;
}

/** The queues of a stage with their dead letters, in this process, on a free port. */
export interface TestQueues {
  readonly endpoint: string;
  urlOf(queue: QueueName): string;
  queue(queue: QueueName): LocalQueue;
  deadLettersOf(queue: QueueName): LocalQueue;
  depthOf(queue: QueueName): QueueDepth;
  /** Receives all that is there, and deletes it. */
  take(queue: LocalQueue): { readonly body: string; readonly attributes: Readonly<Record<string, string>> }[];
  /** Makes messages visible at once that were received. */
  giveBack(queue: LocalQueue, received: readonly Pick<QueuedMessage, 'receiptHandle'>[]): void;
  serve(queue: QueueName, worker: Worker, options: ServeOptions): ServedQueue;
  stop(): Promise<void>;
}

export interface TestQueuesOptions {
  /** How long a message stays hidden that was received and not given back. */
  readonly visibilitySeconds?: number;
}

export async function startTestQueues({ visibilitySeconds = 30 }: TestQueuesOptions = {}): Promise<TestQueues> {
  const folder = await mkdtemp(join(tmpdir(), 'florin-test-'));
  const service = await startQueues(folder);
  const VisibilityTimeout = String(visibilitySeconds);
  service.create(
    queueNames.flatMap((queue) => {
      const fifo: Record<string, string> = queueList[queue].kind === 'fifo' ? { FifoQueue: 'true' } : {};
      const deadLetters = deadLettersNameOf(stage, queue);
      const RedrivePolicy = JSON.stringify({
        deadLetterTargetArn: arnPrefix + deadLetters,
        maxReceiveCount: maxReceives,
      });
      return [
        definition(deadLetters, { ...fifo, VisibilityTimeout }),
        definition(queueNameOf(stage, queue), { ...fifo, VisibilityTimeout, RedrivePolicy }),
      ];
    }),
    [],
  );
  const queue = (name: QueueName) => service.queue(queueNameOf(stage, name));
  return {
    endpoint: service.endpoint,
    urlOf: (name) => service.queueUrl(queueNameOf(stage, name)),
    queue,
    deadLettersOf: (name) => service.queue(deadLettersNameOf(stage, name)),
    depthOf: (name) => queue(name).depth,
    take,
    giveBack(from, received) {
      // A queue knows what was received by its handle alone.
      from.giveBack(received as readonly QueuedMessage[]);
    },
    serve: (name, worker, options) => serve(queue(name), arnPrefix + queueNameOf(stage, name), worker, options),
    async stop() {
      await service.stop();
      await rm(folder, { recursive: true, maxRetries: 5 });
    },
  };
}

function definition(name: string, attributes: Readonly<Record<string, string>>) {
  return { logicalId: name, name, arn: arnPrefix + name, attributes };
}

function take(queue: LocalQueue) {
  const taken: ReturnType<LocalQueue['receive']> = [];
  for (let received = queue.receive(10); received.length > 0; received = queue.receive(10)) {
    queue.delete(received);
    taken.push(...received);
  }
  return taken;
}

/** The embedded runtime's own event source, with a worker in this process instead of an isolate. */
function serve(
  queue: LocalQueue,
  sourceArn: string,
  worker: Worker,
  { batchSize = 10, concurrency = 10, context }: ServeOptions,
): ServedQueue {
  const batches: { event: SQSEvent; answer: SQSBatchResponse | undefined }[] = [];
  const faults: string[] = [];
  const source = new QueueSource({
    source: {
      kind: 'queue',
      logicalId: 'Mapping',
      sourceArn,
      functionArn: 'worker',
      functionName: 'worker',
      queueName: sourceArn.slice(arnPrefix.length),
      batchSize,
      batchWindowMs: 0,
      reportsFailures: true,
      wants: () => true,
    },
    target: {
      async invoke(event) {
        const batch: (typeof batches)[number] = { event: event as SQSEvent, answer: undefined };
        batches.push(batch);
        batch.answer = await worker(batch.event, context());
        return batch.answer;
      },
    },
    queue,
    concurrency,
    failed: (message) => faults.push(message),
  });
  source.start();
  return {
    batches,
    async drained() {
      while (!source.isDrained) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (faults[0] !== undefined) throw new Error(faults[0]);
      }
    },
    stop: () => source.stop(),
  };
}
