import type { SQSEvent } from 'aws-lambda';
import { type AccountId, recordIdOfTransaction, type TransactionId } from '../../lib/ledger/index.ts';
import { lambdaContext } from '../../test/functions/proxy-event.ts';
import { tenant } from '../../test/support/ledger-fixture.ts';
import { assumptions } from './assumptions.ts';
import { listenToLines } from './log-lines.ts';
import type { MeasuredBackground } from './measured.ts';
import { type MeasuredFunctions, transferBody } from './measured-functions.ts';
import { readUnitsOf, writeUnitsOf } from './units.ts';

/** Events in one publish request at the most. */
const publishedAtOnce = 10;
const many = 10;

type Worker = (event: SQSEvent, context: ReturnType<typeof lambdaContext>) => Promise<{ batchItemFailures: unknown[] }>;

interface Batch {
  readonly id: string;
  readonly title: string;
  readonly count: number;
  readonly worker: Worker;
  readonly message: object;
  readonly publishes?: boolean;
}

/** Has the workers do one batch of each kind. */
export async function measureBackground(functions: MeasuredFunctions): Promise<MeasuredBackground[]> {
  const { handler: serveLines } = await import('../../functions/workers/process-transfers.ts');
  const { handler: append } = await import('../../functions/workers/append-journal.ts');
  const { handler: publish } = await import('../../functions/workers/publish-events.ts');
  const line = { tenant, account: 'gina' as AccountId };
  const measured: MeasuredBackground[] = [];
  // What an instance does once, it has done; and the journal begins at its beginning.
  const before = await accept(functions, 1);
  await work(serveLines, line);
  await work(append, { tenant, items: before });
  await work(publish, { tenant });
  for (const count of [1, many]) {
    const items = await accept(functions, count);
    const suffix = count === 1 ? 'one' : 'many';
    const of = (one: string, several: string) => (count === 1 ? one : several);
    const batches: Batch[] = [
      {
        id: `turns_${suffix}`,
        title: of('The turn of one transfer in a line', `${many} turns in a line, one after the other`),
        count,
        worker: serveLines,
        message: line,
      },
      {
        id: `appended_${suffix}`,
        title: of('One event appended to the journal', `${many} events appended together`),
        count,
        worker: append,
        message: { tenant, items },
      },
      {
        id: `published_${suffix}`,
        title: of('One event published', `${many} events published together`),
        count,
        worker: publish,
        message: { tenant },
        publishes: true,
      },
    ];
    for (const batch of batches) measured.push(await measureBatch(functions, batch));
  }
  return measured;
}

/** Accepts transfers, whose records the journal is to have once they have had their turn. */
async function accept({ call }: MeasuredFunctions, count: number): Promise<string[]> {
  const items: string[] = [];
  for (let i = 0; i < count; i++) {
    const { status, body } = await call('POST', '/v1/transfers', transferBody('gina', 'hugo', 1), {
      headers: { prefer: 'respond-async' },
    });
    if (status !== 202) throw new Error(`a transfer was not accepted: ${status}`);
    items.push(`T#${tenant}#X#${recordIdOfTransaction(body.id as TransactionId)}`);
  }
  return items;
}

async function measureBatch(functions: MeasuredFunctions, batch: Batch): Promise<MeasuredBackground> {
  const { proxy, queues } = functions;
  const { id, title, count, worker, message, publishes = false } = batch;
  proxy.log.length = 0;
  queues.log.length = 0;
  const lines = listenToLines();
  await work(worker, message);
  const written = lines.stop();
  const calls = proxy.log.splice(0);
  return {
    id,
    title,
    count,
    calls: calls.map(({ operation }) => operation).join(', '),
    writeUnits: writeUnitsOf(calls),
    readUnits: readUnitsOf(calls),
    logLines: written.length,
    logBytes: written.reduce((sum, line) => sum + Buffer.byteLength(line), 0),
    queueRequests: queues.log.splice(0).length + assumptions.requestsPerBatch,
    publishRequests: publishes ? Math.ceil(count / publishedAtOnce) : 0,
  };
}

/** One message, as Lambda passes it on. */
async function work(worker: Worker, message: object): Promise<void> {
  const record = {
    messageId: '059f36b4-87a3-44ab-83d2-661975830a7d',
    receiptHandle: 'receipt',
    body: JSON.stringify(message),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: String(Date.now()),
      SenderId: 'sender',
      ApproximateFirstReceiveTimestamp: String(Date.now()),
      MessageGroupId: 'group',
    },
    messageAttributes: { correlationId: { dataType: 'String', stringValue: '4f9c1a6e-6a0c-4e0e-8a53-0f1a3a1f6c0d' } },
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:000000000000:florin-test-lines.fifo',
    awsRegion: 'us-east-1',
  };
  const { batchItemFailures } = await worker({ Records: [record] }, lambdaContext(20_000));
  if (batchItemFailures.length > 0) throw new Error(`a worker failed with ${record.body}`);
}
