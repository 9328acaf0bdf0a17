import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { SQSRecord } from 'aws-lambda';
import { fromQueue, queue, type Resources, relay, table } from './relay-application.ts';
import { type RelayOptions, type RelayRuntime, startRelayRuntime } from './relay-runtime.ts';
import type { Call } from './relay-server.ts';

let runtime: RelayRuntime<SQSRecord>;

afterEach(async () => {
  await runtime.stop();
});

/** Starts a runtime whose function `Worker` is called by the queue `Work`. */
async function start(
  source: object = {},
  work: Resources = queue('Work', {}),
  options: RelayOptions = {},
): Promise<void> {
  runtime = await startRelayRuntime(
    (url) => ({ ...work, ...relay('Worker', url, { ...fromQueue('Work'), ...source }) }),
    options,
  );
}

const fifo = queue('Work', { FifoQueue: true });
const reports = { FunctionResponseTypes: ['ReportBatchItemFailures'] };

function send(body: string, more: object = {}): Promise<unknown> {
  return runtime.sqs('SendMessage', { QueueUrl: runtime.queueUrls.Work, MessageBody: body, ...more });
}

/** Sends bodies such as `a1`, whose letter is their group. */
function sendInGroups(...bodies: string[]): Promise<unknown> {
  return runtime.sqs('SendMessageBatch', {
    QueueUrl: runtime.queueUrls.Work,
    Entries: bodies.map((body) => ({
      Id: body,
      MessageBody: body,
      MessageGroupId: body[0],
      MessageDeduplicationId: body,
    })),
  });
}

const bodiesOf = ({ records }: Call<SQSRecord>): string[] => records.map(({ body }) => body);
const calls = (): string[] => runtime.relays.calls.map((call) => bodiesOf(call).join(' '));
const ofGroup = (letter: string): string =>
  runtime.relays.calls
    .flatMap(bodiesOf)
    .filter((body) => body.startsWith(letter))
    .join(' ');

/** Reports the messages that the function is to have failed with, and has them come again at once. */
function reportWhere(fails: (body: string, call: Call<SQSRecord>) => boolean): void {
  runtime.relays.onCall(async (call) => {
    const failed = call.records.filter(({ body }) => fails(body, call));
    call.answer({ batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) });
    await runtime.giveBack('Work', failed);
  });
}

const isFirst = (_: string, call: Call<SQSRecord>): boolean => runtime.relays.calls.indexOf(call) === 0;

