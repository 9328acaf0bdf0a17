import { randomUUID } from 'node:crypto';
import type { StreamSourceDefinition } from '../deployment.ts';
import { deliverBatch } from './batch-delivery.ts';
import { type BatchFunction, type InvocationOutcome, invokeWithBatch } from './batch-invocation.ts';
import { isStaleIterator, isTrimmed, type RecordPage, type TableStream } from './stream-api.ts';
import { type DiscardedBatch, type LambdaStreamRecord, lambdaRecord } from './stream-event.ts';
import type { StreamPositions } from './stream-positions.ts';
import { pause, type TableChanges } from './table-changes.ts';

/** What the readers of one source share. */
export interface ShardContext {
  readonly source: StreamSourceDefinition;
  readonly target: BatchFunction;
  readonly positions: StreamPositions;
  readonly changes: TableChanges;
  /** Aborted when no further batch is to begin. */
  readonly stopping: AbortSignal;
  /** Whether a batch waits for its next attempt, by the number of failures. */
  readonly retryPauseMs: (failures: number) => number;
  readonly attempted: (records: readonly LambdaStreamRecord[], outcome: InvocationOutcome) => void;
  readonly discarded: (batch: DiscardedBatch) => void;
  /** Reports what has gone wrong with the stream itself. */
  readonly failed: (message: string) => void;
}

interface Gathered {
  readonly wanted: readonly LambdaStreamRecord[];
  /** The last record that was read, wanted or not. */
  readonly last: string | undefined;
  readonly isClosed: boolean;
}

/** As many as one answer of DynamoDB holds. */
const recordsPerRead = 1_000;

/** Reads one shard in order, has its records processed batch by batch, and remembers up to where. */
export class ShardReader {
  readonly #context: ShardContext;
  readonly #stream: TableStream;
  readonly #shardId: string;
  #after: string | undefined;
  #iterator: string | undefined;
  #foundAt = Date.now();
  #processingSince: number | undefined;

  constructor(context: ShardContext, stream: TableStream, shardId: string) {
    this.#context = context;
    this.#stream = stream;
    this.#shardId = shardId;
    this.#after = context.positions.find(positionKey(context.source, stream), shardId)?.after;
  }

  /** When the oldest record that is being processed was written, in milliseconds since 1970; undefined: none is. */
  get processingSince(): number | undefined {
    return this.#processingSince;
  }

  /** The last record that is done with; undefined: none is. */
  get position(): string | undefined {
    return this.#after;
  }

