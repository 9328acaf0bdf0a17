import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook as Verifier } from 'standardwebhooks';
import { parseChange } from '../../lib/dynamodb/items/change-record-item.ts';
import { GuardedPost } from '../../lib/webhooks/guarded-post.ts';
import { leaseMs } from '../../lib/webhooks/limits.ts';
import { newDelivery } from '../../lib/webhooks/new-delivery.ts';
import { retryDelaysMs } from '../../lib/webhooks/retry-schedule.ts';
import { pingType } from '../../lib/webhooks/verdict.ts';
import { DeliveryFixture, tenant, wakeUpOf } from './delivery-fixture.ts';
import { type Receiver, startReceiver, status } from './receiver.ts';

const minute = 60_000;
const hour = 60 * minute;
/** Hundreds of sweeps, each a dozen calls: a busy machine takes its time over them. */
const manySweepsMs = 120_000;

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

const ids = () => receiver.requests.map(({ headers }) => headers['webhook-id']);

/** The changes of endpoints that the journal will tell of. */
async function disablings() {
  const table = fixture.database.tables.ledger;
  const { Items = [] } = await fixture.database.documents.send(
    new ScanCommand({ TableName: table, ConsistentRead: true }),
  );
  return Items.map((row) => parseChange(row).change);
}