describe('a standard queue as an event source', () => {
  it('passes messages on as Lambda does, with the trace of whoever sent the first', async () => {
    await start();
    const header = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
    await send('hello', {
      MessageAttributes: {
        kind: { DataType: 'String', StringValue: 'greeting' },
        bytes: { DataType: 'Binary', BinaryValue: 'AAE=' },
      },
      MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: header } },
    });
    await runtime.drained();
    const [call] = runtime.relays.calls;
    expect(call?.records).toEqual([
      {
        messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        receiptHandle: expect.any(String),
        body: 'hello',
        attributes: {
          ApproximateReceiveCount: '1',
          AWSTraceHeader: header,
          SentTimestamp: expect.stringMatching(/^\d{13}$/),
          SenderId: '000000000000',
          ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
        },
        messageAttributes: {
          kind: { stringValue: 'greeting', stringListValues: [], binaryListValues: [], dataType: 'String' },
          bytes: { binaryValue: 'AAE=', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
        },
        md5OfBody: '5d41402abc4b2a76b9719d911017c592',
        eventSource: 'aws:sqs',
        eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:Relays-Work',
        awsRegion: 'us-east-1',
      },
    ]);
    expect(call?.trace).toMatch(/^Root=1-5759e988-bd862e3fe1be46a994272793;Parent=[0-9a-f]{16};Sampled=1$/);
  });

  it('takes the trace from what the SDK in a function sends along', async () => {
    await start();
    const trace = 'Root=1-5759e988-aaaaaaaaaaaaaaaaaaaaaaaa;Parent=53995c3f42cd8ad8;Sampled=0';
    const answer = await fetch(runtime.queuesEndpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'AmazonSQS.SendMessage',
        'x-amzn-trace-id': trace,
      },
      body: JSON.stringify({ QueueUrl: runtime.queueUrls.Work, MessageBody: 'x' }),
    });
    expect(answer.status).toBe(200);
    await runtime.drained();
    expect(runtime.relays.calls[0]?.records[0]?.attributes.AWSTraceHeader).toBe(trace);
    expect(runtime.relays.calls[0]?.trace).toContain('Root=1-5759e988-aaaaaaaaaaaaaaaaaaaaaaaa;');
  });

  it('deletes what is done, and has only what failed come again, until it is dead', async () => {
    await start(reports);
    reportWhere((body) => body === 'bad');
    await runtime.sqs('SendMessageBatch', {
      QueueUrl: runtime.queueUrls.Work,
      Entries: ['good', 'bad', 'fine'].map((body) => ({ Id: body, MessageBody: body })),
    });
    await runtime.drained();
    expect(calls()).toEqual(['good bad fine', 'bad', 'bad']);
    const counts = runtime.relays.calls.map((call) => call.records.at(-1)?.attributes.ApproximateReceiveCount);
    expect(counts).toEqual(['1', '2', '3']);
    expect(await runtime.depth('WorkDead')).toEqual({ visible: 1, inFlight: 0 });
  });

  it('has the whole batch come again where the function throws, or reports what it was not given', async () => {
    await start(reports);
    runtime.relays.onCall(async (call) => {
      const count = runtime.relays.calls.length;
      if (count === 1) call.fail('broken');
      else call.answer(count === 2 ? { batchItemFailures: [{ itemIdentifier: 'unknown' }] } : null);
      if (count < 3) await runtime.giveBack('Work', call.records);
    });
    await send('x');
    await runtime.drained();
    expect(calls()).toEqual(['x', 'x', 'x']);
    expect(await runtime.depth('WorkDead')).toEqual({ visible: 0, inFlight: 0 });
  });

  it('does not read what a function answers that reports no failures', async () => {
    await start();
    runtime.relays.onCall((call) => call.answer({ batchItemFailures: [{ itemIdentifier: 'unknown' }] }));
    await send('x');
    await runtime.drained();
    expect(calls()).toEqual(['x']);
  });

  it('has a message come again as soon as the function says', async () => {
    await start(reports);
    reportWhere(isFirst);
    await send('x');
    await runtime.drained();
    expect(calls()).toEqual(['x', 'x']);
    expect(runtime.relays.calls[1]?.records[0]?.attributes.ApproximateReceiveCount).toBe('2');
  });

  it('runs no more batches at once than the template allows', async () => {
    await start({ BatchSize: 1, ScalingConfig: { MaximumConcurrency: 2 } });
    const held: Call<SQSRecord>[] = [];
    runtime.relays.onCall((call) => held.push(call));
    await Promise.all(['1', '2', '3', '4', '5'].map((body) => send(body)));
    await runtime.relays.until(() => held.length === 2);
    for (const expected of [3, 4, 5]) {
      held[expected - 3]?.answer(null);
      await runtime.relays.until(() => held.length >= expected);
      expect(await runtime.depth('Work')).toMatchObject({ inFlight: 2, visible: 5 - expected });
    }
    for (const call of held.slice(3)) call.answer(null);
    await runtime.drained();
  });

  it('runs as many batches at once as a function has isolates', async () => {
    await start({ BatchSize: 1 }, queue('Work', {}), { isolates: 3 });
    const held: Call<SQSRecord>[] = [];
    runtime.relays.onCall((call) => held.push(call));
    await Promise.all(['1', '2', '3', '4', '5'].map((body) => send(body)));
    await runtime.relays.until(() => held.length === 3);
    expect(await runtime.depth('Work')).toEqual({ inFlight: 3, visible: 2 });
    runtime.relays.onCall((call) => call.answer(null));
    for (const call of held) call.answer(null);
    await runtime.drained();
    expect(calls().sort()).toEqual(['1', '2', '3', '4', '5']);
  });

  it('collects large batches where there is a window', async () => {
    await start({ BatchSize: 25, MaximumBatchingWindowInSeconds: 300 });
    for (let first = 0; first < 25; first += 5) {
      await Promise.all([0, 1, 2, 3, 4].map((offset) => send(String(first + offset))));
    }
    await runtime.drained();
    expect(runtime.relays.calls.map(({ records }) => records.length)).toEqual([25]);
  });

  it('waits no longer than the window', async () => {
    await start({ BatchSize: 25, MaximumBatchingWindowInSeconds: 1 });
    await send('a');
    await send('b');
    await runtime.drained();
    expect(calls()).toEqual(['a b']);
  });

  it('drops what a filter does not want', async () => {
    const Pattern = JSON.stringify({ body: { kind: ['x'] } });
    await start({ FilterCriteria: { Filters: [{ Pattern }] } });
    for (const body of ['{"kind":"x"}', '{"kind":"y"}', 'no JSON']) await send(body);
    await runtime.drained();
    expect(calls()).toEqual(['{"kind":"x"}']);
    expect(await runtime.depth('WorkDead')).toEqual({ visible: 0, inFlight: 0 });
  });

  it('processes messages with a delay when their time has come', async () => {
    await start();
    await send('later', { DelaySeconds: 1 });
    await send('now');
    await runtime.drained();
    expect(calls()).toEqual(['now', 'later']);
  });
});