  /** Whether nothing is being processed, and nothing is there to be. */
  async isAtEnd(): Promise<boolean> {
    if (this.#processingSince !== undefined) return false;
    const after = this.#after;
    const { records } = await this.#stream.read(await this.#stream.iterator(this.#shardId, after), 1);
    return records.length === 0 && this.#processingSince === undefined && this.#after === after;
  }

  /** Resolves when the shard was read to its end, or when the source stops. */
  async run(): Promise<void> {
    const { stopping, failed } = this.#context;
    for (let failures = 0; !stopping.aborted; ) {
      try {
        if (await this.#readOnce()) return;
        failures = 0;
      } catch (error) {
        this.#iterator = undefined;
        if (isStaleIterator(error)) continue;
        if (isTrimmed(error)) this.#after = undefined;
        // One line for an outage, however long it is.
        if (failures === 0) failed(`reading the stream: ${String(error)}`);
        failures += 1;
        await pause(this.#context.retryPauseMs(failures), stopping);
      }
    }
  }

  /** Reads what there is and has it processed. @returns whether the shard is at its end for good. */
  async #readOnce(): Promise<boolean> {
    const { source, stopping } = this.#context;
    const { wanted, last, isClosed } = await this.#gather();
    for (let start = 0; start < wanted.length; start += source.batchSize) {
      if (stopping.aborted || !(await this.#process(wanted.slice(start, start + source.batchSize)))) {
        // What is left comes again.
        this.#processingSince = undefined;
        return false;
      }
    }
    this.#processingSince = undefined;
    if (last !== undefined || isClosed) this.#moveTo(last ?? this.#after, isClosed);
    return isClosed;
  }

  /** Reads until a batch is full, or has waited for as long as it may, or nothing is there at all. */
  async #gather(): Promise<Gathered> {
    const { source, changes, stopping } = this.#context;
    const wanted: LambdaStreamRecord[] = [];
    let last: string | undefined;
    let giveUpAt = Number.POSITIVE_INFINITY;
    for (;;) {
      const seen = changes.now();
      this.#iterator ??= await this.#stream.iterator(this.#shardId, this.#after);
      const page = await this.#stream.read(this.#iterator, recordsPerRead);
      this.#iterator = page.next;
      last = page.records.at(-1)?.dynamodb.SequenceNumber ?? last;
      wanted.push(...this.#wantedOf(page));
      const oldest = wanted[0];
      if (oldest && this.#processingSince === undefined) {
        this.#processingSince = creationMs(oldest);
        giveUpAt = Date.now() + source.batchWindowMs;
      }
      const isFull = wanted.length >= source.batchSize || Date.now() >= giveUpAt;
      if (isFull || page.next === undefined || stopping.aborted || (last !== undefined && !oldest)) {
        return { wanted, last, isClosed: page.next === undefined };
      }
      if (page.records.length > 0) {
        this.#foundAt = Date.now();
        continue;
      }
      const quiet = AbortSignal.any([
        stopping,
        ...(oldest ? [AbortSignal.timeout(Math.max(0, giveUpAt - Date.now()))] : []),
      ]);
      await changes.after(seen, Date.now() - this.#foundAt, quiet);
    }
  }

  #wantedOf({ records }: RecordPage): LambdaStreamRecord[] {
    const { source } = this.#context;
    return records
      .map((record) => lambdaRecord(record, source.sourceArn, this.#stream.arn))
      .filter((record) => source.wants(record));
  }

  #process(records: readonly LambdaStreamRecord[]): Promise<boolean> {
    const { source, target, stopping, retryPauseMs, attempted, discarded } = this.#context;
    this.#processingSince = creationMs(records[0] as LambdaStreamRecord);
    let functionFailed = false;
    return deliverBatch(records, {
      bisects: source.bisects,
      maximumRetries: source.maximumRetries,
      idOf: ({ dynamodb }) => dynamodb.SequenceNumber,
      async attempt(items) {
        const ids = new Set(items.map(({ dynamodb }) => dynamodb.SequenceNumber));
        const outcome = await invokeWithBatch(target, { Records: items }, source.reportsFailures ? ids : undefined);
        functionFailed = outcome === 'failed';
        attempted(items, outcome);
        return outcome;
      },
      done: ({ dynamodb }) => this.#moveTo(dynamodb.SequenceNumber, false),
      discard: (items, attempts) =>
        discarded({
          requestId: randomUUID(),
          shardId: this.#shardId,
          records: items,
          attempts,
          functionFailed,
          now: Date.now(),
        }),
      async pause(failures) {
        await pause(retryPauseMs(failures), stopping);
        return !stopping.aborted;
      },
    });
  }

  #moveTo(after: string | undefined, isClosed: boolean): void {
    this.#after = after;
    this.#context.positions.save(positionKey(this.#context.source, this.#stream), this.#shardId, {
      ...(after !== undefined && { after }),
      isClosed,
    });
  }
}

/** What a source's positions are kept under: one that reads another stream begins anew. */
export function positionKey({ logicalId }: StreamSourceDefinition, { arn }: TableStream): string {
  return `${logicalId} ${arn}`;
}

function creationMs({ dynamodb }: LambdaStreamRecord): number {
  return dynamodb.ApproximateCreationDateTime * 1_000;
}
