import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AppliedKey } from '../../lib/dynamodb/index.ts';
import { logger } from '../../lib/observability/index.ts';
import { DeliveryStore } from '../../lib/platform/delivery-store.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import type { Webhook } from '../../lib/platform/webhook.ts';
import { WebhookStore } from '../../lib/platform/webhook-store.ts';
import { Endpoints } from '../../lib/webhooks/endpoints.ts';
import { GuardedPost } from '../../lib/webhooks/guarded-post.ts';
import { Replays } from '../../lib/webhooks/replays.ts';
import { openedSecrets } from '../../lib/webhooks/sealed-secrets.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { CrashingInstance } from './crashing.ts';
import { DeliveryFixture, type InstanceParts, tenant, wakeUpOf } from './delivery-fixture.ts';
import { type Receiver, startReceiver, status } from './receiver.ts';

let fixture: DeliveryFixture;
let receiver: Receiver;
let proxy: FaultProxy;
beforeAll(async () => {
  fixture = await DeliveryFixture.start();
  receiver = await startReceiver();
  proxy = await startFaultProxy({ target: fixture.database.endpoint });
});
afterEach(async () => {
  proxy.rules.length = 0;
  await fixture.clear();
  receiver.requests.length = 0;
  receiver.answering = status(200);
});
afterAll(async () => {
  await proxy.stop();
  await receiver.stop();
  await fixture.stop();
});

let made = 0;
const newKey = (): AppliedKey => ({ mark: `owner ${made++}`, requestHash: 'same' });
const terms = () => ({ url: receiver.url, types: [], ordered: false });

function ownersOf(parts: InstanceParts = {}) {
  const { platform = fixture.platform, queue = fixture.queue, secrets = fixture.secrets } = parts;
  const webhooks = new WebhookStore(platform);
  const deliveries = new DeliveryStore(platform);
  const { feed: events, clock } = fixture;
  return {
    webhooks,
    endpoints: new Endpoints({ webhooks, events, secrets, queue, clock, randomBytes }),
    replays: new Replays({ deliveries, events, queue, clock, logger }),
  };
}

/** The secret that an endpoint signs with now. */
async function newestOf(webhook: Webhook): Promise<string | undefined> {
  return (await openedSecrets(fixture.secrets, webhook, fixture.clock.now()))[0];
}

type Owners = ReturnType<typeof ownersOf>;

/** Does something in instances that die at each of their calls in turn, each time again with the same key in one that lives. */
async function repeatedAfterDeaths<T>(
  begin: () => Promise<(owners: Owners, key: AppliedKey) => Promise<T>>,
  check: (answer: T, key: AppliedKey) => Promise<void>,
): Promise<void> {
  for (let call = 1; call < 30; call++) {
    for (const when of ['before', 'after'] as const) {
      await fixture.clear();
      receiver.requests.length = 0;
      const act = await begin();
      const platform = fixture.openTable();
      const post = new GuardedPost({ rule: 'any' });
      const instance = new CrashingInstance(
        { platform, queue: fixture.queue, post, secrets: fixture.secrets },
        { call, when },
      );
      const key = newKey();
      await Promise.allSettled([act(ownersOf(instance.parts), key)]);
      platform.client.destroy();
      await check(await act(ownersOf(), key), key);
      if (!instance.isDead) {
        expect(call).toBeGreaterThan(2);
        return;
      }
    }
  }
  throw new Error('it makes more calls than expected');
}

