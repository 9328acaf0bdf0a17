import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { SQSRecord } from 'aws-lambda';
import { openPlatformTable, type PlatformTable } from '../../lib/platform/platform-table.ts';
import { startDatabase, type TestDatabase } from '../support/dynoxide.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';

/** A Platform table behind a proxy that can fail. */
export interface PlatformFixture {
  readonly database: TestDatabase;
  readonly proxy: FaultProxy;
  readonly table: PlatformTable;
  /** Every item of the table, as it lies there. */
  items(): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

export async function startPlatform(): Promise<PlatformFixture> {
  const database = await startDatabase();
  const proxy = await startFaultProxy({ target: database.endpoint });
  const table = openPlatformTable({ table: database.tables.platform, endpoint: proxy.url });
  return {
    database,
    proxy,
    table,
    async items() {
      const { Items = [] } = await database.client.send(
        new ScanCommand({ TableName: database.tables.platform, ConsistentRead: true }),
      );
      return Items.map((item) => unmarshall(item, { wrapNumbers: BigInt }));
    },
    async stop() {
      table.client.destroy();
      await proxy.stop();
      await database.stop();
    },
  };
}

/** When the messages of `queueRecord` were sent, in milliseconds since 1970. */
export const sentAt = 1_700_000_000_000;

/** A message as Lambda gets it from a queue of dead letters. */
export function queueRecord(messageId: string, body: unknown, rest: Partial<SQSRecord> = {}): SQSRecord {
  return {
    messageId,
    receiptHandle: `receipt-${messageId}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: String(sentAt),
      SenderId: 'sender',
      ApproximateFirstReceiveTimestamp: String(sentAt + 5),
      MessageGroupId: 'group',
      MessageDeduplicationId: 'once',
    },
    messageAttributes: {
      correlationId: { dataType: 'String', stringValue: 'c-1' },
      bytes: { dataType: 'Binary', binaryValue: 'AAEC' },
    },
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-central-1:000000000000:florin-test-lines-dead-letters.fifo',
    awsRegion: 'eu-central-1',
    ...rest,
  };
}
