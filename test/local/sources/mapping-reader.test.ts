import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventSourceDefinition } from '../../../infra/local/deployment.ts';
import { readApplication } from '../../../infra/local/template-reader.ts';
import {
  fromQueue,
  queue,
  type Resources,
  relay,
  streamOfThings,
  table,
  writeApplication,
} from './relay-application.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'florin-test-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function read(source: object, more: Resources = {}): EventSourceDefinition[] {
  writeApplication(folder, {
    ...table,
    ...queue('Work'),
    ...queue('Line', { FifoQueue: true }),
    ...relay('F', '', source),
    ...more,
  });
  return [...readApplication(folder).describe({ parameters: {}, queueUrl: (name) => name }).sources];
}

describe('readMapping', () => {
  it('reads a stream with all that may be said of it', () => {
    const [source] = read({
      ...streamOfThings,
      BatchSize: 50,
      MaximumBatchingWindowInSeconds: 2,
      ParallelizationFactor: 1,
      MaximumRecordAgeInSeconds: -1,
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 5,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['Work', 'Arn'] } } },
      FilterCriteria: { Filters: [{ Pattern: '{"a":[1]}' }, { Pattern: '{"b":[1]}' }] },
      Enabled: true,
      Tags: [],
    });
    expect(source).toMatchObject({
      kind: 'stream',
      logicalId: 'FSource',
      tableName: 'Relays-Things',
      functionName: 'Relays-F',
      functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:Relays-F:live',
      batchSize: 50,
      batchWindowMs: 2_000,
      bisects: true,
      maximumRetries: 5,
      reportsFailures: true,
      startsAt: 'TRIM_HORIZON',
      onFailureQueue: 'Relays-Work',
    });
    expect([{ a: 1 }, { b: 1 }, { c: 1 }].map((event) => source?.wants(event))).toEqual([true, true, false]);
  });

  it('has the defaults of Lambda', () => {
    expect(read(streamOfThings)).toEqual([
      expect.objectContaining({
        batchSize: 100,
        batchWindowMs: 0,
        bisects: false,
        maximumRetries: Number.POSITIVE_INFINITY,
        reportsFailures: false,
      }),
    ]);
    const [source] = read(fromQueue('Work'));
    expect(source).toMatchObject({ kind: 'queue', queueName: 'Relays-Work', batchSize: 10, batchWindowMs: 0 });
    expect(source).not.toHaveProperty('maximumConcurrency');
    expect(source?.wants({})).toBe(true);
  });

  it('leaves out one that is switched off', () => {
    expect(read({ ...fromQueue('Work'), Enabled: false })).toEqual([]);
  });

  it.each<[string, object, RegExp]>([
    ['parallel batches of a shard', { ...streamOfThings, ParallelizationFactor: 2 }, /ParallelizationFactor/],
    ['an age of records', { ...streamOfThings, MaximumRecordAgeInSeconds: 60 }, /MaximumRecordAgeInSeconds/],
    ['a tumbling window', { ...streamOfThings, TumblingWindowInSeconds: 10 }, /TumblingWindowInSeconds/],
    ['a start at a time', { ...streamOfThings, StartingPosition: 'AT_TIMESTAMP' }, /AT_TIMESTAMP/],
    ['concurrency of a stream', { ...streamOfThings, ScalingConfig: { MaximumConcurrency: 2 } }, /ScalingConfig/],
    ['retries of a queue', { ...fromQueue('Work'), MaximumRetryAttempts: 2 }, /MaximumRetryAttempts/],
    ['large batches without a window', { ...fromQueue('Work'), BatchSize: 100 }, /batching window/],
    ['large batches of a FIFO queue', { ...fromQueue('Line'), BatchSize: 11 }, /10 at most/],
    ['a window of a FIFO queue', { ...fromQueue('Line'), MaximumBatchingWindowInSeconds: 1 }, /no batching window/],
    ['another kind of stream', { EventSourceArn: 'arn:aws:kinesis:us-east-1:0:stream/x' }, /kinesis event source/],
    [
      'a function of somebody else',
      { ...fromQueue('Work'), FunctionName: 'arn:aws:lambda:x:0:function:f' },
      /no function/,
    ],
    [
      'failures that go to a topic',
      { ...streamOfThings, DestinationConfig: { OnFailure: { Destination: 'arn:aws:sns:us-east-1:0:t' } } },
      /no standard queue/,
    ],
    [
      'a filter that is not known',
      { ...streamOfThings, FilterCriteria: { Filters: [{ Pattern: '{"a":[{"wildcard":"*"}]}' }] } },
      /wildcard/,
    ],
  ])('refuses %s', (_, source, message) => {
    expect(() => read(source)).toThrow(message);
  });
});