describe('deliveries', () => {
  it('brings an event to each endpoint that wants it, and says so', async () => {
    const all = await fixture.webhook(receiver.url);
    const posted = await fixture.webhook(`${receiver.url}?posted`, { types: ['transaction.posted'] });
    await fixture.webhook(`${receiver.url}?holds`, { types: ['hold.*'] });
    await fixture.webhook(`${receiver.url}?off`, { status: 'disabled', disabledReason: 'by_request' });
    const event = fixture.feed.add();
    expect(await fixture.fanOut([event])).toBe(2);
    await fixture.pump();
    expect(
      receiver.requests.map(({ path, body }) => ({ path, body })).sort((a, b) => (a.path < b.path ? -1 : 1)),
    ).toEqual([
      { path: '/hook', body: event.body },
      { path: '/hook?posted', body: event.body },
    ]);
    for (const webhook of [all, posted]) {
      expect(await fixture.delivery(webhook, event)).toMatchObject({
        status: 'succeeded',
        attempts: [{ number: 1, at: fixture.clock.now(), status: 200, latencyMs: expect.any(Number) }],
      });
    }
    expect(await fixture.sweep()).toMatchObject({ due: 0, isComplete: true });
  });

  it('gives an endpoint nothing that is older than itself', async () => {
    const older = fixture.feed.add();
    await fixture.webhook(receiver.url);
    const newer = fixture.feed.add();
    await fixture.fanOut([older, newer]);
    await fixture.pump();
    expect(ids()).toEqual([newer.id]);
  });

  it('sends the headers of the specification and its own', async () => {
    const webhook = await fixture.webhook(receiver.url);
    const event = fixture.feed.add();
    await fixture.fanOut([event]);
    await fixture.pump();
    const { id } = await fixture.delivery(webhook, event);
    expect(receiver.requests[0]?.headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'webhook-id': event.id,
      'webhook-timestamp': String(Math.floor(fixture.clock.now() / 1_000)),
      'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
      'florin-delivery-id': id,
      'florin-delivery-attempt': '1',
      'x-correlation-id': 'cause-1',
    });
  });

  it('signs with the secret before too until its time is over', async () => {
    const value = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
    const now = fixture.clock.now();
    await fixture.webhook(receiver.url, {
      secrets: [
        { value: value(2), createdAt: now },
        { value: value(1), createdAt: now, expiresAt: now + hour },
      ],
    });
    await fixture.fanOut([fixture.feed.add()]);
    await fixture.pump();
    fixture.clock.turn(hour);
    await fixture.fanOut([fixture.feed.add()]);
    await fixture.pump();
    const verifiedBy = receiver.requests.map(({ body, headers }) =>
      [1, 2].filter((byte) => {
        const signed = new Verifier(value(byte)).sign(
          String(headers['webhook-id']),
          new Date(Number(headers['webhook-timestamp']) * 1_000),
          body,
        );
        return String(headers['webhook-signature']).split(' ').includes(signed);
      }),
    );
    expect(verifiedBy).toEqual([[1, 2], [2]]);
  });

  it('comes to one request, however often and in whatever order its messages come', async () => {
    await fixture.webhook(receiver.url);
    const events = [fixture.feed.add(), fixture.feed.add(), fixture.feed.add()];
    await fixture.fanOut(events);
    await fixture.fanOut(events.toReversed());
    const messages = fixture.queue.take();
    expect(messages).toHaveLength(6);
    await Promise.all([...messages, ...messages.toReversed()].map((message) => fixture.look(message)));
    await fixture.pump();
    expect(ids().toSorted()).toEqual(events.map(({ id }) => id).toSorted());
  });

  it(
    'tries again by the schedule through an hour without a receiver, then delivers',
    async () => {
      const webhook = await fixture.webhook(receiver.url);
      const event = fixture.feed.add();
      receiver.answering = status(503);
      await fixture.fanOut([event]);
      await fixture.pump();
      // Every minute the sweep looks, and only what is due is tried.
      for (let passed = 0; passed < 60; passed++) await fixture.later(minute);
      const during = await fixture.delivery(webhook, event);
      expect(during).toMatchObject({ status: 'pending', tries: 4 });
      const [first = 0, ...others] = during.attempts.map(({ at }) => at);
      const pauses = others.map((at, index) => at - ([first, ...others][index] as number));
      for (const [index, pause] of pauses.entries()) {
        expect(pause).toBeGreaterThanOrEqual(retryDelaysMs[index] as number);
        expect(pause).toBeLessThanOrEqual((retryDelaysMs[index] as number) * 1.1 + minute);
      }
      receiver.answering = status(200);
      for (let passed = 0; passed < 180; passed++) await fixture.later(minute);
      expect(await fixture.delivery(webhook, event)).toMatchObject({ status: 'succeeded', tries: 5 });
      expect(new Set(ids())).toEqual(new Set([event.id]));
      expect((await fixture.webhooks.get(tenant, webhook.id)).failingSince).toBeUndefined();
    },
    manySweepsMs,
  );

  it('asks the queue to wait for short pauses, and leaves long ones to the sweep', async () => {
    await fixture.webhook(receiver.url);
    receiver.answering = status(500);
    await fixture.fanOut([fixture.feed.add()]);
    const [message] = fixture.queue.take();
    const delays: (number | undefined)[] = [];
    for (const pause of [0, ...retryDelaysMs.slice(0, 3)]) {
      fixture.clock.turn(pause);
      await fixture.look(message as never);
      delays.push(fixture.queue.messages[0]?.delaySeconds);
      fixture.queue.take();
    }
    expect(delays).toEqual([5, 300, undefined, undefined]);
  });

  it.each([
    ['a redirect', status(302, { Location: 'http://127.0.0.1/' }), { status: 302, error: 'redirect' }],
    ['a refusal', status(404), { status: 404, error: 'refused' }],
    ['a failure', status(500), { status: 500, error: 'refused' }],
    ['silence', () => {}, { error: 'timeout' }],
    ['a broken connection', (response: { destroy(): void }) => response.destroy(), { error: 'connection_failure' }],
  ])('tries again after %s', async (_name, answering, attempt) => {
    const webhook = await fixture.webhook(receiver.url);
    const event = fixture.feed.add();
    receiver.answering = answering;
    await fixture.fanOut([event]);
    // Only silence is waited for so long.
    await fixture.pump(attempt.error === 'timeout' ? { post: new GuardedPost({ rule: 'any', timeoutMs: 500 }) } : {});
    expect(await fixture.delivery(webhook, event)).toMatchObject({ status: 'pending', attempts: [attempt] });
    receiver.answering = status(204);
    await fixture.later(6_000);
    expect(await fixture.delivery(webhook, event)).toMatchObject({
      status: 'succeeded',
      attempts: [attempt, { status: 204 }],
    });
  });

  it('waits as long as a receiver asks for', async () => {
    const webhook = await fixture.webhook(receiver.url);
    const event = fixture.feed.add();
    receiver.answering = status(429, { 'Retry-After': '600' });
    await fixture.fanOut([event]);
    await fixture.pump();
    expect((await fixture.delivery(webhook, event)).nextAttemptAt).toBe(fixture.clock.now() + 600_000);
    await fixture.later(599_000 - 1_000);
    expect(receiver.requests).toHaveLength(1);
    await fixture.later(2_000);
    expect(receiver.requests).toHaveLength(2);
  });

  it('refuses to call inner addresses where it may only call the public', async () => {
    const webhook = await fixture.webhook('https://169.254.169.254/latest/meta-data/');
    const event = fixture.feed.add();
    await fixture.fanOut([event]);
    await fixture.pump({ post: new GuardedPost({ rule: 'public' }) });
    expect((await fixture.delivery(webhook, event)).attempts).toMatchObject([{ error: 'address_refused' }]);
  });

  it('keeps the beginning of an answer', async () => {
    const webhook = await fixture.webhook(receiver.url);
    const event = fixture.feed.add();
    receiver.answering = (response) => response.writeHead(400).end('x'.repeat(5_000));
    await fixture.fanOut([event]);
    await fixture.pump();
    expect((await fixture.delivery(webhook, event)).attempts).toMatchObject([
      { status: 400, excerpt: 'x'.repeat(1_024) },
    ]);
  });
});