describe('an owner who repeats a request after a death', () => {
  it('has made one endpoint', () =>
    repeatedAfterDeaths(
      async () => (owners, key) => owners.endpoints.create(tenant, terms(), key),
      async ({ webhook }) => {
        expect((await fixture.webhooks.all(tenant)).map(({ id }) => id)).toEqual([webhook.id]);
      },
    ));

  it('has rotated the secret once', () =>
    repeatedAfterDeaths(
      async () => {
        const { id } = await fixture.webhook(receiver.url);
        return (owners, key) => owners.endpoints.rotate(tenant, id, 3_600, key);
      },
      async ({ webhook, secret }) => {
        expect(webhook).toMatchObject({ version: 2, secrets: [{}, { expiresAt: fixture.clock.now() + 3_600_000 }] });
        expect(webhook.secrets).toHaveLength(2);
        expect([undefined, await newestOf(webhook)]).toContain(secret);
      },
    ));

  it('has deleted the endpoint', () =>
    repeatedAfterDeaths(
      async () => {
        const { id } = await fixture.webhook(receiver.url);
        return (owners, key) => owners.webhooks.delete(tenant, id, key);
      },
      async () => expect(await fixture.webhooks.all(tenant)).toEqual([]),
    ));

  it('has switched an ordered endpoint on, and its line goes on', () =>
    repeatedAfterDeaths(
      async () => {
        const { id } = await fixture.webhook(receiver.url, {
          ordered: true,
          status: 'disabled',
          disabledReason: 'failing',
        });
        fixture.feed.add();
        return (owners, key) => owners.endpoints.update(tenant, id, { status: 'enabled' }, key);
      },
      async (webhook) => {
        expect(webhook).toMatchObject({ status: 'enabled', version: 2 });
        await fixture.pump();
        expect(receiver.requests).toHaveLength(1);
      },
    ));

  it('has sent one ping', () =>
    repeatedAfterDeaths(
      async () => {
        const webhook = await fixture.webhook(receiver.url);
        return async (owners, key) => {
          const found = await owners.webhooks.get(tenant, webhook.id);
          return owners.replays.ping(found, key, {});
        };
      },
      async () => {
        await fixture.later(1_000);
        expect(receiver.requests).toHaveLength(1);
      },
    ));

  it('has replayed each event of a range once', () =>
    repeatedAfterDeaths(
      async () => {
        const webhook = await fixture.webhook(receiver.url);
        for (let count = 0; count < 3; count++) fixture.feed.add();
        // One was delivered already, one is new to the endpoint, one failed.
        await fixture.fanOut(fixture.feed.events.slice(0, 1));
        await fixture.pump();
        receiver.requests.length = 0;
        return (owners, key) => owners.replays.range(webhook, { from: 1, to: 3 }, key);
      },
      async (answer) => {
        expect(answer).toEqual({ replayed: 3, through: 3 });
        await fixture.later(1_000);
        const arrived = receiver.requests.map(({ headers }) => headers['webhook-id']);
        expect(arrived.toSorted()).toEqual(fixture.feed.events.map(({ id }) => id).toSorted());
      },
    ));
});

describe('answers of the table that are lost', () => {
  /** An instance behind the proxy. */
  const behindProxy = () =>
    openPlatformTable({ table: fixture.database.tables.platform, endpoint: proxy.url, clock: fixture.clock });

  it.each([
    ['the claim', 0],
    ['the record', 1],
  ])('do not make a second request: %s', async (_name, skip) => {
    const webhook = await fixture.webhook(receiver.url);
    const event = fixture.feed.add();
    await fixture.fanOut([event]);
    const platform = behindProxy();
    proxy.rules.push({ fault: { kind: 'dropAnswer' }, operation: 'UpdateItem', skip, count: 1 });
    await fixture.look(wakeUpOf(await fixture.delivery(webhook, event)), { platform });
    platform.client.destroy();
    expect(receiver.requests).toHaveLength(1);
    expect(await fixture.delivery(webhook, event)).toMatchObject({ status: 'succeeded', attempt: 1 });
  });

  it('do not hide the secret from the request that made it', async () => {
    const platform = behindProxy();
    proxy.rules.push({ fault: { kind: 'dropAnswer' }, operation: 'PutItem', count: 1 });
    const { secret, webhook } = await ownersOf({ platform }).endpoints.create(tenant, terms(), newKey());
    platform.client.destroy();
    expect(secret).toBe(await newestOf(webhook));
  });

  it('do not switch an endpoint off twice, or record it twice', async () => {
    const webhook = await fixture.webhook(receiver.url);
    const event = fixture.feed.add();
    await fixture.fanOut([event]);
    receiver.answering = status(410);
    const platform = behindProxy();
    proxy.rules.push({ fault: { kind: 'dropAnswer' }, operation: 'TransactWriteItems', count: 1 });
    await fixture.look(wakeUpOf(await fixture.delivery(webhook, event)), { platform });
    platform.client.destroy();
    expect(await fixture.webhooks.get(tenant, webhook.id)).toMatchObject({
      status: 'disabled',
      changesRecorded: 1,
      version: 2,
    });
    expect(fixture.verdicts).toMatchObject([{ disable: 'gone' }]);
  });
});

