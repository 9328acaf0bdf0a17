import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AccountId, TenantId, TransactionId } from '../../lib/ledger/index.ts';
import { lineGroup, lineWaker, NotEnqueued, QueueSender, tenantGroup } from '../../lib/sqs/index.ts';
import { recorder } from '../observability/recorder.ts';
import { holdTimers } from '../support/held-timeouts.ts';
import { startTestQueues, type TestQueues } from '../support/queues.ts';
import { busyMachineMs } from '../support/until.ts';
import { startSilentServer } from './silent-server.ts';

let queues: TestQueues;
beforeAll(async () => {
  queues = await startTestQueues();
});
beforeEach(() => {
  for (const name of ['lines', 'deliveries'] as const) queues.take(queues.queue(name));
});
afterAll(() => queues.stop());

const bounds = { timeoutMs: busyMachineMs, maxAttempts: 1 };
const sender = (name: 'lines' | 'deliveries') =>
  new QueueSender({ queueUrl: queues.urlOf(name), endpoint: queues.endpoint, ...bounds });
const bodies = (name: 'lines' | 'deliveries') => queues.take(queues.queue(name)).map(({ body }) => JSON.parse(body));

describe('QueueSender', () => {
  it('sends any number of messages, those of a group in order', async () => {
    const messages = Array.from({ length: 47 }, (_, i) => ({
      body: { number: i },
      group: `g${i % 2}`,
      deduplicationId: String(i),
    }));
    await sender('lines').send(messages);
    const numbers = bodies('lines').map(({ number }) => number as number);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(messages.map(({ body }) => body.number));
    for (const rest of [0, 1]) {
      const ofGroup = numbers.filter((number) => number % 2 === rest);
      expect(ofGroup).toEqual(ofGroup.toSorted((a, b) => a - b));
    }
    await sender('lines').send([]);
    expect(bodies('lines')).toEqual([]);
  });

  it('sends what has the id of an earlier one for nothing: the queue drops it', async () => {
    const message = (number: number) => ({ body: { number }, group: 'same', deduplicationId: 'one' });
    await sender('lines').send([message(1)]);
    await sender('lines').send([message(2)]);
    expect(bodies('lines')).toEqual([{ number: 1 }]);
  });

  it('sends a text as it is', async () => {
    await sender('deliveries').send([{ body: '{"a": 1}' }, { body: { a: 1 } }]);
    expect(queues.take(queues.queue('deliveries')).map(({ body }) => body)).toEqual(['{"a": 1}', '{"a":1}']);
  });

  it('delays where that is asked for', async () => {
    await sender('deliveries').send([{ body: 'late', delaySeconds: 900 }, { body: 'now' }]);
    expect(queues.depthOf('deliveries')).toEqual({ visible: 1, inFlight: 0, delayed: 1 });
  });

  it('says that messages were refused, and takes no refusal for success', async () => {
    const server = createServer(async (request, response) => {
      const { Entries } = (await json(request)) as { Entries: { Id: string }[] };
      const [first] = Entries;
      const Failed = [{ Id: first?.Id, Code: 'KmsThrottled', SenderFault: false }];
      response.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.0' });
      response.end(JSON.stringify({ Failed }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const sending = new QueueSender({ queueUrl: queues.urlOf('lines'), endpoint, ...bounds }).send([
        { body: '1' },
        { body: '2' },
      ]);
      await expect(sending).rejects.toThrow(NotEnqueued);
      await expect(sending).rejects.toThrow('1 of 2 messages were refused: KmsThrottled');
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('reaches the service at its endpoint, whatever host the URL names', async () => {
    const { pathname } = new URL(queues.urlOf('deliveries'));
    const queueUrl = `http://queue.invalid${pathname}`;
    await new QueueSender({ queueUrl, endpoint: queues.endpoint, ...bounds }).send([{ body: '1' }]);
    expect(bodies('deliveries')).toEqual([1]);
  });

  it('waits no longer than it says', async () => {
    const server = await startSilentServer();
    try {
      const silent = { queueUrl: queues.urlOf('lines'), endpoint: server.url, timeoutMs: 200, maxAttempts: 2 };
      await expect(new QueueSender(silent).send([{ body: '1' }])).rejects.toMatchObject({
        name: 'TimeoutError',
        message: expect.stringMatching(/\b200 ms\b/),
        $metadata: { attempts: 2 },
      });
    } finally {
      await server.stop();
    }
  });
});

describe('groups', () => {
  it('of lines are as long as SQS takes them, whatever the names, and no two lines share one', () => {
    const group = (tenant: string, account: string) => lineGroup(tenant as TenantId, account as AccountId);
    const longest = group('t'.repeat(64), 'a'.repeat(128));
    expect(longest).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set([group('a', 'b'), group('b', 'a'), group('a', 'bc'), group('ab', 'c')]).size).toBe(4);
    expect(tenantGroup('default' as TenantId)).toBe('default');
  });
});

describe('lineWaker', () => {
  const [tenant, account] = ['default' as TenantId, 'alice' as AccountId];
  const transaction = `tx_${'a'.repeat(52)}` as TransactionId;
  const cause = { correlationId: 'request-1' };

  it('sends one message that says where to look, under the id of what waits there', async () => {
    const { instruments, lines } = recorder();
    const wake = lineWaker({ queueUrl: queues.urlOf('lines'), endpoint: queues.endpoint, logger: instruments.logger });
    const timers = holdTimers();
    try {
      await wake(tenant, account, transaction, cause);
      await wake(tenant, account, transaction, cause);
    } finally {
      timers.release();
    }
    const sent = queues.take(queues.queue('lines'));
    expect(sent.map(({ body }) => JSON.parse(body))).toEqual([{ tenant, account }]);
    expect(sent[0]?.attributes).toMatchObject({
      MessageGroupId: lineGroup(tenant, account),
      MessageDeduplicationId: transaction,
    });
    expect(lines).toEqual([]);
  });

  it('never fails and never keeps a request waiting', async () => {
    const server = await startSilentServer();
    try {
      const { instruments, lines } = recorder();
      const wake = lineWaker({ queueUrl: queues.urlOf('lines'), endpoint: server.url, logger: instruments.logger });
      await wake(tenant, account, transaction, cause);
      expect(lines).toMatchObject([
        {
          level: 'warn',
          fields: {
            transactionId: transaction,
            error: { message: expect.stringMatching(/\b300 ms\b/), $metadata: { attempts: 1 } },
          },
        },
      ]);
    } finally {
      await server.stop();
    }
  });
});
