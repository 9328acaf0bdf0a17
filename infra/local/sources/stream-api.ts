import { type DynamoDBCall, DynamoDBError } from '../dynamodb-client.ts';

/** A record of a stream as DynamoDB's own API gives it. */
export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: string;
  readonly eventVersion: string;
  readonly eventSource: string;
  readonly awsRegion: string;
  readonly dynamodb: {
    readonly SequenceNumber: string;
    /** Seconds since 1970. */
    readonly ApproximateCreationDateTime: number;
    readonly [member: string]: unknown;
  };
  readonly userIdentity?: unknown;
}

/** Part of a stream; a stream of much traffic has several, and each comes to an end and has children. */
export interface Shard {
  readonly id: string;
  readonly parentId?: string;
}

export interface RecordPage {
  readonly records: readonly StreamRecord[];
  /** Where to go on; absent when the shard is closed and was read to its end. */
  readonly next?: string;
}

/** The stream of one table. */
export interface TableStream {
  /** The service's own ARN of it, which changes when the table is made anew. */
  readonly arn: string;
  shards(): Promise<Shard[]>;
  /** An iterator behind the record with this number, or at the oldest record. */
  iterator(shardId: string, after: string | undefined): Promise<string>;
  read(iterator: string, limit: number): Promise<RecordPage>;
}

/** @throws if the table has no stream. */
export async function openStream(call: DynamoDBCall, tableName: string): Promise<TableStream> {
  const { Table } = (await call('DescribeTable', { TableName: tableName })) as { Table: { LatestStreamArn?: string } };
  const arn = Table.LatestStreamArn;
  if (arn === undefined) {
    throw new Error(`The table ${tableName} has no stream.`);
  }
  return {
    arn,
    shards: () => listShards(call, arn),
    async iterator(shardId, after) {
      const position =
        after === undefined
          ? { ShardIteratorType: 'TRIM_HORIZON' }
          : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: after };
      const answer = await call('GetShardIterator', { StreamArn: arn, ShardId: shardId, ...position });
      return (answer as { ShardIterator: string }).ShardIterator;
    },
    async read(iterator, limit) {
      const answer = (await call('GetRecords', { ShardIterator: iterator, Limit: limit })) as {
        Records?: StreamRecord[];
        NextShardIterator?: string | null;
      };
      return { records: answer.Records ?? [], ...(answer.NextShardIterator && { next: answer.NextShardIterator }) };
    },
  };
}

async function listShards(call: DynamoDBCall, arn: string): Promise<Shard[]> {
  const shards: Shard[] = [];
  let start: string | undefined;
  do {
    const { StreamDescription } = (await call('DescribeStream', {
      StreamArn: arn,
      ...(start !== undefined && { ExclusiveStartShardId: start }),
    })) as {
      StreamDescription: {
        Shards?: { ShardId: string; ParentShardId?: string }[];
        LastEvaluatedShardId?: string | null;
      };
    };
    for (const { ShardId, ParentShardId } of StreamDescription.Shards ?? []) {
      shards.push({ id: ShardId, ...(ParentShardId && { parentId: ParentShardId }) });
    }
    start = StreamDescription.LastEvaluatedShardId ?? undefined;
  } while (start !== undefined);
  return shards;
}

/** Whether an iterator has to be made anew before going on. */
export function isStaleIterator(error: unknown): boolean {
  return error instanceof DynamoDBError && error.type === 'ExpiredIteratorException';
}

/** Whether what comes next was deleted by the service, as it is after a day. */
export function isTrimmed(error: unknown): boolean {
  return error instanceof DynamoDBError && error.type === 'TrimmedDataAccessException';
}
