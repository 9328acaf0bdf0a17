import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { StreamSourceDefinition } from '../../../infra/local/deployment.ts';
import { type DynamoDBCall, DynamoDBError } from '../../../infra/local/dynamodb-client.ts';
import { openPositions, type StreamPositions } from '../../../infra/local/sources/stream-positions.ts';
import { StreamSource } from '../../../infra/local/sources/stream-source.ts';
import { polledChanges } from '../../../infra/local/sources/table-changes.ts';

const streamArn = 'arn:aws:dynamodb:local:0:table/Things/stream/now';

interface FakeShard {
  readonly id: string;
  readonly parent?: string;
  readonly numbers: string[];
  isOpen?: boolean;
}

/** The API of a stream with several shards, which the embedded DynamoDB never has. */
class FakeStream {
  readonly shards: FakeShard[];
  /** Errors that the next calls of an operation get. */
  readonly failures: { readonly operation: string; readonly error: Error }[] = [];

  constructor(shards: FakeShard[]) {
    this.shards = shards;
  }

  readonly call: DynamoDBCall = async (operation, body) => {
    const failure = this.failures.findIndex((each) => each.operation === operation);
    const [failed] = failure < 0 ? [] : this.failures.splice(failure, 1);
    if (failed) throw failed.error;
    return this.#answer(operation, body as { [name: string]: string });
  };

  #answer(
    operation: string,
    { ShardId = '', SequenceNumber, ShardIterator = '', ExclusiveStartShardId }: { [name: string]: string },
  ) {
    switch (operation) {
      case 'DescribeTable':
        return { Table: { LatestStreamArn: streamArn } };
      case 'DescribeStream': {
        // One shard a page, so that pages are followed, too.
        const index = this.shards.findIndex(({ id }) => id === ExclusiveStartShardId) + 1;
        const shard = this.shards[index] as FakeShard;
        const isLast = index === this.shards.length - 1;
        return {
          StreamDescription: {
            Shards: [{ ShardId: shard.id, ...(shard.parent && { ParentShardId: shard.parent }) }],
            LastEvaluatedShardId: isLast ? null : shard.id,
          },
        };
      }
      case 'GetShardIterator':
        return { ShardIterator: `${ShardId} ${SequenceNumber ?? ''}` };
      default: {
        const [id, after = ''] = ShardIterator.split(' ');
        const shard = this.shards.find((each) => each.id === id) as FakeShard;
        // One record a page, and an empty page where there is none yet.
        const next = shard.numbers.find((number) => number > after);
        const isEnd = next === undefined && !shard.isOpen;
        return {
          Records: next === undefined ? [] : [record(next)],
          NextShardIterator: isEnd ? null : `${id} ${next ?? after}`,
        };
      }
    }
  }
}

const record = (number: string) => ({
  eventID: number,
  eventName: 'INSERT',
  dynamodb: { SequenceNumber: number, ApproximateCreationDateTime: 1_795_000_000 },
});

let folder: string;
let positions: StreamPositions;
let source: StreamSource;
let seen: string[];
let complaints: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'florin-test-'));
  positions = openPositions(folder);
  seen = [];
  complaints = [];
});

afterEach(async () => {
  await source.stop();
  positions.close();
  rmSync(folder, { recursive: true });
});

async function start(stream: FakeStream, more: Partial<StreamSourceDefinition> = {}): Promise<void> {
  source = new StreamSource({
    source: {
      kind: 'stream',
      logicalId: 'Source',
      sourceArn: 'arn:stream',
      functionArn: 'arn:function',
      functionName: 'f',
      tableName: 'Things',
      batchSize: 10,
      batchWindowMs: 0,
      reportsFailures: false,
      wants: () => true,
      startsAt: 'TRIM_HORIZON',
      bisects: false,
      maximumRetries: 0,
      ...more,
    },
    target: {
      async invoke(event) {
        const { Records } = event as { Records: ReturnType<typeof record>[] };
        seen.push(...Records.map(({ dynamodb }) => dynamodb.SequenceNumber));
      },
    },
    positions,
    changes: polledChanges(),
    call: stream.call,
    tellFailure: () => undefined,
    failed: (message) => complaints.push(message),
    retryPauseMs: () => 1,
  });
  await source.start();
}

