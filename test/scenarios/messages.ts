import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { ScenarioRuntime } from './scenario-runtime.ts';

/** Sends messages to a FIFO queue in one group, as anybody could: a text as it is, everything else as JSON. */
export async function sendMessages(
  runtime: ScenarioRuntime,
  queue: string,
  bodies: readonly unknown[],
  group: string,
): Promise<void> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new SQSClient({ endpoint: runtime.services.queuesEndpoint, region: 'us-east-1', credentials });
  const { Failed: [first] = [] } = await client.send(
    new SendMessageBatchCommand({
      QueueUrl: runtime.queueUrl(queue),
      Entries: bodies.map((body, index) => ({
        Id: String(index),
        MessageBody: typeof body === 'string' ? body : JSON.stringify(body),
        MessageGroupId: group,
        MessageDeduplicationId: crypto.randomUUID(),
      })),
    }),
  );
  client.destroy();
  if (first) throw new Error(`${queue} refused a message: ${first.Code}`);
}
