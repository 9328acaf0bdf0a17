import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedHere, type TestRuntime } from '../../support/embedded.ts';
import { type Resources, writeApplication } from './relay-application.ts';
import { type RelayServer, startRelayServer } from './relay-server.ts';

/** An embedded runtime with an application of relays, and what stands behind them. */
export interface RelayRuntime<Record> extends TestRuntime {
  readonly relays: RelayServer<Record>;
  readonly dataFolder: string;
  /** Calls DynamoDB, SQS or (with a form) SNS, and returns the answer. */
  dynamodb(operation: string, body: object): Promise<Answer>;
  sqs(operation: string, body: object): Promise<Answer>;
  sns(form: { readonly [name: string]: string }): Promise<string>;
  /** The depth of a queue by its logical id. */
  depth(id: string): Promise<{ readonly visible: number; readonly inFlight: number }>;
  /** Has what was received from a queue come again at once. */
  giveBack(id: string, records: readonly { readonly receiptHandle: string }[]): Promise<void>;
  /** Stops the runtime, does something meanwhile, and starts it again on the same data. */
  restart(meanwhile?: () => Promise<unknown>): Promise<void>;
}

/** What an answer holds is the service's to say and the test's to check. */
// biome-ignore lint/suspicious/noExplicitAny: a test reads what it has asked for
type Answer = any;

export interface RelayOptions {
  readonly isolates?: number;
  readonly dynamodbEndpoint?: string;
}

/** Starts a runtime with the resources that it is given the URL of the relays for. */
export async function startRelayRuntime<Record>(
  resources: (relayUrl: string) => Resources,
  options: RelayOptions = {},
): Promise<RelayRuntime<Record>> {
  const folder = await mkdtemp(join(tmpdir(), 'florin-test-'));
  const relays = await startRelayServer<Record>();
  const assemblyFolder = writeApplication(join(folder, 'application'), resources(relays.url));
  const dataFolder = join(folder, 'data');
  const start = (): Promise<TestRuntime> => startEmbeddedHere({ ...options, assemblyFolder, dataFolder, seed: false });
  let runtime = await start();
  const json = async (endpoint: string, target: string, body: object): Promise<Answer> => {
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target, ...signed },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text);
    return text === '' ? undefined : JSON.parse(text);
  };
  const sqs = (operation: string, body: object): Promise<Answer> =>
    json(runtime.queuesEndpoint, `AmazonSQS.${operation}`, body);
  return {
    get url() {
      return runtime.url;
    },
    get apiKey() {
      return runtime.apiKey;
    },
    get dynamodbEndpoint() {
      return runtime.dynamodbEndpoint;
    },
    get queuesEndpoint() {
      return runtime.queuesEndpoint;
    },
    get queueUrls() {
      return runtime.queueUrls;
    },
    tables: runtime.tables,
    topicArns: runtime.topicArns,
    relays,
    dataFolder,
    dynamodb: (operation, body) => json(runtime.dynamodbEndpoint, `DynamoDB_20120810.${operation}`, body),
    sqs,
    async sns(form) {
      const answer = await fetch(runtime.queuesEndpoint, { method: 'POST', body: new URLSearchParams(form) });
      if (!answer.ok) throw new Error(await answer.text());
      return answer.text();
    },
    async depth(id) {
      const { Attributes } = await sqs('GetQueueAttributes', {
        QueueUrl: runtime.queueUrls[id],
        AttributeNames: ['All'],
      });
      return {
        visible: Number(Attributes.ApproximateNumberOfMessages),
        inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
      };
    },
    async giveBack(id, records) {
      const QueueUrl = runtime.queueUrls[id];
      for (const { receiptHandle: ReceiptHandle } of records)
        await sqs('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
    },
    drained: () => runtime.drained(),
    async restart(meanwhile) {
      await runtime.stop();
      await meanwhile?.();
      runtime = await start();
    },
    async stop() {
      await runtime.stop();
      await relays.stop();
      await rm(folder, { recursive: true, maxRetries: 5 });
    },
  };
}

/** The emulators want a signature to be there, and check none. */
const signed = {
  'x-amz-date': '20260101T000000Z',
  authorization:
    'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/any/aws4_request, SignedHeaders=host;x-amz-date, Signature=0',
};