describe('an attempt that kills whoever makes it', () => {
  it('is not made for ever', async () => {
    const webhook = await fixture.webhook(receiver.url);
    const event = fixture.feed.add();
    await fixture.fanOut([event]);
    const message = fixture.queue.take()[0] as never;
    let requests = 0;
    for (let time = 0; time < 15; time++) {
      const platform = fixture.openTable();
      const post = { send: () => Promise.reject(new Error(`dead ${++requests}`)) };
      await Promise.allSettled([fixture.look(message, { platform, post })]);
      platform.client.destroy();
      fixture.clock.turn(61_000);
    }
    expect(requests).toBe(10);
    expect(await fixture.delivery(webhook, event)).toMatchObject({
      status: 'failed',
      failure: 'exhausted',
      attempt: 10,
    });
  });
});

describe('secrets that were stored before secrets were sealed', () => {
  const value = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
  const older = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;
  const hour = 3_600_000;

  async function plainWebhook(): Promise<Webhook> {
    const createdAt = fixture.clock.now();
    return fixture.webhook(receiver.url, {
      secrets: [
        { value, createdAt },
        { value: older, createdAt, expiresAt: createdAt + hour },
      ],
    });
  }
  const open = (webhook: Webhook) => openedSecrets(fixture.secrets, webhook, fixture.clock.now());

  it('sign as they did', async () => {
    const webhook = await plainWebhook();
    expect(await open(await fixture.webhooks.get(tenant, webhook.id))).toEqual([value, older]);
  });

  it.each<[string, (owners: Owners, webhook: Webhook) => Promise<unknown>]>([
    ['an update', ({ endpoints }, { id }) => endpoints.update(tenant, id, { description: 'Books' }, newKey())],
    ['a rotation', ({ endpoints }, { id }) => endpoints.rotate(tenant, id, 3_600, newKey())],
  ])('are sealed by %s, and sign as they did', async (_change, change) => {
    const webhook = await plainWebhook();
    await change(ownersOf(), webhook);
    const changed = await fixture.webhooks.get(tenant, webhook.id);
    expect(JSON.stringify(changed)).not.toContain('whsec_');
    expect((await open(changed)).slice(-2)).toEqual([value, older]);
    expect(changed.secrets.at(-1)?.expiresAt).toBe(webhook.secrets.at(-1)?.expiresAt);
  });
});

describe('a key that is out of reach', () => {
  afterEach(() => {
    fixture.secrets.isReachable = true;
  });

  it('leaves everything as it was, and the same request succeeds later', async () => {
    const { endpoints } = ownersOf();
    const { id } = await fixture.webhook(receiver.url);
    const [create, rotate] = [newKey(), newKey()];
    const before = await fixture.webhooks.all(tenant);
    fixture.secrets.isReachable = false;
    await expect(endpoints.create(tenant, terms(), create)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(endpoints.rotate(tenant, id, 60, rotate)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await fixture.webhooks.all(tenant)).toEqual(before);
    fixture.secrets.isReachable = true;
    expect(await endpoints.create(tenant, terms(), create)).toHaveProperty('secret');
    expect(await endpoints.rotate(tenant, id, 60, rotate)).toHaveProperty('secret');
  });
});

describe('a queue that takes no wake-up', () => {
  it('is no reason to say that an endpoint was not switched on, and the same request succeeds later', async () => {
    const { endpoints, webhooks } = ownersOf();
    const { webhook } = await endpoints.create(tenant, { ...terms(), ordered: true }, newKey());
    await endpoints.update(tenant, webhook.id, { status: 'disabled' }, newKey());
    fixture.queue.take();
    const queue = {
      send: () => Promise.reject(Object.assign(new Error('not answered in time'), { name: 'TimeoutError' })),
    };
    const key = newKey();
    const enabling = ownersOf({ queue }).endpoints.update(tenant, webhook.id, { status: 'enabled' }, key);
    await expect(enabling).rejects.toMatchObject({ name: 'LedgerError', code: 'outcome_unknown' });
    expect(await webhooks.get(tenant, webhook.id)).toMatchObject({ status: 'enabled' });
    await endpoints.update(tenant, webhook.id, { status: 'enabled' }, key);
    expect(fixture.queue.take()).toHaveLength(1);
  });
});