describe('endpoints that fail', () => {
  it('are switched off by 410 at once, with one event, and what waits for them is given up', async () => {
    const webhook = await fixture.webhook(receiver.url);
    const before = (await disablings()).length;
    const events = [fixture.feed.add(), fixture.feed.add(), fixture.feed.add()];
    await fixture.fanOut(events);
    receiver.answering = status(410);
    const messages = fixture.queue.take();
    await Promise.all([...messages, ...messages].map((message) => fixture.look(message)));
    await fixture.pump();
    expect(await fixture.webhooks.get(tenant, webhook.id)).toMatchObject({
      status: 'disabled',
      disabledReason: 'gone',
      disabledAt: fixture.clock.now(),
    });
    const recorded = (await disablings()).slice(before);
    expect(recorded).toMatchObject([
      {
        type: 'webhook.disabled',
        subject: `webhook/${webhook.id}`,
        number: 1,
        content: { id: webhook.id, status: 'disabled', disabledReason: 'gone' },
      },
    ]);
    for (const event of events) expect(await fixture.delivery(webhook, event)).toMatchObject({ status: 'failed' });
    const requests = receiver.requests.length;
    const more = fixture.feed.add();
    expect(await fixture.fanOut([more])).toBe(0);
    await fixture.later(hour);
    expect(receiver.requests).toHaveLength(requests);
  });

  it('are switched off when the last attempt fails and nothing else succeeded', async () => {
    const webhook = await fixture.webhook(receiver.url);
    const event = fixture.feed.add();
    receiver.answering = status(500);
    await fixture.fanOut([event]);
    await fixture.pump();
    for (const pause of retryDelaysMs) await fixture.later(pause);
    expect(await fixture.delivery(webhook, event)).toMatchObject({
      status: 'failed',
      failure: 'exhausted',
      attempts: Array.from({ length: 10 }, (_, index) => ({ number: index + 1, status: 500 })),
    });
    expect(await fixture.webhooks.get(tenant, webhook.id)).toMatchObject({
      status: 'disabled',
      disabledReason: 'failing',
    });
    expect(await disablings()).toEqual(
      expect.arrayContaining([expect.objectContaining({ subject: `webhook/${webhook.id}` })]),
    );
  });

  it('stay on when only one event is not taken and others are', async () => {
    const webhook = await fixture.webhook(receiver.url);
    const poisoned = fixture.feed.add();
    receiver.answering = (response, { body }) => response.writeHead(body === poisoned.body ? 422 : 200).end();
    await fixture.fanOut([poisoned]);
    await fixture.pump();
    for (const pause of retryDelaysMs) {
      await fixture.fanOut([fixture.feed.add()]);
      await fixture.pump();
      await fixture.later(pause);
    }
    expect(await fixture.delivery(webhook, poisoned)).toMatchObject({
      status: 'failed',
      failure: 'exhausted',
      attempt: 10,
    });
    expect((await fixture.webhooks.get(tenant, webhook.id)).status).toBe('enabled');
  });

  it('are switched off after five days in which nothing succeeded, wherever schedules stand', async () => {
    const webhook = await fixture.webhook(receiver.url, { failingSince: fixture.clock.now() - 119 * hour });
    const event = fixture.feed.add();
    receiver.answering = status(500);
    await fixture.fanOut([event]);
    await fixture.pump();
    expect((await fixture.webhooks.get(tenant, webhook.id)).status).toBe('enabled');
    await fixture.later(hour);
    expect((await fixture.webhooks.get(tenant, webhook.id)).status).toBe('disabled');
  });

  it('leave pending deliveries to nobody when they are deleted', async () => {
    const webhook = await fixture.webhook(receiver.url);
    const event = fixture.feed.add();
    await fixture.fanOut([event]);
    await fixture.webhooks.delete(tenant, webhook.id, { mark: 'gone', requestHash: '' });
    await fixture.pump();
    expect(receiver.requests).toEqual([]);
    expect(await fixture.delivery(webhook, event)).toMatchObject({ status: 'failed', failure: 'deleted' });
    expect(await fixture.sweep()).toMatchObject({ due: 0 });
  });
});

