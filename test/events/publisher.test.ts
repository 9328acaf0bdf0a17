import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type LocalQueue, type QueuedMessage, type QueueService, startQueues } from '../../infra/local/queues.ts';
import { region } from '../../infra/local/stack-scope.ts';
import { systemClock } from '../../lib/dynamodb/index.ts';
import { openAppender } from '../../lib/dynamodb/journal/journal-appender.ts';
import { EventTopic } from '../../lib/events/event-topic.ts';
import type { EventView } from '../../lib/events/event-view.ts';
import { eventEnvelope, Journal } from '../../lib/events/index.ts';
import { Publisher } from '../../lib/events/publisher.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { PublicationCursors } from '../../lib/platform/publication-cursor.ts';
import { causeOfMessage } from '../../lib/sqs/message-attributes.ts';
import { type LedgerFixture, startLedger, tenant, transfer } from '../support/ledger-fixture.ts';

const timeMs = 20_000;
// Requests are signed for the region in which the embedded topics are.
process.env.AWS_REGION = region;
const topicArn = `arn:aws:sns:${region}:000000000000:events.fifo`;
const fifo = { FifoQueue: 'true' };
const cause = { correlationId: 'order-7', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };

let books: LedgerFixture;
let service: QueueService;
let folder: string;
let queue: LocalQueue;
let journal: Journal;
let cursors: PublicationCursors;
let topic: EventTopic;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'florin-test-'));
  [books, service] = await Promise.all([startLedger(), startQueues(folder)]);
  const queueArn = `arn:aws:sqs:${region}:000000000000:received.fifo`;
  service.create(
    [{ logicalId: 'received', name: 'received.fifo', arn: queueArn, attributes: fifo }],
    [
      {
        logicalId: 'events',
        name: 'events.fifo',
        arn: topicArn,
        attributes: { FifoTopic: 'true' },
        subscriptions: [{ queueArn, attributes: { RawMessageDelivery: 'true' } }],
      },
    ],
  );
  queue = service.queue('received.fifo');
  const { endpoint, tables } = books.database;
  journal = new Journal({ table: tables.ledger, endpoint });
  cursors = new PublicationCursors(openPlatformTable({ table: tables.platform, endpoint }), 'publication');
  topic = new EventTopic({ topicArn, endpoint: service.endpoint });
  for (const id of ['alice', 'bob']) await books.createAccount(id, { funds: 10_000n });
});
afterAll(async () => {
  await service.stop();
  await books.stop();
  await rm(folder, { recursive: true, maxRetries: 5 });
});

/** Makes so many transfers, and blocks of so many. */
async function append(count: number, perBlock: number): Promise<void> {
  const { tables, endpoint } = books.database;
  const appender = openAppender({ table: tables.ledger, endpoint });
  for (let done = 0; done < count; done += perBlock) {
    const records: string[] = [];
    for (let i = 0; i < perBlock; i++) {
      const command = transfer('alice', 'bob', 1);
      await books.ledger.post(command, 5_000, cause);
      records.push(`T#${tenant}#X#${command.record}`);
    }
    await appender.append(tenant, records, timeMs);
  }
}

function publisherWith(replaced: Partial<ConstructorParameters<typeof Publisher>[0]> = {}): Publisher {
  return new Publisher({ journal, cursors, topic, clock: systemClock, ...replaced });
}

/** Receives all there is, in the order of delivery. */
function received(): QueuedMessage[] {
  const all: QueuedMessage[] = [];
  for (let some = queue.receive(10); some.length > 0; some = queue.receive(10)) {
    queue.delete(some);
    all.push(...some);
  }
  return all;
}

async function feed(): Promise<readonly EventView[]> {
  return (await journal.feed.page(tenant, { after: { sequence: 0 }, limit: 1_000 })).events;
}

