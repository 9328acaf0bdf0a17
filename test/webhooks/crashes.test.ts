import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { GuardedPost } from '../../lib/webhooks/guarded-post.ts';
import { CrashingInstance, type CrashPoint, Died } from './crashing.ts';
import { DeliveryFixture, type InstanceParts, tenant } from './delivery-fixture.ts';
import { type Receiver, startReceiver, status } from './receiver.ts';

let fixture: DeliveryFixture;
let receiver: Receiver;
beforeAll(async () => {
  fixture = await DeliveryFixture.start();
  receiver = await startReceiver();
});
afterEach(async () => {
  await fixture.clear();
  receiver.requests.length = 0;
  receiver.answering = status(200);
});
afterAll(async () => {
  await receiver.stop();
  await fixture.stop();
});

const lastCallExpected = 40;

/**
 * Runs a piece of work in an instance that dies at its first call, then in one that dies at its second, and so on until one comes
 * to its end; each time before the call and after it. After each death `check` lets others go on.
 */
async function dyingEverywhere(
  begin: () => Promise<(parts: InstanceParts) => Promise<unknown>>,
  check: (point: CrashPoint) => Promise<void>,
): Promise<number> {
  for (let call = 1; call <= lastCallExpected; call++) {
    for (const when of ['before', 'after'] as const) {
      await fixture.clear();
      receiver.requests.length = 0;
      const work = await begin();
      const platform = fixture.openTable();
      const post = new GuardedPost({ rule: 'any' });
      const instance = new CrashingInstance(
        { platform, queue: fixture.queue, post, secrets: fixture.secrets },
        { call, when },
      );
      const [end] = await Promise.allSettled([work(instance.parts)]);
      if (!instance.isDead) expect(end).toMatchObject({ status: 'fulfilled' });
      platform.client.destroy();
      await check({ call, when });
      if (!instance.isDead) return call - 1;
    }
  }
  throw new Error('it makes more calls than expected');
}

const arrivals = () => receiver.requests.map(({ headers }) => String(headers['webhook-id']));

async function disabledEvents(id: string): Promise<number> {
  const table = fixture.database.tables.ledger;
  const { Items = [] } = await fixture.database.documents.send(
    new ScanCommand({ TableName: table, ConsistentRead: true }),
  );
  return Items.filter(({ subject }) => subject === `webhook/${id}`).length;
}