describe('pings', () => {
  it('reach an endpoint that is switched off, are tried once, and say nothing about its health', async () => {
    const webhook = await fixture.webhook(receiver.url, { status: 'disabled', disabledReason: 'failing' });
    const event = { id: 'evt_ping', type: pingType, sequence: 0, body: '{}', cause: {} };
    const made = await fixture.deliveries.make(newDelivery(webhook, event, fixture.clock.now(), 1));
    receiver.answering = status(410);
    await fixture.look(wakeUpOf(made));
    expect(await fixture.delivery(webhook, event)).toMatchObject({
      status: 'failed',
      failure: 'exhausted',
      attempt: 1,
    });
    expect(await fixture.webhooks.get(tenant, webhook.id)).toMatchObject({ disabledReason: 'failing', version: 1 });
    await fixture.later(hour);
    expect(receiver.requests).toHaveLength(1);
  });
});

describe('a claim', () => {
  it('is one worker’s until its lease is over; then the attempt counts as interrupted', async () => {
    const webhook = await fixture.webhook(receiver.url);
    const event = fixture.feed.add();
    await fixture.fanOut([event]);
    const delivery = await fixture.delivery(webhook, event);
    const claims = await Promise.all(['a', 'b', 'c'].map((nonce) => fixture.deliveries.claim(delivery, nonce)));
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
    // Whoever has it dies.
    await fixture.pump();
    await fixture.later(leaseMs - 2_000);
    expect(receiver.requests).toEqual([]);
    await fixture.later(2_000);
    expect(await fixture.delivery(webhook, event)).toMatchObject({
      status: 'succeeded',
      attempts: [
        { number: 1, error: 'interrupted' },
        { number: 2, status: 200 },
      ],
    });
  });

  it('is lost to whoever comes back after his lease', async () => {
    const webhook = await fixture.webhook(receiver.url);
    const event = fixture.feed.add();
    await fixture.fanOut([event]);
    const late = await fixture.deliveries.claim(await fixture.delivery(webhook, event), 'late');
    if (!late) throw new Error('nobody else was there');
    await fixture.later(leaseMs);
    expect(
      await fixture.deliveries.record(
        late,
        { at: 1, status: 500, error: 'refused' },
        { status: 'pending', nextAttemptAt: 5 },
      ),
    ).toBe(false);
    expect(await fixture.delivery(webhook, event)).toMatchObject({ status: 'succeeded' });
  });
});