describe('a FIFO queue as an event source', () => {
  it('keeps the order of each group, runs groups side by side, and never two batches of one', async () => {
    await start({ ...reports, BatchSize: 3 }, fifo);
    const underway = new Set<string>();
    const overlaps: string[] = [];
    let most = 0;
    runtime.relays.onCall((call) => {
      const groups = new Set(bodiesOf(call).map((body) => body[0] ?? ''));
      overlaps.push(...[...groups].filter((group) => underway.has(group)));
      for (const group of groups) underway.add(group);
      most = Math.max(most, underway.size);
      setTimeout(() => {
        for (const group of groups) underway.delete(group);
        call.answer(null);
      }, 10);
    });
    const numbers = Array.from({ length: 10 }, (_, index) => index);
    for (const group of 'abcd') await sendInGroups(...numbers.map((number) => `${group}${number}`));
    await runtime.drained();
    for (const group of 'abcd') {
      expect(ofGroup(group)).toBe(numbers.map((number) => `${group}${number}`).join(' '));
    }
    expect(overlaps).toEqual([]);
    expect(most).toBeGreaterThan(1);
    expect(Math.max(...runtime.relays.calls.map(({ records }) => records.length))).toBe(3);
  });

  it('tells the group, the number and the id of a message', async () => {
    await start({}, fifo);
    await sendInGroups('a1');
    await runtime.drained();
    expect(runtime.relays.calls[0]?.records[0]?.attributes).toMatchObject({
      MessageGroupId: 'a',
      MessageDeduplicationId: 'a1',
      SequenceNumber: expect.stringMatching(/^\d{20}$/),
    });
  });

  it('lets nothing of a group pass what failed, and comes back to it in order', async () => {
    const comesAgainByItself = queue('Work', { FifoQueue: true, VisibilityTimeout: 1 }, 1_000);
    await start({ ...reports, BatchSize: 2 }, comesAgainByItself);
    runtime.relays.onCall((call) => {
      const failed = runtime.relays.calls.indexOf(call) === 0 ? call.records : [];
      call.answer({ batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) });
    });
    await sendInGroups('a1', 'a2', 'a3', 'b1');
    await runtime.drained();
    // What is not deleted within the second comes once more.
    expect(ofGroup('a')).toMatch(/^a1 a2( a1 a2)+( a2)*( a3)+$/);
    expect(ofGroup('b')).toMatch(/^b1( b1)*$/);
  });

  it('keeps the order when messages are given back one by one', async () => {
    await start({ ...reports, BatchSize: 3 }, fifo);
    reportWhere(isFirst);
    await sendInGroups('a1', 'a2', 'a3');
    await runtime.drained();
    expect(ofGroup('a')).toBe('a1 a2 a3 a1 a2 a3');
  });

  it('buries a poisoned message, and goes on with its group', async () => {
    await start(reports, queue('Work', { FifoQueue: true }, 2));
    reportWhere((body) => body === 'a2');
    await sendInGroups('a1', 'a2', 'a3', 'b1');
    await sendInGroups('a4');
    await runtime.drained();
    expect(
      ofGroup('a')
        .split(' ')
        .filter((body) => body !== 'a2')
        .join(' '),
    ).toBe('a1 a3 a4');
    expect(ofGroup('a').match(/a2/g)).toHaveLength(2);
    const { Messages } = await runtime.sqs('ReceiveMessage', {
      QueueUrl: runtime.queueUrls.WorkDead,
      AttributeNames: ['All'],
    });
    expect(Messages).toEqual([
      expect.objectContaining({ Body: 'a2', Attributes: expect.objectContaining({ MessageGroupId: 'a' }) }),
    ]);
  });

  it('does not let a long group keep the others waiting', async () => {
    await start({ BatchSize: 2, ScalingConfig: { MaximumConcurrency: 2 } }, fifo, { isolates: 1 });
    const held: Call<SQSRecord>[] = [];
    runtime.relays.onCall((call) => held.push(call));
    await sendInGroups('a1', 'a2', 'a3', 'a4', 'a5', 'b1');
    await runtime.relays.until(() => held.length === 1);
    runtime.relays.onCall((call) => call.answer(null));
    held[0]?.answer(null);
    await runtime.drained();
    expect(calls()[1]).toContain('b1');
  });
});

