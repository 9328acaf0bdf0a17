import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { retryDelaysMs } from '../../lib/webhooks/retry-schedule.ts';
import { DeliveryFixture, tenant } from './delivery-fixture.ts';
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

const arrivals = () => receiver.requests.map(({ headers }) => String(headers['webhook-id']));
const ordered = () => fixture.webhook(receiver.url, { ordered: true });
const enable = {
  status: 'enabled',
  disabledReason: undefined,
  disabledAt: undefined,
  failingSince: undefined,
} as const;

describe('an ordered endpoint', () => {
  it('gets the journal in order, whatever wakes its deliverer', async () => {
    const webhook = await ordered();
    const events = Array.from({ length: 60 }, () => fixture.feed.add());
    // One message, and not even that of the first event.
    await fixture.fanOut(events.slice(40, 41));
    await fixture.pump();
    expect(arrivals()).toEqual(events.map(({ id }) => id));
    expect((await fixture.webhooks.get(tenant, webhook.id)).deliveredThrough).toBe(60);
  });

  it('gets only what it wants, and its cursor passes the rest', async () => {
    const webhook = await fixture.webhook(receiver.url, { ordered: true, types: ['hold.*'] });
    const types = ['transaction.posted', 'hold.created', 'transaction.posted', 'hold.voided', 'account.created'];
    const events = types.map((type) => fixture.feed.add(type));
    await fixture.fanOut(events);
    await fixture.pump();
    expect(arrivals()).toEqual([events[1]?.id, events[3]?.id]);
    expect((await fixture.webhooks.get(tenant, webhook.id)).deliveredThrough).toBe(5);
  });

  it('gets nothing more while it does not take the first, then all of it', async () => {
    const webhook = await ordered();
    const events = [fixture.feed.add(), fixture.feed.add(), fixture.feed.add()];
    receiver.answering = status(500);
    await fixture.fanOut(events);
    await fixture.pump();
    await fixture.later(6_000);
    expect(arrivals()).toEqual([events[0]?.id, events[0]?.id]);
    receiver.answering = status(200);
    await fixture.later(6 * 60_000);
    expect(arrivals().slice(2)).toEqual(events.map(({ id }) => id));
    expect((await fixture.webhooks.get(tenant, webhook.id)).deliveredThrough).toBe(3);
  });

  it('is switched off when the first is not taken to the end, and goes on there when it is on again', async () => {
    const webhook = await ordered();
    const events = [fixture.feed.add(), fixture.feed.add()];
    receiver.answering = status(500);
    await fixture.fanOut(events);
    await fixture.pump();
    for (const pause of retryDelaysMs) await fixture.later(pause);
    expect(await fixture.webhooks.get(tenant, webhook.id)).toMatchObject({ status: 'disabled', deliveredThrough: 0 });
    receiver.answering = status(200);
    receiver.requests.length = 0;
    await fixture.webhooks.change(tenant, webhook.id, { mark: 'on', requestHash: '' }, (seen) => ({
      ...seen,
      ...enable,
    }));
    await fixture.fanOut([fixture.feed.add()]);
    await fixture.pump();
    expect(arrivals()).toEqual(fixture.feed.events.map(({ id }) => id));
    expect(await fixture.delivery(webhook, events[0] as never)).toMatchObject({ status: 'succeeded', attempt: 11 });
  });

  it('is gone on with by another message when time is up', async () => {
    await ordered();
    const events = Array.from({ length: 5 }, () => fixture.feed.add());
    await fixture.fanOut(events.slice(0, 1));
    let timeLeft = 27_000;
    const timeLeftMs = () => {
      timeLeft -= 3_000;
      return timeLeft;
    };
    for (const message of fixture.queue.take()) await fixture.look(message, { timeLeftMs });
    const first = arrivals().length;
    expect(first).toBeLessThan(5);
    expect(fixture.queue.messages).toHaveLength(1);
    await fixture.pump();
    expect(arrivals()).toEqual(events.map(({ id }) => id));
  });
});
