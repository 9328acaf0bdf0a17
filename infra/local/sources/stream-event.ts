import { createHash } from 'node:crypto';
import type { StreamSourceDefinition } from '../deployment.ts';
import { region } from '../stack-scope.ts';
import type { StreamRecord } from './stream-api.ts';

/** A record as Lambda passes it on: with the ARN of its stream. */
export interface LambdaStreamRecord extends StreamRecord {
  readonly eventSourceARN: string;
}

/** The emulator counts its records' events from 1 in each table; here, as in DynamoDB, an id names one record for good. */
export function lambdaRecord(record: StreamRecord, sourceArn: string, streamArn: string): LambdaStreamRecord {
  const identity = `${streamArn} ${record.dynamodb.SequenceNumber}`;
  return {
    ...record,
    eventID: createHash('sha256').update(identity).digest('hex').slice(0, 32),
    awsRegion: region,
    eventSourceARN: sourceArn,
  };
}

export interface DiscardedBatch {
  readonly requestId: string;
  readonly shardId: string;
  readonly records: readonly LambdaStreamRecord[];
  readonly attempts: number;
  /** Whether the function threw; else it reported the failure. */
  readonly functionFailed: boolean;
  readonly now: number;
}

/**
 * What Lambda sends to the on-failure queue of a stream: where the records are, not what they are.
 * Source: AWS Lambda Developer Guide, "Retain discarded records with a DynamoDB event source".
 */
export function discardedBatchMessage(source: StreamSourceDefinition, batch: DiscardedBatch): object {
  const first = batch.records[0] as LambdaStreamRecord;
  const last = batch.records.at(-1) as LambdaStreamRecord;
  return {
    requestContext: {
      requestId: batch.requestId,
      functionArn: source.functionArn,
      condition: 'RetryAttemptsExhausted',
      approximateInvokeCount: batch.attempts,
    },
    responseContext: {
      statusCode: 200,
      executedVersion: '1',
      functionError: batch.functionFailed ? 'Unhandled' : null,
    },
    version: '1.0',
    timestamp: new Date(batch.now).toISOString(),
    DDBStreamBatchInfo: {
      shardId: batch.shardId,
      startSequenceNumber: first.dynamodb.SequenceNumber,
      endSequenceNumber: last.dynamodb.SequenceNumber,
      approximateArrivalOfFirstRecord: arrival(first),
      approximateArrivalOfLastRecord: arrival(last),
      batchSize: batch.records.length,
      streamArn: source.sourceArn,
    },
  };
}

function arrival({ dynamodb }: LambdaStreamRecord): string {
  return new Date(dynamodb.ApproximateCreationDateTime * 1_000).toISOString().replace('.000Z', 'Z');
}
