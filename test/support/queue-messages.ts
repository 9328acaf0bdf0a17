import { randomUUID } from 'node:crypto';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { TestRuntime } from './embedded.ts';

/** Sends a message to each queue of a runtime whose logical id has these words in it, and tells to how many. */
export async function sendToQueues(
  { queuesEndpoint, queueUrls }: TestRuntime,
  words: string,
  body: string,
): Promise<number> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new SQSClient({ endpoint: queuesEndpoint, region: 'us-east-1', credentials });
  const urls = Object.entries(queueUrls).filter(([name]) => name.includes(words));
  for (const [, url] of urls) {
    const order = { MessageGroupId: randomUUID(), MessageDeduplicationId: randomUUID() };
    const command = { QueueUrl: url, MessageBody: body, ...(url.endsWith('.fifo') && order) };
    await client.send(new SendMessageCommand(command));
  }
  client.destroy();
  return urls.length;
}
