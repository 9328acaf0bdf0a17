import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Context } from 'aws-lambda';
import type { QueueSender } from '../../lib/sqs/index.ts';
import { readTable } from '../support/books.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { auditJournal } from '../support/journal-books.ts';
import type { Worker } from '../support/queues.ts';
import type { TestApi } from './api.ts';
import { fundedAccount, startApiWithMoney } from './money.ts';
import { lambdaContext } from './proxy-event.ts';

const tenant = 'default';

let api: TestApi;
let proxy: FaultProxy;
let handler: Worker;
let journals: QueueSender;
let payer: string;
beforeAll(async () => {
  api = await startApiWithMoney();
  payer = await fundedAccount(api, 1_000_000);
  proxy = await startFaultProxy({ target: api.database.endpoint });
  process.env.AWS_ENDPOINT_URL_DYNAMODB = proxy.url;
  handler = (await import('../../functions/workers/append-journal.ts')).handler;
  // Loaded only now: what it brings reads the environment that the API has made.
  const queues = await import('../../lib/sqs/index.ts');
  journals = new queues.QueueSender({
    queueUrl: api.queues.urlOf('journal'),
    endpoint: api.queues.endpoint,
    timeoutMs: 2_000,
    maxAttempts: 2,
  });
});
afterEach(() => {
  proxy.rules.length = 0;
});
afterAll(async () => {
  await proxy.stop();
  await api.stop();
});

/** Spends so often; the partitions of the records. */
async function spend(count: number): Promise<string[]> {
  const partitions: string[] = [];
  for (let i = 0; i < count; i++) {
    const { body } = await api.call('POST', `/v1/accounts/${payer}/spends`, { asset: 'USD/2', amount: 1 });
    partitions.push(`T#${tenant}#X#${body.id.slice(3)}`);
  }
  return partitions;
}

async function wake(items: readonly string[]): Promise<void> {
  await journals.send([
    { body: { tenant, items }, group: tenant, deduplicationId: randomUUID(), cause: { correlationId: 'order-7' } },
  ]);
}

/** Serves the journal's queue until it is empty. */
async function serve(context: () => Context = () => lambdaContext(20_000)) {
  const served = api.queues.serve('journal', handler, { context });
  await served.drained();
  await served.stop();
  return served.batches;
}

/** The wake-ups of publication that were sent since. */
function publications(): number {
  const taken = api.queues.take(api.queues.queue('publication'));
  for (const { body, attributes } of taken) {
    expect(JSON.parse(body)).toEqual({ tenant });
    expect(attributes.MessageGroupId).toBe(tenant);
  }
  return taken.length;
}

async function audit() {
  const { client, tables } = api.database;
  return auditJournal(await readTable(client, tables.ledger), tenant);
}

describe('append-journal', () => {
  it('appends what messages of a batch name together, in one block, and wakes publication', async () => {
    const items = await spend(4);
    const before = (await audit()).blocks;
    await wake(items.slice(2));
    await wake(items.slice(0, 3).toReversed());
    await serve();
    const { blocks, places, findings } = await audit();
    expect(findings).toEqual([]);
    expect(blocks).toBe(before + 1);
    expect(items.every((item) => places.has(item))).toBe(true);
    expect(publications()).toBe(1);
  });

  it('wakes publication also where there is nothing to append: whoever appended it may have died before he did', async () => {
    const items = await spend(1);
    await wake(items);
    await serve();
    const before = (await audit()).blocks;
    api.queues.take(api.queues.queue('publication'));
    await wake(items);
    await wake([`T#${tenant}#X#nothing`]);
    await serve();
    expect((await audit()).blocks).toBe(before);
    expect(publications()).toBeGreaterThan(0);
  });

  it('wakes itself where time is over before all is appended, until it is', async () => {
    const items = await spend(210);
    const before = (await audit()).blocks;
    await wake(items.slice(-1));
    // Of the first invocation the time is over with its first block.
    proxy.rules.push({ fault: { kind: 'latency', ms: 1_200 }, operation: 'TransactWriteItems', count: 1 });
    let invocations = 0;
    const batches = await serve(() => lambdaContext(invocations++ === 0 ? 6_000 : 20_000));
    expect(batches.length).toBeGreaterThanOrEqual(2);
    expect(batches.every(({ answer }) => answer?.batchItemFailures.length === 0)).toBe(true);
    const { blocks, places, findings } = await audit();
    expect(findings).toEqual([]);
    expect(places.has(items.at(-1) as string)).toBe(true);
    expect(blocks - before).toBeGreaterThanOrEqual(3);
    expect(publications()).toBeGreaterThanOrEqual(3);
  });

  it('fails a message that it cannot append, and appends it when it comes again', async () => {
    const [item] = (await spend(1)) as [string];
    proxy.rules.push({ fault: { kind: 'throttle' } });
    const record = {
      messageId: 'one',
      receiptHandle: 'handle',
      body: JSON.stringify({ tenant, items: [item] }),
      attributes: { ApproximateReceiveCount: '1', ApproximateFirstReceiveTimestamp: '0', MessageGroupId: tenant },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:eu-central-1:000000000000:none.fifo',
      awsRegion: 'eu-central-1',
    };
    const answer = await handler({ Records: [record as never] }, lambdaContext(8_000));
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'one' }] });
    expect((await audit()).places.has(item)).toBe(false);
    proxy.rules.length = 0;
    expect(await handler({ Records: [record as never] }, lambdaContext(8_000))).toEqual({ batchItemFailures: [] });
    expect((await audit()).places.has(item)).toBe(true);
  });
});