async function untilAtEnd(): Promise<void> {
  while (!(await source.isAtEnd())) await new Promise(setImmediate);
}

describe('a stream of several shards', () => {
  it('is read with parents before their children, and siblings side by side', async () => {
    const stream = new FakeStream([
      { id: 'left', parent: 'root', numbers: ['3', '5'], isOpen: true },
      { id: 'right', parent: 'root', numbers: ['4', '6'], isOpen: true },
      { id: 'root', parent: 'forgotten', numbers: ['1', '2'] },
    ]);
    await start(stream);
    await untilAtEnd();
    expect(seen.slice(0, 2)).toEqual(['1', '2']);
    expect(seen.slice(2).filter((number) => Number(number) % 2)).toEqual(['3', '5']);
    expect(seen.slice(2).filter((number) => !(Number(number) % 2))).toEqual(['4', '6']);
  });

  it('goes on with the children when a shard comes to its end', async () => {
    const root: FakeShard = { id: 'root', numbers: ['1'], isOpen: true };
    const stream = new FakeStream([root]);
    await start(stream);
    await untilAtEnd();
    stream.shards.push({ id: 'child', parent: 'root', numbers: ['3'], isOpen: true });
    root.numbers.push('2');
    root.isOpen = false;
    await untilAtEnd();
    expect(seen).toEqual(['1', '2', '3']);
  });

  it('does not read a shard again that was read to its end', async () => {
    const shards = [
      { id: 'root', numbers: ['1'] },
      { id: 'child', parent: 'root', numbers: ['2'], isOpen: true },
    ];
    await start(new FakeStream(shards));
    await untilAtEnd();
    await source.stop();
    await start(new FakeStream(shards));
    await untilAtEnd();
    expect(seen).toEqual(['1', '2']);
  });

  it('that is read from its end begins behind what every shard holds', async () => {
    const open: FakeShard = { id: 'open', parent: 'closed', numbers: ['2', '3'], isOpen: true };
    const stream = new FakeStream([{ id: 'closed', numbers: ['1'] }, open]);
    await start(stream, { startsAt: 'LATEST' });
    open.numbers.push('4');
    await untilAtEnd();
    expect(seen).toEqual(['4']);
  });
});

describe('a stream that cannot be read', () => {
  it('is read on where it was, and complained of once', async () => {
    const stream = new FakeStream([{ id: 'only', numbers: ['1', '2', '3'], isOpen: true }]);
    for (let count = 0; count < 5; count += 1) {
      stream.failures.push({ operation: 'GetRecords', error: new Error('no answer') });
    }
    await start(stream);
    // Whoever asks whether it is at its end is told that it is not.
    await untilAtEnd();
    expect(seen).toEqual(['1', '2', '3']);
    expect(complaints).toEqual(['reading the stream: Error: no answer']);
  });

  it('since an iterator has expired is read on without a word', async () => {
    const stream = new FakeStream([{ id: 'only', numbers: ['1', '2'], isOpen: true }]);
    stream.failures.push({ operation: 'GetRecords', error: new DynamoDBError('ExpiredIteratorException', 'too late') });
    await start(stream);
    await untilAtEnd();
    expect([seen, complaints]).toEqual([['1', '2'], []]);
  });

  it('since its records were trimmed goes on with the oldest there is, and says so', async () => {
    const stream = new FakeStream([{ id: 'only', numbers: ['7', '8'], isOpen: true }]);
    positions.save(`Source ${streamArn}`, 'only', { after: '3', isClosed: false });
    stream.failures.push({
      operation: 'GetShardIterator',
      error: new DynamoDBError('TrimmedDataAccessException', 'gone'),
    });
    await start(stream);
    await untilAtEnd();
    expect(seen).toEqual(['7', '8']);
    expect(complaints).toEqual([expect.stringContaining('TrimmedDataAccessException')]);
  });

  it('for its shards are not told is tried again', async () => {
    const stream = new FakeStream([{ id: 'only', numbers: ['1'], isOpen: true }]);
    stream.failures.push({ operation: 'DescribeStream', error: new Error('no answer') });
    await start(stream);
    await untilAtEnd();
    expect(seen).toEqual(['1']);
    expect(complaints).toEqual(['listing the shards of the stream: Error: no answer']);
  });
});
