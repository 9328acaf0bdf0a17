import type { QueueDefinition, TopicDefinition } from './deployment.ts';
import { accountId, region } from './stack-scope.ts';

/** The embedded SQS and SNS. */
export interface QueueService {
  readonly endpoint: string;
  queueUrl(name: string): string;
  /** Creates what is not there; what is there keeps its messages. */
  create(queues: readonly QueueDefinition[], topics: readonly TopicDefinition[]): void;
  stop(): Promise<void>;
}

/** Starts SQS and SNS in this process on a free port; their state lies in the given folder and survives a restart. */
export async function startQueues(dataFolder: string): Promise<QueueService> {
  // Loaded only when the template names queues or topics: it brings a web framework with it.
  const { startFauxqs } = await import('fauxqs');
  const server = await startFauxqs({
    port: 0,
    host: '127.0.0.1',
    logger: false,
    dataDir: dataFolder,
    defaultRegion: region,
  });
  const endpoint = `http://127.0.0.1:${server.port}`;
  return {
    endpoint,
    queueUrl: (name) => `${endpoint}/${accountId}/${name}`,
    create(queues, topics) {
      server.setup({
        region,
        // A redrive policy names its dead-letter queue, so that one comes first.
        queues: [...queues]
          .sort(
            (left, right) => Number('RedrivePolicy' in left.attributes) - Number('RedrivePolicy' in right.attributes),
          )
          .map(({ name, attributes }) => ({ name, attributes: { ...attributes } })),
        topics: topics.map(({ name, attributes }) => ({ name, attributes: { ...attributes } })),
        subscriptions: topics.flatMap(({ name, subscriptions }) =>
          subscriptions.map(({ queueArn, attributes }) => ({
            topic: name,
            queue: queueArn.split(':').at(-1) ?? queueArn,
            attributes: { ...attributes },
          })),
        ),
      });
    },
    stop: () => server.stop(),
  };
}