describe('Publisher', () => {
  it('publishes every event of the journal in order, once its cursor has got there', async () => {
    await append(12, 4);
    const run = await publisherWith().run(tenant, timeMs);
    const events = await feed();
    expect(run).toMatchObject({ events: events.length, isComplete: true });
    const messages = received();
    const envelopes = messages.map(({ body }) => eventEnvelope.parse(JSON.parse(body)));
    expect(envelopes.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    expect(envelopes.map(({ sequence }) => sequence)).toEqual(events.map(({ sequence }) => String(sequence)));
    expect(await publisherWith().run(tenant, timeMs)).toMatchObject({ events: 0, isComplete: true });
    expect(received()).toEqual([]);
  });

  it('puts an event into an envelope, with attributes to filter by and the request that it comes from', async () => {
    await append(1, 1);
    await publisherWith().run(tenant, timeMs);
    const [message] = received();
    const event = (await feed()).at(-1);
    expect(JSON.parse(message?.body ?? '')).toEqual({
      specversion: '1.0',
      id: event?.id,
      source: 'urn:florin:tenant:default',
      type: 'io.florin.transaction.posted',
      subject: event?.data.id,
      time: event?.data.createdAt,
      datacontenttype: 'application/json',
      dataschema: 'urn:florin:event:v1',
      sequence: String(event?.sequence),
      tenant: 'default',
      correlationid: cause.correlationId,
      traceparent: cause.traceparent,
      data: event?.data,
    });
    expect(message?.attributes.MessageGroupId).toBe(tenant);
    expect(message?.messageAttributes).toMatchObject({
      type: { StringValue: 'transaction.posted' },
      tenant: { StringValue: 'default' },
      accounts: { DataType: 'String.Array', StringValue: '["alice","bob"]' },
    });
    const messageAttributes = Object.fromEntries(
      Object.entries(message?.messageAttributes ?? {}).map(([name, { StringValue }]) => [
        name,
        { stringValue: StringValue },
      ]),
    );
    expect(causeOfMessage({ messageAttributes: messageAttributes as never })).toEqual(cause);
  });

  it('publishes everything at least once, wherever it ends between its calls', async () => {
    await append(6, 2);
    const from = await cursors.get(tenant);
    const wanted = (await feed()).slice(-6).map(({ id }) => id);
    // Its calls that have an effect are three publications and three moves of the cursor.
    for (let call = 1; call <= 7; call++) {
      await resetCursor(from);
      const seen: string[] = [];
      let calls = 0;
      const counted = async <T>(work: () => Promise<T>): Promise<T> => {
        if (++calls === call) throw new Error('killed');
        return work();
      };
      const told = (events: readonly EventView[]) => void seen.push(...events.map(({ id }) => id));
      const publisher = publisherWith({
        topic: { publish: (_, events) => counted(async () => told(events)) },
        cursors: {
          get: (of: typeof tenant) => cursors.get(of),
          advance: (of: typeof tenant, block: number) => counted(() => cursors.advance(of, block)),
        } as PublicationCursors,
      });
      const end = await publisher.run(tenant, timeMs).catch((error: Error) => error.message);
      if (call < 7) expect(end).toBe('killed');
      await publisherWith({ topic: { publish: async (_, events) => told(events) } }).run(tenant, timeMs);
      expect([...new Set(seen)]).toEqual(wanted);
      expect(await cursors.get(tenant)).toBe(from + 3);
    }
  });

  it('publishes a block again where the answer of the topic was lost, and subscribers get it once', async () => {
    await append(2, 2);
    const lost = {
      publish: async (...list: Parameters<EventTopic['publish']>) => {
        await topic.publish(...list);
        throw new Error('the answer was lost');
      },
    };
    await expect(publisherWith({ topic: lost }).run(tenant, timeMs)).rejects.toThrow('lost');
    await publisherWith().run(tenant, timeMs);
    expect(received()).toHaveLength(2);
  });

  it('leaves each event to one of two that publish at once, or gives it twice', async () => {
    await append(6, 1);
    const wanted = (await feed()).slice(-6).map(({ id }) => id);
    await Promise.all([publisherWith().run(tenant, timeMs), publisherWith().run(tenant, timeMs)]);
    const ids = received().map(({ body }) => eventEnvelope.parse(JSON.parse(body)).id);
    expect([...new Set(ids)]).toEqual(wanted);
  });

  it('ends in time, at a whole block', async () => {
    await append(2, 1);
    expect(await publisherWith().run(tenant, 3_000)).toEqual({ events: 0, isComplete: false });
    expect(await publisherWith().run(tenant, timeMs)).toMatchObject({ events: 2, isComplete: true });
  });
});

describe('EventTopic', () => {
  it('sends what is too large to travel without its data, and says where that is', async () => {
    received();
    const [event] = await feed();
    const large = {
      ...(event as EventView),
      id: `evt_${'z'.repeat(52)}` as EventView['id'],
      data: { text: 'x'.repeat(250_000) },
    };
    await topic.publish(tenant, [large]);
    const [message] = received();
    const envelope = JSON.parse(message?.body ?? '');
    expect(envelope).not.toHaveProperty('data');
    expect(envelope.dataref).toBe('/v1/events?after=0&limit=1');
    expect(() => eventEnvelope.parse(envelope)).not.toThrow();
  });

  it('divides what is too large for one call', async () => {
    const [event] = await feed();
    const events = Array.from({ length: 5 }, (_, index) => ({
      ...(event as EventView),
      id: `evt_${String(index + 2).repeat(52)}` as EventView['id'],
      data: { text: 'x'.repeat(100_000) },
    }));
    await topic.publish(tenant, events);
    expect(received().map(({ body }) => JSON.parse(body).id)).toEqual(events.map(({ id }) => id));
  });
});

async function resetCursor(block: number): Promise<void> {
  const { client, name } = openPlatformTable({
    table: books.database.tables.platform,
    endpoint: books.database.endpoint,
  });
  const Item = { PK: `T#${tenant}#CURSOR`, SK: 'publication', block };
  await client.send(new PutCommand({ TableName: name, Item }));
}
