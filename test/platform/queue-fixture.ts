import { DeleteMessageCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSRecord, SQSRecordAttributes } from 'aws-lambda';
import { startFauxqs } from 'fauxqs';
import { type DeadLetterQueue, type DeadLetterSource, deadLetterSources } from '../../lib/platform/dead-letter.ts';

const region = 'eu-central-1';
const accountId = '000000000000';

/** Receives of a message before it goes to the dead letters: fewer than in a stage, so that tests are quick. */
const maxReceives = 2;

const sources = Object.keys(deadLetterSources) as DeadLetterSource[];

/** A queue for each source with its dead letters, as a stage has them. */
export interface QueueFixture {
  readonly endpoint: string;
  readonly queueUrls: Readonly<Record<DeadLetterQueue, string>>;
  urlOf(source: DeadLetterSource): string;
  deadLettersOf(source: DeadLetterSource): string;
  /** Receives once what is there, as Lambda would pass it on. */
  receive(queueUrl: string): Promise<SQSRecord[]>;
  remove(queueUrl: string, record: SQSRecord): Promise<void>;
  /** Receives messages without success until their queue gives them up. */
  exhaust(source: DeadLetterSource): Promise<void>;
  send(source: DeadLetterSource, body: string, attributes?: Readonly<Record<string, string>>): string;
  stop(): Promise<void>;
}

export async function startQueues(): Promise<QueueFixture> {
  const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false, defaultRegion: region });
  const endpoint = `http://127.0.0.1:${server.port}`;
  const client = new SQSClient({ endpoint, region });
  const urlOf = (source: DeadLetterSource) => `${endpoint}/${accountId}/${nameOf(source, '')}`;
  const deadLettersOf = (source: DeadLetterSource) => `${endpoint}/${accountId}/${nameOf(source, '-dead-letters')}`;
  for (const source of sources) {
    const fifo: Record<string, string> = isFifo(source) ? { FifoQueue: 'true' } : {};
    const { queueArn } = server.createQueue(nameOf(source, '-dead-letters'), { attributes: fifo });
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queueArn, maxReceiveCount: maxReceives });
    server.createQueue(nameOf(source, ''), { attributes: { ...fifo, RedrivePolicy } });
  }
  const fixture: QueueFixture = {
    endpoint,
    queueUrls: Object.fromEntries(sources.map((source) => [source, urlOf(source)])) as QueueFixture['queueUrls'],
    urlOf,
    deadLettersOf,
    async receive(queueUrl) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: 0,
          MessageSystemAttributeNames: ['All'],
          MessageAttributeNames: ['All'],
        }),
      );
      return Messages.map((message) => recordOf(queueUrl, message));
    },
    async remove(queueUrl, { receiptHandle }) {
      await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receiptHandle }));
    },
    async exhaust(source) {
      for (let receive = 0; receive <= maxReceives; receive++) await fixture.receive(urlOf(source));
    },
    send(source, body, attributes = {}) {
      const messageAttributes = Object.fromEntries(
        Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
      );
      const fifo = isFifo(source) && { messageGroupId: 'group', messageDeduplicationId: crypto.randomUUID() };
      return server.sendMessage(nameOf(source, ''), body, { messageAttributes, ...fifo }).messageId;
    },
    async stop() {
      client.destroy();
      await server.stop();
    },
  };
  return fixture;
}

function isFifo(source: DeadLetterSource): boolean {
  return source !== 'deliveries' && source !== 'ledger_stream';
}

function nameOf(source: DeadLetterSource, suffix: string): string {
  if (source === 'ledger_stream') return `florin-test-stream-${suffix === '' ? 'source' : 'failures'}`;
  return `florin-test-${source.replace('_', '-')}${suffix}${isFifo(source) ? '.fifo' : ''}`;
}

function recordOf(queueUrl: string, message: Message): SQSRecord {
  const { MessageId = '', ReceiptHandle = '', Body = '', Attributes = {}, MessageAttributes = {} } = message;
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    // SQS was asked for all of them.
    attributes: Attributes as unknown as SQSRecordAttributes,
    messageAttributes: Object.fromEntries(
      Object.entries(MessageAttributes).map(([name, { DataType = '', StringValue, BinaryValue }]) => [
        name,
        {
          dataType: DataType,
          ...(StringValue !== undefined && { stringValue: StringValue }),
          ...(BinaryValue && { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
        },
      ]),
    ),
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:${region}:${accountId}:${queueUrl.slice(queueUrl.lastIndexOf('/') + 1)}`,
    awsRegion: region,
  };
}
