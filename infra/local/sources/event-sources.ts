import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment, EventSourceDefinition } from '../deployment.ts';
import { type DynamoDBCall, dynamodbClient } from '../dynamodb-client.ts';
import { UnsupportedTemplateError } from '../intrinsic-functions.ts';
import type { LocalQueue, QueueService } from '../queues.ts';
import type { BatchFunction } from './batch-invocation.ts';
import { QueueSource } from './queue-source.ts';
import type { BatchSource } from './source-statistics.ts';
import { openPositions, type StreamPositions } from './stream-positions.ts';
import { StreamSource } from './stream-source.ts';
import type { TableChanges } from './table-changes.ts';

export interface EventSourceOptions {
  readonly deployment: Deployment;
  readonly functions: ReadonlyMap<string, BatchFunction>;
  readonly queues: QueueService | undefined;
  readonly queuesFolder: string;
  readonly dynamodbEndpoint: string;
  readonly changes: TableChanges;
  /** How many calls one function takes at once; undefined: as many as there are. */
  readonly isolates: number | undefined;
  /** Reports what goes wrong with a source itself, under its function's name. */
  readonly failed: (functionName: string, message: string) => void;
}

/** All that calls functions with batches. */
export interface EventSources {
  readonly all: readonly BatchSource[];
  /** The number of the last record of a table's stream that every source of it is done with; 0: none is, or it cannot be said. */
  consumedUpTo(tableName: string): number;
  /** Whether every stream is at its end and every queue that is a source is empty, with nothing being processed. */
  isDrained(): Promise<boolean>;
  /** Resolves when that is so. */
  drained(): Promise<void>;
  /** Begins no further batch, and waits for those underway, but not for longer than this. */
  stop(withinMs: number): Promise<void>;
}

/** Batches of one queue at once where neither the template nor the isolates bound them. */
const defaultConcurrency = 10;
const drainLookMs = 10;
const firstRetryMs = 200;
const longestRetryMs = 30_000;

/**
 * Starts the event sources of the template.
 * @throws {UnsupportedTemplateError} if one has no stream, queue or function here.
 */
export async function startEventSources(options: EventSourceOptions): Promise<EventSources> {
  await using cleanup = new AsyncDisposableStack();
  const client = dynamodbClient(options.dynamodbEndpoint);
  cleanup.defer(() => client.close());
  let opened: StreamPositions | undefined;
  cleanup.defer(() => opened?.close());
  const positions = (): StreamPositions => {
    opened ??= openPositions(options.queuesFolder);
    return opened;
  };
  const all = options.deployment.sources.map((source) => connect(source, options, client.call, positions));
  const streams = all.filter((source) => source instanceof StreamSource);
  const queues = all.filter((source) => source instanceof QueueSource);
  await Promise.all(all.map((source) => source.start()));

  const activity = (): number => all.reduce((sum, { statistics }) => sum + statistics.batches, 0);
  const areQueuesDrained = (): boolean => queues.every(({ isDrained }) => isDrained);
  const isDrained = async (): Promise<boolean> => {
    const before = activity();
    if (!areQueuesDrained()) return false;
    for (const stream of streams) {
      if (!(await stream.isAtEnd())) return false;
    }
    // Meanwhile a batch may have come and gone that left something in a stream.
    return areQueuesDrained() && activity() === before;
  };
  const running = cleanup.move();
  return {
    all,
    consumedUpTo(tableName) {
      const positions = streams
        .filter(({ definition }) => definition.tableName === tableName)
        .map((stream) => stream.consumedUpTo() ?? 0);
      return Math.min(...positions);
    },
    isDrained,
    async drained() {
      while (!(await isDrained())) await sleep(drainLookMs);
    },
    async stop(withinMs) {
      const stopped = Promise.all(all.map((source) => source.stop()));
      await Promise.race([stopped, sleep(withinMs, undefined, { ref: false })]);
      await running.disposeAsync();
    },
  };
}

function connect(
  source: EventSourceDefinition,
  options: EventSourceOptions,
  call: DynamoDBCall,
  positions: () => StreamPositions,
): StreamSource | QueueSource {
  const { functions, queues, changes, isolates } = options;
  const target = functions.get(source.functionName);
  if (!target) {
    throw new UnsupportedTemplateError(`${source.logicalId} calls ${source.functionName}, which is no function here.`);
  }
  const failed = (message: string): void => options.failed(source.functionName, `${source.logicalId}: ${message}`);
  const queueNamed = (name: string): LocalQueue => {
    if (!queues) throw new UnsupportedTemplateError(`${source.logicalId} needs the queue ${name}, and there is none.`);
    return queues.queue(name);
  };
  if (source.kind === 'queue') {
    const concurrency = isolates ?? defaultConcurrency;
    return new QueueSource({ source, target, queue: queueNamed(source.queueName), concurrency, failed });
  }
  const onFailure = source.onFailureQueue === undefined ? undefined : queueNamed(source.onFailureQueue);
  const tellFailure = (message: object): void => onFailure?.send(JSON.stringify(message));
  return new StreamSource({
    source,
    target,
    call,
    positions: positions(),
    changes,
    failed,
    tellFailure,
    retryPauseMs,
  });
}

/** Waits longer after each failure; the jitter keeps sources apart that have failed together. */
function retryPauseMs(failures: number): number {
  return Math.min(firstRetryMs * 2 ** Math.max(0, failures - 1), longestRetryMs) * (0.5 + Math.random() / 2);
}
