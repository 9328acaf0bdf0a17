import { randomUUID } from 'node:crypto';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod';
import { defaultFlags, type Flags } from '../../lib/config/flags.ts';
import {
  type FailureNote,
  type OutgoingMessage,
  QueueSender,
  type QueueWorker,
  serveQueue,
} from '../../lib/sqs/index.ts';
import { lambdaContext } from '../functions/proxy-event.ts';
import { type Recorder, recorder } from '../observability/recorder.ts';
import { type ServedQueue, startTestQueues, type TestQueues } from '../support/queues.ts';
import { busyMachineMs } from '../support/until.ts';

const message = z.object({ name: z.string() });
type TestWorker = QueueWorker<typeof message>;

/** Messages of a batch that failed, and how long their queue would have kept the first of them to come back hidden. */
export interface Pause {
  readonly names: readonly string[];
  /** How often the first of them had been received. */
  readonly receives: number;
  readonly seconds: number;
}

/** A queue of wake-ups and a worker around what a test wants done, without the pauses between receives. */
export interface WorkerFixture {
  readonly queues: TestQueues;
  readonly record: Recorder;
  readonly notes: FailureNote[];
  /** The pauses that were asked for; none of them is waited for. */
  readonly pauses: Pause[];
  /** What an operator has switched off. */
  flags: Flags;
  /** Whether notes cannot be kept. */
  cannotNote: boolean;
  /** Sends names; a text before a colon is their group. */
  send(...names: string[]): Promise<void>;
  sendMessages(...messages: OutgoingMessage[]): Promise<void>;
  /** Serves the queue until nothing is left in it. */
  drain(handle: TestWorker['handle'], options?: DrainOptions): Promise<ServedQueue['batches']>;
  /** Names among the dead letters, oldest first. */
  deadLetters(): string[];
  stop(): Promise<void>;
}

export interface DrainOptions {
  readonly batchSize?: number;
  readonly timeMs?: number;
  /** From 0 to 1, for the pauses. */
  readonly random?: () => number;
  /** Passes each batch on so often, as a queue that delivers it again. */
  readonly times?: number;
}

/** Long enough for nothing to come back by itself, and to be told from every pause that a worker asks for. */
const visibilitySeconds = 10_000;

export async function startWorker(): Promise<WorkerFixture> {
  const queues = await startTestQueues({ visibilitySeconds });
  process.env.AWS_ENDPOINT_URL_SQS = queues.endpoint;
  const record = recorder();
  const sender = new QueueSender({ queueUrl: queues.urlOf('lines'), timeoutMs: busyMachineMs, maxAttempts: 1 });
  const queue = queues.queue('lines');
  const fixture: WorkerFixture = {
    queues,
    record,
    notes: [],
    pauses: [],
    flags: defaultFlags,
    cannotNote: false,
    send: (...names) =>
      sender.send(
        names.map((name) => ({
          body: { name },
          group: name.includes(':') ? name.replace(/:.*/, '') : 'group',
          deduplicationId: randomUUID(),
        })),
      ),
    sendMessages: (...messages) => sender.send(messages),
    async drain(handle, { batchSize = 10, timeMs = 20_000, random, times = 1 } = {}) {
      const worker = serveQueue({
        name: 'test',
        message,
        instruments: record.instruments,
        flags: { current: async () => fixture.flags },
        notes: {
          note: async (failure) => {
            if (fixture.cannotNote) throw new Error('no notes today');
            fixture.notes.push(failure);
          },
        },
        ...(random && { random }),
        handle,
      });
      const impatient = async (event: SQSEvent): Promise<SQSBatchResponse> => {
        for (let time = 1; time < times; time++) await worker(event, lambdaContext(timeMs));
        const answer = await worker(event, lambdaContext(timeMs));
        comeBackNow(event, answer);
        return answer;
      };
      const served = queues.serve('lines', impatient, {
        batchSize,
        concurrency: 1,
        context: () => lambdaContext(timeMs),
      });
      await served.drained();
      await served.stop();
      return served.batches;
    },
    deadLetters: () => queues.take(queues.deadLettersOf('lines')).map(({ body }) => nameIn(body)),
    async stop() {
      await queues.stop();
    },
  };

  /** Notes how long messages that failed would stay hidden, and has them back at once. One batch is worked on at a time. */
  function comeBackNow({ Records }: SQSEvent, { batchItemFailures }: SQSBatchResponse): void {
    const failed = Records.filter(({ messageId }) =>
      batchItemFailures.some(({ itemIdentifier }) => itemIdentifier === messageId),
    );
    if (failed.length === 0) return;
    const hiddenMs = (queue.nextVisibleAt() ?? 0) - Date.now();
    fixture.pauses.push({
      names: failed.map(({ body }) => nameIn(body)),
      receives: Number(failed[0]?.attributes.ApproximateReceiveCount),
      // What may come back at once is no longer in flight; nothing else is hidden for less than the queue's own time.
      seconds: hiddenMs > 0 && hiddenMs < (visibilitySeconds - 100) * 1_000 ? hiddenMs / 1_000 : 0,
    });
    queues.giveBack(queue, failed);
  }
  return fixture;
}

function nameIn(body: string): string {
  try {
    return message.parse(JSON.parse(body)).name;
  } catch {
    return body;
  }
}
