import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { LambdaStreamRecord } from '../../../infra/local/sources/stream-event.ts';
import { keepStreamsShort } from '../../../infra/local/stream-records.ts';
import { startDatabase, type TestDatabase } from '../../support/dynoxide.ts';
import { queue, type Resources, relay, streamOfThings, table } from './relay-application.ts';
import { type RelayOptions, type RelayRuntime, startRelayRuntime } from './relay-runtime.ts';
import type { Call } from './relay-server.ts';

let runtime: RelayRuntime<LambdaStreamRecord>;
let other: TestDatabase | undefined;

afterEach(async () => {
  await runtime.stop();
  await other?.stop();
  other = undefined;
});

/** Starts a runtime whose function `Reader` is called by the stream of `Things`. */
async function start(source: object = {}, options: RelayOptions = {}, more: Resources = {}): Promise<void> {
  runtime = await startRelayRuntime(
    (url) => ({ ...table, ...relay('Reader', url, { ...streamOfThings, ...source }), ...more }),
    options,
  );
}

function put(id: string, round = '1'): Promise<unknown> {
  return runtime.dynamodb('PutItem', {
    TableName: runtime.tables.Things,
    Item: { id: { S: id }, round: { N: round } },
  });
}

/** Writes the items in one transaction, so that their records are there at once. */
function putTogether(ids: readonly string[]): Promise<unknown> {
  const TableName = runtime.tables.Things;
  return runtime.dynamodb('TransactWriteItems', {
    TransactItems: ids.map((id) => ({ Put: { TableName, Item: { id: { S: id } } } })),
  });
}

const idsOf = ({ records }: Call<LambdaStreamRecord>): string =>
  records.map(({ dynamodb }) => (dynamodb.Keys as { id: { S: string } }).id.S).join('');
const calls = (): string[] => runtime.relays.calls.map(idsOf);
const seen = (): string => calls().join('');
const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `${String(index)},`);

function positions(): unknown[] {
  const database = new DatabaseSync(join(runtime.dataFolder, 'queues/fauxqs.db'), { readOnly: true });
  const rows = database.prepare("SELECT after FROM florin_positions WHERE shard <> ''").all();
  database.close();
  return rows.map(({ after }) => after);
}

function recordsKept(): number {
  const database = new DatabaseSync(join(runtime.dataFolder, 'dynamodb.sqlite'), { readOnly: true });
  const { kept } = database.prepare('SELECT count(*) AS kept FROM _stream_records').get() as { kept: number };
  database.close();
  return kept;
}

