import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from '@jest/globals';
import type { DeadLetterQueue } from '../../lib/platform/dead-letter.ts';
import { MessageResender } from '../../lib/platform/message-resender.ts';

it('sends to the endpoint that the environment names, and not to the host in the URL of a queue', async () => {
  const sent: unknown[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const request = JSON.parse(await text(incoming));
    sent.push(request);
    const MD5OfMessageBody = createHash('md5').update(request.MessageBody).digest('hex');
    outgoing.setHeader('content-type', 'application/x-amz-json-1.0');
    outgoing.end(JSON.stringify({ MessageId: 'sent', MD5OfMessageBody }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.env.AWS_REGION ??= 'us-east-1';
  process.env.AWS_ACCESS_KEY_ID ??= 'test';
  process.env.AWS_SECRET_ACCESS_KEY ??= 'test';
  process.env.AWS_ENDPOINT_URL_SQS = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const QueueUrl = 'https://sqs.invalid/000000000000/lines.fifo';
    const resender = new MessageResender({ queueUrls: { lines: QueueUrl } as Record<DeadLetterQueue, string> });
    const message = { id: 'was', body: '{}', attributes: { MessageGroupId: 'g' }, messageAttributes: {} };
    expect(await resender.resend('lines', message, 'anew')).toBe('sent');
    const expected = { QueueUrl, MessageBody: '{}', MessageGroupId: 'g', MessageDeduplicationId: 'anew' };
    expect(sent).toMatchObject([expected]);
  } finally {
    delete process.env.AWS_ENDPOINT_URL_SQS;
    server.close();
  }
});
