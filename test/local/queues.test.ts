import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type QueueService, startQueues } from '../../infra/local/queues.ts';
import { readApplication } from '../../infra/local/template-reader.ts';

let folder: string;
let queues: QueueService;

/** Starts the queues of the fixture's template: a FIFO queue with its dead-letter queue, and a topic in front of it. */
async function start(): Promise<void> {
  queues = await startQueues(folder);
  const { queues: wanted, topics } = readApplication(join(import.meta.dirname, 'fixtures/assembly')).describe({
    parameters: { ApiKeySha256: 'digest' },
    queueUrl: queues.queueUrl,
  });
  queues.create(wanted, topics);
}

async function sqs(operation: string, queue: string, body: object = {}): Promise<{ Messages?: { Body: string }[] }> {
  const answer = await fetch(queues.endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` },
    body: JSON.stringify({ QueueUrl: queues.queueUrl(queue), ...body }),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as { Messages?: { Body: string }[] };
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

  it('keeps messages over a restart', async () => {
    await send('patient');
    await queues.stop();
    await start();
    expect(await receive('Store-Work.fifo', 2)).toEqual(['patient']);
  });
});