describe('an instance that dies', () => {
  it('while it fans out leaves nothing undelivered when the event comes again', async () => {
    let webhooks: Awaited<ReturnType<typeof fixture.webhook>>[] = [];
    const calls = await dyingEverywhere(
      async () => {
        webhooks = [await fixture.webhook(receiver.url), await fixture.webhook(`${receiver.url}?other`)];
        const events = [fixture.feed.add(), fixture.feed.add()];
        return (parts) => fixture.fanOut(events, parts);
      },
      async (point) => {
        await fixture.fanOut(fixture.feed.events);
        await fixture.pump();
        const expected = fixture.feed.events.flatMap(({ id }) => [id, id]);
        expect({ point, arrived: arrivals().toSorted() }).toEqual({ point, arrived: expected.toSorted() });
        for (const webhook of webhooks) {
          for (const event of fixture.feed.events) {
            expect(await fixture.delivery(webhook, event)).toMatchObject({ status: 'succeeded', attempt: 1 });
          }
        }
      },
    );
    // The endpoints, a delivery for each of both and each event, and the messages.
    expect(calls).toBe(6);
  });

  it('while it fans out leaves to the sweep what it has made', async () => {
    await dyingEverywhere(
      async () => {
        await fixture.webhook(receiver.url);
        const event = fixture.feed.add();
        return (parts) => fixture.fanOut([event], parts);
      },
      async ({ call, when }) => {
        fixture.queue.take();
        await fixture.later(1_000);
        const isMade = call > 2 || (call === 2 && when === 'after');
        expect(arrivals()).toHaveLength(isMade ? 1 : 0);
      },
    );
  });

  it('while it delivers leaves the delivery to others: the event arrives, and once more at the most', async () => {
    let webhook: Awaited<ReturnType<typeof fixture.webhook>>;
    const calls = await dyingEverywhere(
      async () => {
        webhook = await fixture.webhook(receiver.url, { failingSince: fixture.clock.now() });
        await fixture.fanOut([fixture.feed.add()]);
        const [message] = fixture.queue.take();
        return (parts) => fixture.look(message as never, parts);
      },
      async (point) => {
        await fixture.later(61_000);
        const [event] = fixture.feed.events;
        if (!event) throw new Error('there is an event');
        const { status: state, attempt } = await fixture.delivery(webhook, event);
        expect({ point, state }).toEqual({ point, state: 'succeeded' });
        expect(attempt).toBeLessThanOrEqual(2);
        expect(arrivals().length).toBeGreaterThanOrEqual(1);
        expect(arrivals().length).toBeLessThanOrEqual(2);
        expect((await fixture.webhooks.get(tenant, webhook.id)).failingSince).toBeUndefined();
        expect(await fixture.sweep()).toMatchObject({ due: 0 });
      },
    );
    // Endpoint, delivery, secret, claim, request, note on the endpoint, record.
    expect(calls).toBe(7);
  });

  it('while it delivers to a failing receiver leaves a delivery that goes on by the schedule', async () => {
    let webhook: Awaited<ReturnType<typeof fixture.webhook>>;
    await dyingEverywhere(
      async () => {
        receiver.answering = status(500);
        webhook = await fixture.webhook(receiver.url);
        await fixture.fanOut([fixture.feed.add()]);
        const [message] = fixture.queue.take();
        return (parts) => fixture.look(message as never, parts);
      },
      async (point) => {
        receiver.answering = status(200);
        await fixture.later(61_000);
        const [event] = fixture.feed.events;
        if (!event) throw new Error('there is an event');
        expect({ point, ...(await fixture.delivery(webhook, event)) }).toMatchObject({ point, status: 'succeeded' });
      },
    );
  });

  it('while it switches an endpoint off leaves it switched off, with one event', async () => {
    let webhook: Awaited<ReturnType<typeof fixture.webhook>>;
    const calls = await dyingEverywhere(
      async () => {
        receiver.answering = status(410);
        webhook = await fixture.webhook(receiver.url);
        await fixture.fanOut([fixture.feed.add()]);
        const [message] = fixture.queue.take();
        return (parts) => fixture.look(message as never, parts);
      },
      async (point) => {
        await fixture.later(61_000);
        await fixture.later(61_000);
        expect({ point, ...(await fixture.webhooks.get(tenant, webhook.id)) }).toMatchObject({
          point,
          status: 'disabled',
          disabledReason: 'gone',
          changesRecorded: 1,
        });
        expect(await disabledEvents(webhook.id)).toBe(1);
        const [event] = fixture.feed.events;
        if (!event) throw new Error('there is an event');
        expect(await fixture.delivery(webhook, event)).toMatchObject({ status: 'failed' });
        expect(await fixture.sweep()).toMatchObject({ due: 0 });
      },
    );
    // As above; what is noted on the endpoint is that it is switched off.
    expect(calls).toBe(7);
  });

  it('while it goes along an ordered line leaves the rest to whoever gets its message: in order, one of it twice at the most', async () => {
    let webhook: Awaited<ReturnType<typeof fixture.webhook>>;
    let message: Parameters<typeof fixture.look>[0];
    const calls = await dyingEverywhere(
      async () => {
        webhook = await fixture.webhook(receiver.url, { ordered: true, types: ['transaction.*'] });
        for (const type of ['transaction.posted', 'hold.created', 'transaction.posted', 'hold.created']) {
          await fixture.fanOut([fixture.feed.add(type)]);
        }
        [message] = fixture.queue.take() as [typeof message];
        return (parts) => fixture.look(message, parts);
      },
      async (point) => {
        // A queue gives a message that nobody acknowledged to somebody else.
        await fixture.look(message);
        await fixture.later(61_000);
        await fixture.look(message);
        const wanted = fixture.feed.events.filter(({ type }) => type === 'transaction.posted').map(({ id }) => id);
        // Each may come twice in a row, where the first time was not recorded; never before one that is older.
        const inOrder = arrivals().filter((id, index, all) => id !== all[index - 1]);
        expect({ point, inOrder }).toEqual({ point, inOrder: wanted });
        expect(arrivals().length).toBeLessThanOrEqual(wanted.length + 1);
        expect((await fixture.webhooks.get(tenant, webhook.id)).deliveredThrough).toBe(4);
      },
    );
    expect(calls).toBeGreaterThan(10);
  });
});

describe('a death', () => {
  it('is what the instances of these tests die of', async () => {
    const platform = fixture.openTable();
    const post = new GuardedPost({ rule: 'any' });
    const { parts } = new CrashingInstance(
      { platform, queue: fixture.queue, post, secrets: fixture.secrets },
      { call: 1, when: 'before' },
    );
    await expect(fixture.fanOut([], parts)).rejects.toThrow(Died);
    platform.client.destroy();
  });
});