describe('a key of the secrets that is out of reach', () => {
  afterEach(() => {
    fixture.secrets.isReachable = true;
  });

  it('lets nothing be sent, blames nobody, and puts the delivery off', async () => {
    const webhook = await fixture.webhook(receiver.url);
    const event = fixture.feed.add();
    await fixture.fanOut([event]);
    const [message] = fixture.queue.take();
    const before = await fixture.delivery(webhook, event);
    fixture.secrets.isReachable = false;
    // Wake-ups may come as often as they like.
    for (let time = 0; time < 12; time++) await fixture.look(message as never);
    expect(receiver.requests).toEqual([]);
    expect(fixture.verdicts).toEqual([]);
    expect(fixture.putOff).toMatchObject([{ delivery: { id: before.id }, error: { code: 'unavailable' } }]);
    expect(await fixture.delivery(webhook, event)).toEqual({ ...before, nextAttemptAt: fixture.clock.now() + minute });
    expect(await fixture.webhooks.get(tenant, webhook.id)).toEqual(webhook);
    fixture.secrets.isReachable = true;
    await fixture.later(minute);
    expect(await fixture.delivery(webhook, event)).toMatchObject({ status: 'succeeded', attempt: 1 });
  });

  it(
    'is asked for less and less often while it lasts, so that what cannot be delivered holds up nothing else',
    async () => {
      const webhook = await fixture.webhook(receiver.url);
      const event = fixture.feed.add();
      fixture.secrets.isReachable = false;
      await fixture.fanOut([event]);
      await fixture.pump();
      for (let passed = 0; passed < 6 * hour; passed += 3 * minute) await fixture.later(3 * minute);
      // Some twenty in the first hour, and then four in each.
      expect(fixture.putOff.length).toBeGreaterThan(20);
      expect(fixture.putOff.length).toBeLessThan(45);
      expect(await fixture.delivery(webhook, event)).toMatchObject({ status: 'pending', attempt: 0, attempts: [] });
      fixture.secrets.isReachable = true;
      await fixture.later(15 * minute);
      expect(await fixture.delivery(webhook, event)).toMatchObject({ status: 'succeeded', attempt: 1 });
      expect(ids()).toEqual([event.id]);
    },
    manySweepsMs,
  );

  it('takes nothing from an attempt that died before, and lets the delivery be replayed', async () => {
    const webhook = await fixture.webhook(receiver.url);
    const event = fixture.feed.add();
    await fixture.fanOut([event]);
    fixture.queue.take();
    const claimedAt = fixture.clock.now();
    await fixture.deliveries.claim(await fixture.delivery(webhook, event), 'nobody any more');
    fixture.secrets.isReachable = false;
    await fixture.later(leaseMs + 1);
    const putOff = await fixture.delivery(webhook, event);
    expect(putOff).toMatchObject({
      attempt: 1,
      tries: 1,
      attempts: [{ number: 1, at: claimedAt, error: 'interrupted' }],
    });
    expect(putOff.claim).toBeUndefined();
    fixture.secrets.isReachable = true;
    // A replay does not wait for it.
    expect(await fixture.deliveries.restart(putOff)).toMatchObject({ tries: 0, nextAttemptAt: fixture.clock.now() });
    await fixture.look(wakeUpOf(putOff));
    expect(await fixture.delivery(webhook, event)).toMatchObject({ status: 'succeeded', attempt: 2 });
  });

  it('holds an ordered line where it stands', async () => {
    const webhook = await fixture.webhook(receiver.url, { ordered: true });
    const events = [fixture.feed.add(), fixture.feed.add()];
    await fixture.fanOut(events);
    const [message] = fixture.queue.take();
    fixture.secrets.isReachable = false;
    await fixture.look(message as never);
    expect(fixture.putOff).toHaveLength(1);
    expect(await fixture.webhooks.get(tenant, webhook.id)).toMatchObject({ deliveredThrough: 0 });
    fixture.secrets.isReachable = true;
    await fixture.later(minute);
    expect(ids()).toEqual(events.map(({ id }) => id));
  });
});
