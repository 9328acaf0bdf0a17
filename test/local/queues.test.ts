import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { QueueDefinition } from '../../infra/local/deployment.ts';
import { type QueueService, startQueues } from '../../infra/local/queues.ts';
import { readApplication } from '../../infra/local/template-reader.ts';

let folder: string;
let queues: QueueService;
let definitions: readonly QueueDefinition[];

/** Starts the queues of the fixture's template: a FIFO queue with its dead-letter queue, and a topic in front of it. */
async function start(): Promise<void> {
  queues = await startQueues(folder);
  const { queues: wanted, topics } = readApplication(join(import.meta.dirname, 'fixtures/assembly')).describe({
    parameters: { ApiKeySha256: 'digest' },
    queueUrl: queues.queueUrl,
  });
  queues.create(wanted, topics);
  definitions = wanted;
}

interface Answer {
  readonly Messages?: { readonly Body: string }[];
  readonly Attributes?: object;
  readonly QueueUrl?: string;
}

async function sqs(operation: string, queue: string, body: object = {}): Promise<Answer> {
  const answer = await fetch(queues.endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` },
    body: JSON.stringify({ QueueUrl: queues.queueUrl(queue), ...body }),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Answer;
}

const send = (body: string) =>
  sqs('SendMessage', 'Store-Work.fifo', { MessageBody: body, MessageGroupId: 'g', MessageDeduplicationId: body });
const receive = async (queue: string, WaitTimeSeconds = 0) =>
  (await sqs('ReceiveMessage', queue, { WaitTimeSeconds, MaxNumberOfMessages: 10 })).Messages?.map(
    ({ Body }) => Body,
  ) ?? [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'florin-test-'));
  await start();
});

afterEach(async () => {
  await queues.stop();
  rmSync(folder, { recursive: true });
});

describe('startQueues', () => {
  it('gives a queue the attributes of its template: what is not deleted ends in the dead-letter queue', async () => {
    await send('poison');
    expect(await receive('Store-Work.fifo')).toEqual(['poison']);
    // It is visible again after the second that the template gives it, and may be received once only.
    await new Promise((fulfil) => setTimeout(fulfil, 1_200));
    expect(await receive('Store-Work.fifo')).toEqual([]);
    expect(await receive('Store-DeadLetters.fifo', 2)).toEqual(['poison']);
  });

  it('passes on what is published to the topic', async () => {
    const form = new URLSearchParams({
      Action: 'Publish',
      TopicArn: 'arn:aws:sns:us-east-1:000000000000:Store-News.fifo',
      Message: 'news',
      MessageGroupId: 'g',
    });
    const answer = await fetch(queues.endpoint, { method: 'POST', body: form });
    expect(answer.status).toBe(200);
    expect(await receive('Store-Work.fifo', 2)).toEqual(['news']);
  });

  it('is reached from this machine only', async () => {
    const { port } = new URL(queues.endpoint);
    expect(new URL(queues.endpoint).hostname).toBe('127.0.0.1');
    // Another address of this machine's: who listens on every interface answers there too.
    await expect(fetch(`http://127.0.0.2:${port}/health`)).rejects.toThrow('fetch failed');
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  });

  it('gives what is there the attributes of now, and takes away what is no longer said', async () => {
    await send('patient');
    const [work] = definitions.filter(({ name }) => name === 'Store-Work.fifo');
    const { RedrivePolicy: _, ...attributes } = work?.attributes ?? {};
    queues.create([{ ...(work as QueueDefinition), attributes: { ...attributes, VisibilityTimeout: '77' } }], []);
    const { Attributes } = await sqs('GetQueueAttributes', 'Store-Work.fifo', { AttributeNames: ['All'] });
    expect(Attributes).toMatchObject({ VisibilityTimeout: '77', FifoQueue: 'true' });
    expect(Attributes).not.toHaveProperty('RedrivePolicy');
    expect(await receive('Store-Work.fifo')).toEqual(['patient']);
  });

  it('tells where a queue is now, not where it was before a restart', async () => {
    await queues.stop();
    await start();
    const { QueueUrl } = await sqs('GetQueueUrl', 'Store-Work.fifo', { QueueName: 'Store-Work.fifo' });
    expect(QueueUrl).toBe(queues.queueUrl('Store-Work.fifo'));
  });

  it('keeps messages over a restart', async () => {
    await send('patient');
    await queues.stop();
    await start();
    expect(await receive('Store-Work.fifo', 2)).toEqual(['patient']);
  });
});
