import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { SQSRecord } from 'aws-lambda';
import { dynamodbClient } from '../../../infra/local/dynamodb-client.ts';
import type { LambdaStreamRecord } from '../../../infra/local/sources/stream-event.ts';
import { untilDrained } from '../../support/embedded.ts';
import { fromQueue, queue, relay, streamOfThings, table, writeApplication } from './relay-application.ts';
import { type Call, type RelayServer, startRelayServer } from './relay-server.ts';

interface Services {
  readonly url: string;
  readonly dynamodbEndpoint: string;
  readonly queuesEndpoint: string;
  readonly queueUrls: Readonly<Record<string, string>>;
}

let folder: string;
let relays: RelayServer<LambdaStreamRecord & SQSRecord>;
let child: ChildProcess;
let services: Services;

/** Starts the runtime in a process of its own, on the data that is there. */
async function start(): Promise<void> {
  child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'run-application.ts'), join(folder, 'application'), join(folder, 'data')],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = await once(child.stdout as NodeJS.ReadableStream, 'data');
  services = JSON.parse(String(line));
}

async function kill(): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function put(id: string): Promise<void> {
  const { call, close } = dynamodbClient(services.dynamodbEndpoint);
  await call('PutItem', { TableName: 'Relays-Things', Item: { id: { S: id } } });
  close();
}

async function send(...bodies: string[]): Promise<void> {
  const answer = await fetch(services.queuesEndpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessageBatch' },
    body: JSON.stringify({
      QueueUrl: services.queueUrls.Work,
      Entries: bodies.map((body) => ({
        Id: body,
        MessageBody: body,
        MessageGroupId: 'g',
        MessageDeduplicationId: body,
      })),
    }),
  });
  expect(answer.status).toBe(200);
}

/** What the calls of a function were about. */
const seenBy = (name: string): string =>
  relays.calls
    .filter(({ functionName }) => functionName === name)
    .flatMap(({ records }) => records)
    .map((record) => record.body ?? (record.dynamodb.Keys as { id: { S: string } }).id.S)
    .join(' ');

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'florin-test-'));
  relays = await startRelayServer();
  writeApplication(join(folder, 'application'), {
    ...table,
    ...queue('Work', { FifoQueue: true, VisibilityTimeout: 3_600 }),
    ...relay('Reader', relays.url, { ...streamOfThings, BatchSize: 1 }),
    ...relay('Worker', relays.url, fromQueue('Work')),
  });
  await start();
});

afterEach(async () => {
  await kill();
  await relays.stop();
  rmSync(folder, { recursive: true, maxRetries: 5 });
});

describe('a runtime that is killed', () => {
  it('between the processing of a batch and the noting of it, processes it again, and loses nothing', async () => {
    await put('a');
    await relays.until(() => seenBy('Reader') === 'a');
    await untilDrained(services.url);
    const held: Call<unknown>[] = [];
    relays.onCall((call) => held.push(call));
    await put('b');
    await put('c');
    await relays.until(() => held.length === 1);
    // The function has done its work: only its answer never arrives.
    await kill();
    relays.onCall((call) => call.answer(null));
    await start();
    await relays.until(() => seenBy('Reader').endsWith('c'));
    expect(seenBy('Reader')).toBe('a b b c');
  });

  it('has the messages that somebody was at come again at once, in order, and counts that they were received', async () => {
    const held: Call<unknown>[] = [];
    relays.onCall((call) => held.push(call));
    await send('1', '2', '3');
    await relays.until(() => held.length === 1);
    await send('4');
    await kill();
    relays.onCall((call) => call.answer(null));
    await start();
    await untilDrained(services.url);
    expect(seenBy('Worker')).toBe('1 2 3 1 2 3 4');
    const counts = relays.calls.flatMap(({ records }) =>
      records.map((record) => record.attributes.ApproximateReceiveCount),
    );
    expect(counts).toEqual(['1', '1', '1', '2', '2', '2', '1']);
  });

  it('keeps the messages that nobody was at', async () => {
    relays.onCall(() => undefined);
    await send('1');
    await relays.until(() => relays.calls.length === 1);
    // The group is taken, so these wait.
    await send('2', '3');
    await kill();
    relays.onCall((call) => call.answer(null));
    await start();
    await untilDrained(services.url);
    expect(seenBy('Worker')).toBe('1 1 2 3');
  });
});
