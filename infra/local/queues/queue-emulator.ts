import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { buildApp } from 'fauxqs';
import { S3Store } from '../../../node_modules/fauxqs/dist/s3/s3Store.js';
import { SnsStore } from '../../../node_modules/fauxqs/dist/sns/snsStore.js';
import type { QueueDefinition, TopicDefinition } from '../deployment.ts';
import { accountId, region } from '../stack-scope.ts';
import { DurableMessages } from './durable-messages.ts';
import { withTraceOf } from './trace-of-sender.ts';
import { type WatchedQueue, WatchedQueues } from './watched-queue.ts';

/**
 * fauxqs, put together here from its parts: its own start listens on every interface whatever host it is given, keeps each
 * message with a write to the disk that the whole process waits for, and offers nobody in this process to look on.
 */
export interface QueueEmulator {
  readonly endpoint: string;
  queueUrl(name: string): string;
  create(queues: readonly QueueDefinition[], topics: readonly TopicDefinition[]): void;
  queue(name: string): WatchedQueue;
  queueByArn(arn: string): WatchedQueue | undefined;
  stop(): Promise<void>;
}

/** Starts it on a free port that only this machine reaches. */
export async function startQueueEmulator(folder: string): Promise<QueueEmulator> {
  mkdirSync(folder, { recursive: true });
  const messages = new DurableMessages(folder);
  const queues = new WatchedQueues();
  queues.region = region;
  // Topics hold nothing and are made anew each time, so that they are exactly the template's.
  messages.loadSqsAndSns(queues, new SnsStore());
  queues.persistence = messages;
  for (const queue of queues.allQueues()) queue.persistence = messages;
  const topics = new SnsStore();
  topics.region = region;

  const app = buildApp({
    logger: false,
    defaultRegion: region,
    stores: { sqsStore: queues, snsStore: topics, s3Store: new S3Store() },
  });
  app.addHook('preHandler', (request, _reply, done) => withTraceOf(request, done));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const endpoint = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const queueUrl = (name: string): string => `${endpoint}/${accountId}/${name}`;
  return {
    endpoint,
    queueUrl,
    create(wanted, wantedTopics) {
      for (const queue of wanted) ensureQueue(queues, queue, queueUrl(queue.name));
      for (const topic of wantedTopics) createTopic(topics, topic);
    },
    queue(name) {
      const queue = queues.getQueueByName(name);
      if (!queue) throw new Error(`There is no queue ${name}.`);
      return queue as WatchedQueue;
    },
    queueByArn: (arn) => queues.getQueueByArn(arn) as WatchedQueue | undefined,
    async stop() {
      await app.close();
      messages.close();
    },
  };
}

/** What is there keeps its messages and gets the attributes of now. */
function ensureQueue(queues: WatchedQueues, { name, arn, attributes }: QueueDefinition, url: string): void {
  const existing = queues.getQueueByName(name);
  if (existing) {
    // An empty policy takes an earlier one away.
    existing.setAttributes({ RedrivePolicy: '', ...attributes });
    // The port is another one after each start.
    Object.assign(existing, { url });
  } else {
    queues.createQueue(name, url, arn, { ...attributes });
  }
}

function createTopic(topics: SnsStore, { name, arn, attributes, subscriptions }: TopicDefinition): void {
  topics.createTopic(name, { ...attributes }, undefined, region);
  for (const { queueArn, attributes } of subscriptions) {
    topics.subscribe(arn, 'sqs', queueArn, { ...attributes });
  }
}