describe('a topic in front of queues', () => {
  const subscription = (id: string, properties: object): Resources => ({
    [`To${id}`]: {
      Type: 'AWS::SNS::Subscription',
      Properties: {
        TopicArn: { Ref: 'News' },
        Protocol: 'sqs',
        Endpoint: { 'Fn::GetAtt': [id, 'Arn'] },
        RawMessageDelivery: true,
        ...properties,
      },
    },
  });

  it('brings each queue what its filter wants, in order, with attributes', async () => {
    runtime = await startRelayRuntime((url) => ({
      News: { Type: 'AWS::SNS::Topic', Properties: { FifoTopic: true } },
      ...queue('All', { FifoQueue: true }),
      ...queue('Some', { FifoQueue: true }),
      ...subscription('All', {}),
      ...subscription('Some', { FilterPolicy: { type: ['posted', { prefix: 'balance.' }] } }),
      ...relay('Every', url, fromQueue('All')),
      ...relay('Chosen', url, fromQueue('Some')),
    }));
    const form: Record<string, string> = { Action: 'PublishBatch', TopicArn: runtime.topicArns.News ?? '' };
    for (const [index, type] of ['posted', 'rejected', 'balance.low', 'posted'].entries()) {
      const entry = `PublishBatchRequestEntries.member.${index + 1}`;
      const attribute = `${entry}.MessageAttributes.entry.1`;
      Object.assign(form, {
        [`${entry}.Id`]: String(index),
        [`${entry}.Message`]: `${index} ${type}`,
        [`${entry}.MessageGroupId`]: 'tenant',
        [`${entry}.MessageDeduplicationId`]: String(index),
        [`${attribute}.Name`]: 'type',
        [`${attribute}.Value.DataType`]: 'String',
        [`${attribute}.Value.StringValue`]: type,
      });
    }
    expect(await runtime.sns(form)).not.toContain('<Code>');
    // A message that was published before is not delivered again.
    await runtime.sns(form);
    await runtime.drained();
    const received = (name: string): SQSRecord[] =>
      runtime.relays.calls.filter(({ functionName }) => functionName === name).flatMap(({ records }) => records);
    expect(received('Every').map(({ body }) => body)).toEqual(['0 posted', '1 rejected', '2 balance.low', '3 posted']);
    expect(received('Chosen').map(({ body }) => body)).toEqual(['0 posted', '2 balance.low', '3 posted']);
    expect(received('Chosen')[0]).toMatchObject({
      attributes: { MessageGroupId: 'tenant', MessageDeduplicationId: '0' },
      messageAttributes: { type: { stringValue: 'posted', dataType: 'String' } },
    });
  });
});

describe('an application without queues and streams that are read', () => {
  it('starts no emulator of them, which it would only pay for', async () => {
    runtime = await startRelayRuntime(() => table);
    await runtime.drained();
    expect(runtime.queuesEndpoint).toBe('');
    expect(existsSync(join(runtime.dataFolder, 'queues'))).toBe(false);
  });
});
