import type { StreamSourceDefinition } from '../deployment.ts';
import type { DynamoDBCall } from '../dynamodb-client.ts';
import { positionKey, type ShardContext, ShardReader } from './shard-reader.ts';
import type { SourceStatistics } from './source-statistics.ts';
import { openStream, type Shard, type TableStream } from './stream-api.ts';
import { discardedBatchMessage } from './stream-event.ts';
import { pause } from './table-changes.ts';

export interface StreamSourceOptions
  extends Pick<ShardContext, 'source' | 'target' | 'positions' | 'changes' | 'failed' | 'retryPauseMs'> {
  readonly call: DynamoDBCall;
  /** Tells the on-failure queue, if there is one. */
  readonly tellFailure: (message: object) => void;
}

/** How often to look for shards when none has come to its end. */
const shardDiscoveryMs = 30_000;
/** How soon to look again for the children of a shard that has. */
const childDiscoveryMs = 500;
/** The position of this shard, which there is none of, says that the source has begun once. */
const begun = '';

/** The stream of a table that calls a function: the shards side by side, the batches of each one after the other. */
export class StreamSource {
  readonly definition: StreamSourceDefinition;
  readonly #options: StreamSourceOptions;
  readonly #stopping = new AbortController();
  readonly #readers = new Map<string, { readonly reader: ShardReader; readonly ended: Promise<void> }>();
  readonly #context: ShardContext;
  readonly #counts = { batches: 0, records: 0, failures: 0, discarded: 0 };
  #stream: TableStream | undefined;
  #supervisor: Promise<void> | undefined;

  constructor(options: StreamSourceOptions) {
    this.definition = options.source;
    this.#options = options;
    this.#context = {
      ...options,
      stopping: this.#stopping.signal,
      attempted: (records, outcome) => {
        this.#counts.batches += 1;
        this.#counts.records += records.length;
        if (outcome !== 'succeeded') this.#counts.failures += 1;
      },
      discarded: (batch) => {
        this.#counts.discarded += batch.records.length;
        options.failed(`${batch.records.length} records were given up after ${batch.attempts} attempts`);
        options.tellFailure(discardedBatchMessage(options.source, batch));
      },
    };
  }

  get statistics(): SourceStatistics {
    const since = [...this.#readers.values()].flatMap(({ reader }) => reader.processingSince ?? []);
    return { ...this.#counts, ageMs: since.length === 0 ? 0 : Math.max(0, Date.now() - Math.min(...since)) };
  }

  /** Opens the stream and begins to read it. @throws if the table has none. */
  async start(): Promise<void> {
    const stream = await openStream(this.#options.call, this.definition.tableName);
    await this.#begin(stream);
    this.#stream = stream;
    this.#supervisor = this.#supervise(stream);
  }

  /** Begins no further batch, and waits for those underway. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#supervisor;
  }

  /** The last record that is done with in the stream's only shard; undefined: none, or it cannot be said. */
  consumedUpTo(): number | undefined {
    const only = this.#readers.size === 1 ? [...this.#readers.values()][0]?.reader : undefined;
    return only?.position === undefined ? undefined : Number(only.position);
  }

  /** Whether all that is in the stream now is done with. What cannot be read now is not. */
  async isAtEnd(): Promise<boolean> {
    const stream = this.#stream;
    if (!stream) return false;
    try {
      for (const { id } of await stream.shards()) {
        const reader = this.#readers.get(id)?.reader;
        if (!this.#isClosed(stream, id) && !(await reader?.isAtEnd())) return false;
      }
      return true;
    } catch {
      // The readers meet the same failure, and tell of it.
      return false;
    }
  }

  /** A source that starts with what is new goes, the first time, to the end of what is there. */
  async #begin(stream: TableStream): Promise<void> {
    const { positions, source } = this.#options;
    const key = positionKey(source, stream);
    if (positions.find(key, begun)) return;
    for (const { id } of source.startsAt === 'LATEST' ? await stream.shards() : []) {
      const last = await lastRecord(stream, id);
      positions.save(key, id, { ...(last.number !== undefined && { after: last.number }), isClosed: last.isClosed });
    }
    positions.save(key, begun, { isClosed: true });
  }

  async #supervise(stream: TableStream): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted; ) {
      let waitMs = shardDiscoveryMs;
      try {
        const shards = await stream.shards();
        for (const shard of shards) this.#read(stream, shard, shards);
        failures = 0;
        if (this.#readers.size === 0) waitMs = childDiscoveryMs;
      } catch (error) {
        if (failures === 0) this.#options.failed(`listing the shards of the stream: ${String(error)}`);
        failures += 1;
        waitMs = this.#options.retryPauseMs(failures);
      }
      await Promise.race([pause(waitMs, signal), ...[...this.#readers.values()].map(({ ended }) => ended)]);
    }
    await Promise.all([...this.#readers.values()].map(({ ended }) => ended));
  }

  /** A shard is read when its parent is done with, so that the order of an item's records is kept over the change. */
  #read(stream: TableStream, { id, parentId }: Shard, shards: readonly Shard[]): void {
    const waitsForParent = shards.some((shard) => shard.id === parentId) && !this.#isClosed(stream, parentId ?? '');
    if (this.#readers.has(id) || this.#isClosed(stream, id) || waitsForParent) return;
    const reader = new ShardReader(this.#context, stream, id);
    const ended = reader.run().finally(() => {
      if (!this.#stopping.signal.aborted) this.#readers.delete(id);
    });
    this.#readers.set(id, { reader, ended });
  }

  #isClosed(stream: TableStream, shardId: string): boolean {
    return this.#options.positions.find(positionKey(this.definition, stream), shardId)?.isClosed ?? false;
  }
}

async function lastRecord(stream: TableStream, shardId: string): Promise<{ number?: string; isClosed: boolean }> {
  let number: string | undefined;
  let iterator: string | undefined = await stream.iterator(shardId, undefined);
  for (;;) {
    const { records, next } = await stream.read(iterator, 1_000);
    number = records.at(-1)?.dynamodb.SequenceNumber ?? number;
    iterator = next;
    if (iterator === undefined || records.length === 0) {
      return { ...(number !== undefined && { number }), isClosed: iterator === undefined };
    }
  }
}
