import { createHash } from 'node:crypto';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { type QueueName, queueList, queueNames } from '../../infra/queue-list.ts';
import { queueNameOf } from '../../infra/queue-name.ts';
import { apiKey, flagsParameter } from '../functions/api.ts';
import { startDatabase, type TestDatabase } from '../support/dynoxide.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { startParameterStore } from '../support/parameter-store.ts';
import { startTestQueues, type TestQueues } from '../support/queues.ts';
import { actionsOf } from './iam-actions.ts';

/** Everything that functions work with, and what they ask of tables and queues while they do. */
export interface Recording {
  readonly database: TestDatabase;
  readonly queues: TestQueues;
  /** Between the functions and DynamoDB. */
  readonly proxy: FaultProxy;
  /** What IAM would check of what is asked meanwhile, each once: `dynamodb:GetItem on Ledger`, `sqs:SendMessage on lines`. */
  during(act: () => Promise<unknown>): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts the services and sets the environment that every function's is a part of, before any of them is loaded. */
export async function startRecording(): Promise<Recording> {
  const database = await startDatabase();
  const proxy = await startFaultProxy({ target: database.endpoint });
  const queues = await startTestQueues();
  const queueProxy = await startFaultProxy({ target: queues.endpoint });
  const parameters = await startParameterStore({ [flagsParameter]: '{}' });
  const urls = queueNames.map((name) => [
    queueList[name].variable,
    queues.urlOf(name).replace(queues.endpoint, queueProxy.url),
  ]);
  const { ledger, platform, idempotency } = database.tables;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: proxy.url,
    AWS_ENDPOINT_URL_SQS: queueProxy.url,
    AWS_ENDPOINT_URL_SNS: queues.endpoint,
    AWS_ENDPOINT_URL_SSM: parameters.endpoint,
    FLAGS_PARAMETER: flagsParameter,
    FLAGS_WHEN_UNREADABLE: 'open',
    POWERTOOLS_METRICS_NAMESPACE: 'Florin/test',
    LEDGER_TABLE: ledger,
    PLATFORM_TABLE: platform,
    IDEMPOTENCY_TABLE: idempotency,
    ...Object.fromEntries(urls),
    EVENTS_TOPIC_ARN: await createTopic(queues.endpoint),
    WEBHOOK_TARGETS: 'any',
    API_KEY_SHA256: createHash('sha256').update(apiKey).digest('hex'),
    TOKEN_ISSUERS: '[]',
    KEY_LABEL: 'test',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
  });
  const roles = { [ledger]: 'Ledger', [platform]: 'Platform', [idempotency]: 'Idempotency' };
  return {
    database,
    queues,
    proxy,
    async during(act) {
      proxy.log.length = 0;
      queueProxy.log.length = 0;
      await act();
      await Promise.all([proxy.settled(), queueProxy.settled()]);
      const ofTables = proxy.log.flatMap(actionsOf).map((action) => withRoles(action, roles));
      return [...new Set([...ofTables, ...queueProxy.log.map(queueActionOf)])].sort();
    },
    async stop() {
      await Promise.all([parameters.stop(), queueProxy.stop(), proxy.stop()]);
      await queues.stop();
      await database.stop();
    },
  };
}

/** The action with the table's role in place of its generated name. */
function withRoles(action: string, roles: Readonly<Record<string, string>>): string {
  return Object.entries(roles).reduce((text, [name, role]) => text.replace(name, role), action);
}

/** A batch is authorised as what it consists of. */
function queueActionOf({ operation, body }: FaultProxy['log'][number]): string {
  const { QueueUrl, QueueName: asked } = body as { readonly QueueUrl?: string; readonly QueueName?: string };
  const sqsName = asked ?? QueueUrl?.split('/').at(-1);
  const queue: QueueName | undefined = queueNames.find((name) => queueNameOf('test', name) === sqsName);
  return `sqs:${operation.replace(/Batch$/, '')} on ${queue ?? sqsName}`;
}

/** The topic of events, with the queues that subscribe to it. */
async function createTopic(endpoint: string): Promise<string> {
  const client = new SNSClient({ endpoint });
  const { TopicArn = '' } = await client.send(
    new CreateTopicCommand({ Name: 'florin-test-events.fifo', Attributes: { FifoTopic: 'true' } }),
  );
  const region = process.env.AWS_REGION;
  for (const queue of ['webhookEvents', 'balanceEvents'] as const) {
    const Endpoint = `arn:aws:sqs:${region}:000000000000:${queueNameOf('test', queue)}`;
    const Attributes = { RawMessageDelivery: 'true' };
    await client.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }));
  }
  client.destroy();
  return TopicArn;
}
