import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook as Verifier } from 'standardwebhooks';
import type { ApiAnswer } from '../support/api-client.ts';
import { until } from '../support/until.ts';
import { type ReceivedRequest, type Receiver, startReceiver } from '../webhooks/receiver.ts';
import { openTarget, type Target } from './target.ts';

/** Whether the stage runs where this test does, so that it can reach a receiver here. */
const isLocal = ['', 'localhost', '127.0.0.1'].includes(
  process.env.FLORIN_URL === undefined ? '' : new URL(process.env.FLORIN_URL).hostname,
);

/** Longer than a busy machine needs for an attempt that it was too slow for, and the next. */
const giveUpAfterMs = 120_000;

let target: Target;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  target = await openTarget();
  await target.api.post('/v1/assets', { code: 'USD/2' });
  await target.api.post('/v1/accounts', { id: 'system:external', unbounded: true });
});
afterAll(async () => {
  await target.stop();
  await receiver.stop();
});

/** Where one test alone has its events sent: what comes late, or twice, to another is not taken for its own. */
function pathOf(test: string): { readonly url: string; readonly received: () => ReceivedRequest[] } {
  const path = `/${test}`;
  return {
    url: new URL(path, receiver.url).href,
    received: () => receiver.requests.filter((request) => request.path === path),
  };
}

/** What the API says, asked for so seldom that those who do the work have time for it. */
async function quietly(path: string): Promise<ApiAnswer['body']> {
  await sleep(100);
  return (await target.api.get(path)).body;
}

/** Has a ping sent, which is tried once, until one has come; and returns that. */
async function pinged(webhookId: string, received: () => ReceivedRequest[]): Promise<ReceivedRequest> {
  return until(
    'a ping',
    async () => {
      const { status, body: ping } = await target.api.post(`/v1/webhooks/${webhookId}/ping`, undefined);
      expect(status).toBe(202);
      const path = `/v1/webhooks/${webhookId}/deliveries/${ping.id}`;
      await until('the end of a ping', async () => (await quietly(path)).status !== 'pending', giveUpAfterMs);
      return received().find(({ headers }) => headers['webhook-id'] === ping.eventId);
    },
    giveUpAfterMs,
  );
}

describe('webhooks', () => {
  it.each([
    ['in any order', false],
    ['in the order of the journal', true],
  ])(
    'bring every transaction of an account to a receiver, signed, %s',
    async (_name, ordered) => {
      const { api } = target;
      const { url, received } = pathOf(`transactions-${ordered}`);
      const created = await api.post('/v1/webhooks', { url, types: ['transaction.posted'], ordered });
      if (!isLocal) {
        // A stage on AWS calls public addresses only.
        expect(created).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
        return;
      }
      expect(created.status).toBe(201);
      const webhook = created.body;
      const account = target.name(`receiver-${ordered}`);
      await api.post('/v1/accounts', { id: account });
      const ids: string[] = [];
      for (let count = 0; count < 5; count++) {
        const { body } = await api.post(`/v1/accounts/${account}/deposits`, { asset: 'USD/2', amount: '1' });
        ids.push(body.id);
      }
      const arrived = () => {
        const events = received()
          .filter(({ body }) => body.includes(account))
          .map(({ body, headers }) => new Verifier(webhook.secret).verify(body, headers as Record<string, string>));
        return events.map((event) => (event as { data: { id: string } }).data.id);
      };
      await until('all events', () => new Set(arrived()).size >= ids.length, giveUpAfterMs);
      const once = [...new Set(arrived())];
      expect(ordered ? once : once.toSorted()).toEqual(ordered ? ids : ids.toSorted());
      // That one has succeeded is written after its answer has come.
      const succeeded = `/v1/webhooks/${webhook.id}/deliveries?status=succeeded`;
      await until(
        'the successes of all',
        async () => (await quietly(succeeded)).data.length >= ids.length,
        giveUpAfterMs,
      );
      await api.delete(`/v1/webhooks/${webhook.id}`);
    },
    2 * giveUpAfterMs + 30_000,
  );

  it(
    'answer a ping',
    async () => {
      const { api } = target;
      if (!isLocal) return;
      const { url, received } = pathOf('ping');
      const { body: webhook } = await api.post('/v1/webhooks', { url, types: ['hold.*'] });
      const request = await pinged(webhook.id, received);
      expect(
        new Verifier(webhook.secret).verify(request.body, request.headers as Record<string, string>),
      ).toMatchObject({
        type: 'io.florin.webhook.ping',
      });
      await api.delete(`/v1/webhooks/${webhook.id}`);
    },
    giveUpAfterMs + 30_000,
  );

  it(
    'are signed with a secret that was sealed and opened again, and with the one before while both are valid',
    async () => {
      if (!isLocal) return;
      const { api } = target;
      const { url, received } = pathOf('secrets');
      const { body: webhook } = await api.post('/v1/webhooks', { url, types: ['hold.*'] });
      const path = `/v1/webhooks/${webhook.id}`;
      const rotated = async (overlapSeconds: number): Promise<string> =>
        (await api.post(`${path}/rotate-secret`, { overlapSeconds })).body.secret;
      /** Which of the secrets verify the next message. */
      const verifying = async (secrets: readonly string[]) => {
        const { body, headers } = await pinged(webhook.id, received);
        return secrets.filter((secret) => {
          try {
            return new Verifier(secret).verify(body, headers as Record<string, string>);
          } catch {
            // What standardwebhooks says of a signature that does not fit.
            return false;
          }
        });
      };
      const first: string = webhook.secret;
      expect(await verifying([first])).toEqual([first]);
      const second = await rotated(3_600);
      expect(await verifying([first, second])).toEqual([first, second]);
      const third = await rotated(0);
      expect(await verifying([first, second, third])).toEqual([third]);
      for (const { text } of [await api.get(path), await api.get('/v1/webhooks?limit=100')]) {
        for (const secret of [first, second, third]) expect(text).not.toContain(secret);
      }
      await api.delete(path);
    },
    3 * giveUpAfterMs + 30_000,
  );
});