describe('a stream as an event source', () => {
  it('passes records on as Lambda does', async () => {
    await start();
    await put('a');
    await put('a', '2');
    await runtime.dynamodb('DeleteItem', { TableName: runtime.tables.Things, Key: { id: { S: 'a' } } });
    await runtime.relays.until(() => seen() === 'aaa');
    const records = runtime.relays.calls.flatMap((call) => call.records);
    const common = {
      eventID: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'us-east-1',
      eventSourceARN: expect.stringMatching(
        /^arn:aws:dynamodb:us-east-1:000000000000:table\/Relays-Things\/stream\/.+$/,
      ),
    };
    const images = {
      Keys: { id: { S: 'a' } },
      SequenceNumber: expect.stringMatching(/^\d+$/),
      SizeBytes: expect.any(Number),
      StreamViewType: 'NEW_AND_OLD_IMAGES',
      ApproximateCreationDateTime: expect.any(Number),
    };
    const item = (round: string) => ({ id: { S: 'a' }, round: { N: round } });
    expect(records).toEqual([
      { ...common, eventName: 'INSERT', dynamodb: { ...images, NewImage: item('1') } },
      { ...common, eventName: 'MODIFY', dynamodb: { ...images, NewImage: item('2'), OldImage: item('1') } },
      { ...common, eventName: 'REMOVE', dynamodb: { ...images, OldImage: item('2') } },
    ]);
    expect(new Set(records.map(({ eventID }) => eventID)).size).toBe(3);
  });

  it('keeps the order, with one batch at a time and none larger than asked for', async () => {
    await start({ BatchSize: 7 });
    let underway = 0;
    let most = 0;
    runtime.relays.onCall((call) => {
      underway += 1;
      most = Math.max(most, underway);
      setTimeout(() => {
        underway -= 1;
        call.answer(null);
      }, 5);
    });
    const ids = numbered(60);
    for (let first = 0; first < ids.length; first += 20) await putTogether(ids.slice(first, first + 20));
    await runtime.drained();
    expect(seen()).toBe(ids.join(''));
    expect(most).toBe(1);
    expect(Math.max(...runtime.relays.calls.map(({ records }) => records.length))).toBe(7);
  });

  it('waits until a batch is full where there is a window', async () => {
    await start({ BatchSize: 3, MaximumBatchingWindowInSeconds: 300 });
    await put('a');
    await put('b');
    expect(runtime.relays.calls).toEqual([]);
    await put('c');
    await runtime.relays.until(() => calls().length > 0);
    expect(calls()).toEqual(['abc']);
  });

  it('waits no longer than the window', async () => {
    await start({ BatchSize: 1_000, MaximumBatchingWindowInSeconds: 1 });
    await put('a');
    await put('b');
    await runtime.relays.until(() => calls().length > 0);
    expect(calls()).toEqual(['ab']);
  });

  it('calls only with what a filter wants, and gets past the rest', async () => {
    const Pattern = JSON.stringify({ eventName: ['INSERT'], dynamodb: { Keys: { id: { S: [{ prefix: 'x' }] } } } });
    await start({ FilterCriteria: { Filters: [{ Pattern }] } });
    for (const id of ['a', 'x', 'b', 'x', 'xy', 'c']) await put(id);
    await runtime.drained();
    expect(seen()).toBe('xxy');
    expect(positions()).toEqual(['6']);
  });

  it('goes on with what has failed only, where the function names it', async () => {
    await start({ FunctionResponseTypes: ['ReportBatchItemFailures'] });
    runtime.relays.onCall((call) => {
      const third = call.records[2];
      call.answer(
        runtime.relays.calls.length === 1 && third
          ? { batchItemFailures: [{ itemIdentifier: third.dynamodb.SequenceNumber }] }
          : null,
      );
    });
    await putTogether(['a', 'b', 'c', 'd']);
    await runtime.drained();
    expect(calls()).toEqual(['abcd', 'cd']);
  });

  it('gives up what always fails, tells the queue for that, and goes on', async () => {
    await start(
      {
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 0,
        DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Failures', 'Arn'] } } },
      },
      {},
      { Failures: { Type: 'AWS::SQS::Queue' } },
    );
    runtime.relays.onCall((call) => (idsOf(call).includes('c') ? call.fail('poison') : call.answer(null)));
    await putTogether(['a', 'b', 'c', 'd']);
    await runtime.drained();
    expect(calls()).toEqual(['abcd', 'ab', 'cd', 'c', 'd']);
    const { Messages } = await runtime.sqs('ReceiveMessage', { QueueUrl: runtime.queueUrls.Failures });
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(JSON.parse(Messages[0].Body)).toEqual({
      requestContext: {
        requestId: expect.any(String),
        functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:Relays-Reader:live',
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 1,
      },
      responseContext: { statusCode: 200, executedVersion: '1', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: expect.any(String),
      DDBStreamBatchInfo: {
        shardId: expect.any(String),
        startSequenceNumber: '3',
        endSequenceNumber: '3',
        approximateArrivalOfFirstRecord: time,
        approximateArrivalOfLastRecord: time,
        batchSize: 1,
        streamArn: expect.stringContaining(':table/Relays-Things/stream/'),
      },
    });
  });

  it('continues after a restart where it was, also with what was written meanwhile', async () => {
    other = await startDatabase();
    await start({}, { dynamodbEndpoint: other.endpoint });
    await put('a');
    await runtime.relays.until(() => seen() === 'a');
    await runtime.drained();
    await runtime.restart(() => put('b'));
    await runtime.relays.until(() => seen() === 'ab');
    expect(calls()).toEqual(['a', 'b']);
  });

  it('finishes the batch underway when it stops, and comes back to what it was not done with', async () => {
    await start({ BatchSize: 1 });
    const held: Call<LambdaStreamRecord>[] = [];
    runtime.relays.onCall((call) => held.push(call));
    await putTogether(['a', 'b']);
    await runtime.relays.until(() => held.length === 1);
    runtime.relays.onCall((call) => call.answer(null));
    const restarted = runtime.restart();
    held[0]?.answer(null);
    await restarted;
    await runtime.drained();
    expect(calls()).toEqual(['a', 'b']);
  });

  it('begins with what is new where that is asked for, and misses nothing from then on', async () => {
    other = await startDatabase();
    await start({ StartingPosition: 'LATEST' }, { dynamodbEndpoint: other.endpoint });
    await put('a');
    await runtime.drained();
    await runtime.restart(() => put('b'));
    await runtime.drained();
    expect(seen()).toBe('ab');
  });

  it('does not begin with what is old where it is to begin with what is new', async () => {
    other = await startDatabase();
    await start({ StartingPosition: 'LATEST' }, { dynamodbEndpoint: other.endpoint });
    await put('old');
    await runtime.drained();
    const first = runtime;
    await start({ StartingPosition: 'LATEST' }, { dynamodbEndpoint: other.endpoint });
    await put('new');
    await runtime.drained();
    expect(seen()).toBe('new');
    await first.stop();
  });

  it('is read by several sources, each with a position of its own', async () => {
    runtime = await startRelayRuntime((url) => ({
      ...table,
      ...relay('First', url, { ...streamOfThings, BatchSize: 1 }),
      ...relay('Second', url, streamOfThings),
    }));
    const held: Call<LambdaStreamRecord>[] = [];
    runtime.relays.onCall((call) => (call.functionName === 'First' ? held.push(call) : call.answer(null)));
    await putTogether(['a', 'b']);
    await runtime.relays.until(() => runtime.relays.calls.length === 2);
    runtime.relays.onCall((call) => call.answer(null));
    held[0]?.answer(null);
    await runtime.drained();
    expect(calls().sort()).toEqual(['a', 'ab', 'b']);
    expect(positions()).toEqual(['2', '2']);
  });
});

describe('keepStreamsShort, with a consumer', () => {
  it('deletes nothing that is not consumed, and what is consumed once it is', async () => {
    await start({ BatchSize: 10 });
    const held: Call<LambdaStreamRecord>[] = [];
    runtime.relays.onCall((call) => held.push(call));
    await putTogether(numbered(30));
    await runtime.relays.until(() => held.length === 1);
    let consumed = 0;
    const upkeep = keepStreamsShort(join(runtime.dataFolder, 'dynamodb.sqlite'), ['Relays-Things'], {
      kept: 1,
      consumedUpTo: () => consumed,
    });
    expect([upkeep.trimOnce(), recordsKept()]).toEqual([0, 30]);
    runtime.relays.onCall((call) => (runtime.relays.calls.length < 3 ? call.answer(null) : held.push(call)));
    held[0]?.answer(null);
    await runtime.relays.until(() => held.length === 2);
    consumed = Number(positions()[0]);
    expect(consumed).toBe(20);
    expect([upkeep.trimOnce(), recordsKept()]).toEqual([20, 10]);
    runtime.relays.onCall((call) => call.answer(null));
    held[1]?.answer(null);
    await runtime.drained();
    consumed = Number(positions()[0]);
    // The newest stays, since the next number is derived from it.
    expect([upkeep.trimOnce(), recordsKept()]).toEqual([9, 1]);
    upkeep.stop();
    await put('more');
    await runtime.drained();
    expect(seen()).toBe(`${numbered(30).join('')}more`);
  });
});

describe('a queue for failures', () => {
  it('may itself call a function', async () => {
    runtime = await startRelayRuntime((url) => ({
      ...table,
      ...queue('Failures'),
      ...relay('Reader', url, {
        ...streamOfThings,
        MaximumRetryAttempts: 0,
        DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Failures', 'Arn'] } } },
      }),
      ...relay('Keeper', url, { EventSourceArn: { 'Fn::GetAtt': ['Failures', 'Arn'] } }),
    }));
    runtime.relays.onCall((call) => (call.functionName === 'Reader' ? call.fail('poison') : call.answer(null)));
    await put('a');
    await runtime.drained();
    expect(runtime.relays.calls.map(({ functionName }) => functionName)).toEqual(['Reader', 'Keeper']);
  });
});
