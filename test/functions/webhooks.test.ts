import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Webhook as Verifier } from 'standardwebhooks';
import { openAppender } from '../../lib/dynamodb/journal/journal-appender.ts';
import { envelopeText, Journal } from '../../lib/events/index.ts';
import { encodeCursor } from '../../lib/http/cursor.ts';
import {
  deliveryAnswer,
  deliveryPage,
  replayAnswer,
  webhookAnswer,
  webhookPage,
  webhookWithSecret,
} from '../../lib/http/webhook-schemas.ts';
import type { TenantId } from '../../lib/ledger/index.ts';
import { readTable } from '../support/books.ts';
import type { ServedQueue, Worker } from '../support/queues.ts';
import { type Receiver, startReceiver, status } from '../webhooks/receiver.ts';
import { type Call, insistingly, loadFunctions, type TestApi } from './api.ts';
import { startApiWithMoney } from './money.ts';
import { lambdaContext } from './proxy-event.ts';

const tenant = 'default' as TenantId;

let api: TestApi;
/** The API as it is where any address may be called. */
let call: Call;
let receiver: Receiver;
let served: readonly ServedQueue[];

beforeAll(async () => {
  api = await startApiWithMoney();
  receiver = await startReceiver();
  process.env.WEBHOOK_TARGETS = 'any';
  jest.resetModules();
  call = await loadFunctions();
  const worker = async (name: string): Promise<Worker> => (await import(`../../functions/workers/${name}.ts`)).handler;
  const context = () => lambdaContext(30_000);
  served = [
    api.queues.serve('webhookEvents', await worker('fan-out-webhooks'), { context }),
    api.queues.serve('deliveries', await worker('deliver-webhooks'), { context }),
  ];
});
afterAll(async () => {
  await Promise.all(served.map((each) => each.stop()));
  await receiver.stop();
  await api.stop();
});
beforeEach(() => {
  receiver.requests.length = 0;
  receiver.answering = status(200);
});
afterEach(async () => {
  for (const { id } of (await call('GET', '/v1/webhooks?limit=100')).body.data)
    await call('DELETE', `/v1/webhooks/${id}`);
});

async function made(body: object = {}): Promise<{ id: string; secret: string; path: string }> {
  const answer = await insistingly(call)('POST', '/v1/webhooks', { url: receiver.url, ...body });
  expect(answer.status).toBe(201);
  return { id: answer.body.id, secret: answer.body.secret, path: `/v1/webhooks/${answer.body.id}` };
}

let published = 0;

/** Appends all there is to the journal and publishes what is new, as the workers before the queue do. Answers the sequences. */
async function publish(): Promise<number[]> {
  const { client, tables, endpoint } = api.database;
  const rows = await readTable(client, tables.ledger);
  const partitions = rows.filter(({ SK }) => SK === 'RECORD' || SK === 'CHANGE').map(({ PK }) => String(PK));
  await openAppender({ table: tables.ledger, endpoint }).append(tenant, partitions, 10_000);
  const { feed } = new Journal({ table: tables.ledger, endpoint });
  const { events } = await feed.page(tenant, { after: { sequence: published }, limit: 100 });
  const { QueueSender } = await import('../../lib/sqs/index.ts');
  const queue = new QueueSender({ queueUrl: api.queues.urlOf('webhookEvents'), timeoutMs: 1_000, maxAttempts: 3 });
  // Each twice: publishing repeats itself after a crash.
  const messages = [...events, ...events].map((event) => ({
    body: envelopeText(tenant, event),
    group: tenant,
    deduplicationId: randomUUID(),
    cause: event.cause,
  }));
  await queue.send(messages);
  published = events.at(-1)?.sequence ?? published;
  await settled();
  return events.map(({ sequence }) => sequence);
}

/** Until there is nothing that a worker could do now; what is tried again later waits in its queue. */
async function settled(): Promise<void> {
  const isBusy = ({ visible, inFlight }: { visible: number; inFlight: number }) => visible + inFlight > 0;
  for (const queue of ['webhookEvents', 'deliveries'] as const) {
    while (isBusy(api.queues.depthOf(queue))) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const deposit = (correlationId: string = randomUUID()) =>
  call(
    'POST',
    '/v1/accounts/system:revenue/deposits',
    { asset: 'USD/2', amount: '5' },
    { headers: { 'X-Correlation-Id': correlationId } },
  );

describe('createWebhook', () => {
  it('answers the webhook with a secret, and where it is', async () => {
    const body = { url: receiver.url, types: ['transaction.*'], description: 'Books', ordered: true };
    const answer = await call('POST', '/v1/webhooks', body);
    expect(answer.status).toBe(201);
    expect(webhookWithSecret.parse(answer.body)).toMatchObject({ ...body, status: 'enabled', version: '1' });
    expect(answer.body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(answer.body).not.toHaveProperty('secretNote');
    expect(answer.headers.Location).toBe(`/v1/webhooks/${answer.body.id}`);
    const { secret: _, ...rest } = answer.body;
    const read = await call('GET', answer.headers.Location as string);
    expect(webhookAnswer.parse(read.body)).toEqual(rest);
  });

  it('tells the secret once: neither a repetition nor anything that is kept for one has it', async () => {
    const key = randomUUID();
    const first = await call('POST', '/v1/webhooks', { url: receiver.url }, { key });
    const again = await call('POST', '/v1/webhooks', { url: receiver.url }, { key });
    expect(again).toMatchObject({
      status: 201,
      headers: { 'Idempotent-Replayed': 'true' },
      body: { id: first.body.id },
    });
    expect(again.body).not.toHaveProperty('secret');
    expect(webhookWithSecret.parse(again.body).secretNote).toContain('rotate-secret');
    const { client, tables } = api.database;
    const records = [...(await readTable(client, tables.idempotency)), ...(await readTable(client, tables.platform))];
    const kept = records.map((record) => inspect(record, { depth: null })).join();
    expect(kept).toContain(first.body.id);
    expect(kept).not.toContain('whsec_');
    expect(kept).not.toContain(first.body.secret.replace('whsec_', ''));
  });

  it('makes one of requests that come at once, and tells one of them the secret', async () => {
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => call('POST', '/v1/webhooks', { url: receiver.url }, { key })),
    );
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(answers.filter(({ body }) => body.secret !== undefined)).toHaveLength(1);
    expect((await call('GET', '/v1/webhooks')).body.data).toHaveLength(1);
  });

  it('refuses the key for another request', async () => {
    const key = randomUUID();
    await call('POST', '/v1/webhooks', { url: receiver.url }, { key });
    const other = await call('POST', '/v1/webhooks', { url: `${receiver.url}/other` }, { key });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it('refuses where there are as many as may be', async () => {
    for (let count = 0; count < 50; count += 10) await Promise.all(Array.from({ length: 10 }, () => made()));
    const answer = await call('POST', '/v1/webhooks', { url: receiver.url });
    expect(answer).toMatchObject({ status: 409, body: { code: 'already_exists' } });
  });

  it('takes http and this machine only where any address may be called', async () => {
    const answer = await api.call('POST', '/v1/webhooks', { url: receiver.url });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ in: 'body', pointer: '/url' }] } });
  });
});

describe('listWebhooks', () => {
  it('lists them in pages, oldest first', async () => {
    const all: string[] = [];
    for (let count = 0; count < 5; count++) all.push((await made()).id);
    const listed: string[] = [];
    let cursor = '';
    do {
      const { body } = await call('GET', `/v1/webhooks?limit=2${cursor}`);
      const page = webhookPage.parse(body);
      listed.push(...page.data.map(({ id }) => id));
      cursor = page.nextCursor === undefined ? '' : `&cursor=${page.nextCursor}`;
    } while (cursor !== '');
    expect(listed).toEqual(all);
  });
});

describe('updateWebhook', () => {
  it('changes what is named and leaves the rest', async () => {
    const { path } = await made({ types: ['hold.*'], description: 'Books' });
    const { body } = await call('PATCH', path, { url: `${receiver.url}/new`, description: '' });
    expect(body).toMatchObject({ url: `${receiver.url}/new`, types: ['hold.*'], version: '2' });
    expect(body).not.toHaveProperty('description');
  });

  it('switches off and on', async () => {
    const { path } = await made();
    const off = await call('PATCH', path, { status: 'disabled' });
    expect(off.body).toMatchObject({
      status: 'disabled',
      disabledReason: 'by_request',
      disabledAt: expect.any(String),
    });
    await deposit();
    await publish();
    expect(receiver.requests).toEqual([]);
    const on = await call('PATCH', path, { status: 'enabled' });
    expect(on.body).toMatchObject({ status: 'enabled' });
    expect(on.body).not.toHaveProperty('disabledReason');
    await deposit();
    await publish();
    expect(receiver.requests).toHaveLength(1);
  });

  it('lets an ordered webhook go on where it stood', async () => {
    const { path } = await made({ ordered: true });
    await call('PATCH', path, { status: 'disabled' });
    await deposit();
    await deposit();
    await publish();
    expect(receiver.requests).toEqual([]);
    await call('PATCH', path, { status: 'enabled' });
    await settled();
    expect(receiver.requests).toHaveLength(2);
  });
});

describe('deleteWebhook', () => {
  it('leaves nothing of what lets one in at its receiver, and of what was said about it', async () => {
    const { path } = await made({ url: `${receiver.url}?token=hush-${randomUUID()}`, description: 'Books of Jane' });
    await call('DELETE', path);
    const rows = await readTable(api.database.client, api.database.tables.platform);
    const left = rows.find(({ PK, SK }) => PK === 'T#default#W' && SK === path.split('/').at(-1));
    expect(left).toMatchObject({ status: 'deleted' });
    expect(inspect(left, { depth: 9 })).not.toMatch(/hush|Jane/);
  });

  it('deletes it once, and the same request again finds that out', async () => {
    const { id, path } = await made();
    const key = randomUUID();
    const first = await call('DELETE', path, undefined, { key });
    expect(first).toMatchObject({ status: 200, body: { id, status: 'deleted' } });
    expect(await call('DELETE', path, undefined, { key })).toMatchObject({
      status: 200,
      headers: { 'Idempotent-Replayed': 'true' },
    });
    expect(await call('DELETE', path)).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await call('GET', path)).toMatchObject({ status: 404 });
  });
});

describe('deliveries', () => {
  it('bring what happened, signed, with the correlation id of the request that it comes from, once each', async () => {
    const { path, secret } = await made({ types: ['transaction.posted'] });
    const { body: transaction } = await deposit('lunch-7');
    const sequences = await publish();
    expect(receiver.requests).toHaveLength(1);
    const [request] = receiver.requests;
    if (!request) throw new Error('there is one');
    const event = new Verifier(secret).verify(request.body, request.headers as Record<string, string>);
    expect(event).toMatchObject({
      specversion: '1.0',
      type: 'io.florin.transaction.posted',
      tenant,
      sequence: String(sequences.at(-1)),
      correlationid: 'lunch-7',
      data: { id: transaction.id, status: 'posted' },
    });
    expect(request.headers).toMatchObject({
      'webhook-id': (event as { id: string }).id,
      'x-correlation-id': 'lunch-7',
    });
    const { body } = await call('GET', `${path}/deliveries`);
    expect(deliveryPage.parse(body).data).toMatchObject([
      {
        status: 'succeeded',
        type: 'transaction.posted',
        eventId: request.headers['webhook-id'],
        attempts: [{ number: 1, statusCode: 200 }],
      },
    ]);
    const one = await call('GET', `${path}/deliveries/${body.data[0].id}`);
    expect(deliveryAnswer.parse(one.body)).toEqual(body.data[0]);
  });

  it('are listed by status, in pages, that of the newest event first', async () => {
    const { path } = await made();
    receiver.answering = (response) => response.writeHead(receiver.requests.length % 2 === 0 ? 500 : 200).end();
    for (let count = 0; count < 6; count++) await deposit();
    const sequences = await publish();
    const listed: string[] = [];
    let cursor = '';
    do {
      const page = deliveryPage.parse((await call('GET', `${path}/deliveries?limit=2${cursor}`)).body);
      listed.push(...page.data.map(({ sequence = '' }) => sequence));
      cursor = page.nextCursor === undefined ? '' : `&cursor=${page.nextCursor}`;
    } while (cursor !== '');
    expect(listed).toEqual(sequences.map(String).reverse());
    const pending = await call('GET', `${path}/deliveries?status=pending`);
    expect(pending.body.data).toHaveLength(3);
    expect(pending.body.data[0]).toMatchObject({
      nextAttemptAt: expect.any(String),
      attempts: [{ statusCode: 500, error: 'refused' }],
    });
    const other = await call(
      'GET',
      `${path}/deliveries?status=failed&cursor=${(await call('GET', `${path}/deliveries?limit=2`)).body.nextCursor}`,
    );
    expect(other).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
  });

  it('are listed from a delivery on, and from nothing that somebody made up: DynamoDB refuses what is no key, which would be a fault of ours', async () => {
    const { path, id } = await made();
    const binding = { operation: 'listDeliveries', tenant: 'default', webhookId: id, status: null };
    const from = (position: string) => call('GET', `${path}/deliveries?cursor=${encodeCursor(binding, position)}`);
    expect(await from(`dlv_${'0'.repeat(12)}${'a'.repeat(26)}`)).toMatchObject({ status: 200, body: { data: [] } });
    for (const position of ['', 'x', 'D#', `dlv_${'1'.repeat(2_000)}`]) {
      expect(await from(position)).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
    }
  });
});

describe('rotateWebhookSecret', () => {
  it('signs with both secrets until the overlap is over, and tells the new one once', async () => {
    const { path, secret } = await made();
    const key = randomUUID();
    const rotated = await call('POST', `${path}/rotate-secret`, {}, { key });
    expect(webhookWithSecret.parse(rotated.body).secrets).toMatchObject([{}, { expiresAt: expect.any(String) }]);
    const again = await call('POST', `${path}/rotate-secret`, {}, { key });
    expect(again.body).not.toHaveProperty('secret');
    expect(again.body).toMatchObject({ version: '2', secretNote: expect.any(String) });
    await deposit();
    await publish();
    const { body, headers } = receiver.requests[0] as never as { body: string; headers: Record<string, string> };
    for (const valid of [secret, rotated.body.secret])
      expect(() => new Verifier(valid).verify(body, headers)).not.toThrow();
    const last = await call('POST', `${path}/rotate-secret`, { overlapSeconds: 0 });
    await deposit();
    await publish();
    const signed = receiver.requests[1] as never as { body: string; headers: Record<string, string> };
    expect(() => new Verifier(last.body.secret).verify(signed.body, signed.headers)).not.toThrow();
    for (const old of [secret, rotated.body.secret]) {
      expect(() => new Verifier(old).verify(signed.body, signed.headers)).toThrow();
    }
  });
});

describe('pingWebhook', () => {
  it('sends a signed test event and says what came of it', async () => {
    const { id, path, secret } = await made({ types: ['hold.*'] });
    const key = randomUUID();
    const answer = await call('POST', `${path}/ping`, undefined, { key });
    expect(answer.status).toBe(202);
    expect(deliveryAnswer.parse(answer.body)).toMatchObject({ status: 'pending', type: 'webhook.ping' });
    await call('POST', `${path}/ping`, undefined, { key });
    await settled();
    expect(receiver.requests).toHaveLength(1);
    const { body, headers } = receiver.requests[0] as never as { body: string; headers: Record<string, string> };
    expect(new Verifier(secret).verify(body, headers)).toMatchObject({ type: 'io.florin.webhook.ping', data: { id } });
    expect((await call('GET', answer.headers.Location as string)).body).toMatchObject({ status: 'succeeded' });
  });
});

describe('replays', () => {
  it('deliver one again, once for each key', async () => {
    const { path } = await made();
    await deposit();
    await publish();
    const [delivery] = (await call('GET', `${path}/deliveries`)).body.data;
    const key = randomUUID();
    for (let time = 0; time < 2; time++) {
      const answer = await call('POST', `${path}/deliveries/${delivery.id}/replay`, undefined, { key });
      expect(answer).toMatchObject({ status: 202, body: { id: delivery.id } });
      await settled();
    }
    expect(receiver.requests).toHaveLength(2);
    expect(new Set(receiver.requests.map(({ body }) => body)).size).toBe(1);
    expect((await call('GET', `${path}/deliveries/${delivery.id}`)).body.attempts).toHaveLength(2);
  });

  it('deliver a range, also what is older than the webhook', async () => {
    for (let count = 0; count < 4; count++) await deposit();
    const [from = 0] = await publish();
    const { path } = await made({ types: ['transaction.posted'] });
    const key = randomUUID();
    for (let time = 0; time < 2; time++) {
      const { status: code, body } = await call(
        'POST',
        `${path}/replays`,
        { from: String(from), to: String(from + 50) },
        { key },
      );
      expect(code).toBe(202);
      expect(replayAnswer.parse(body)).toEqual({ replayed: 4, through: String(from + 3) });
      await settled();
    }
    const bodies = receiver.requests.map(({ body }) => JSON.parse(body).sequence);
    expect(bodies.map(Number).toSorted()).toEqual([from, from + 1, from + 2, from + 3]);
  });

  it.each(['one', 'a range'])('send nothing that was redacted since: %s', async (what) => {
    const { path } = await made({ types: ['transaction.posted'] });
    const body = { asset: 'USD/2', amount: '5', description: 'Wages of Jane' };
    const { body: paid } = await call('POST', '/v1/accounts/system:revenue/deposits', body);
    await publish();
    await settled();
    const sent = receiver.requests.map((request) => (request as never as { body: string }).body);
    expect(sent).toEqual([expect.stringContaining('Wages of Jane')]);
    const { sequence } = JSON.parse(sent[0] ?? '');
    expect((await call('POST', `/v1/transactions/${paid.id}/redaction`, { reason: 'erasure' })).status).toBe(200);
    const [delivery] = (await call('GET', `${path}/deliveries`)).body.data;
    const range = { from: sequence, to: sequence };
    const answer =
      what === 'one'
        ? await call('POST', `${path}/deliveries/${delivery.id}/replay`)
        : await call('POST', `${path}/replays`, range);
    expect(answer.status).toBe(202);
    await settled();
    expect(receiver.requests).toHaveLength(2);
    const again = JSON.parse((receiver.requests[1] as never as { body: string }).body);
    expect(again).toMatchObject({ id: delivery.eventId, data: { id: paid.id, redacted: { at: expect.any(String) } } });
    expect(JSON.stringify(again)).not.toContain('Jane');
  });

  it('leave to an ordered webhook what it has still to come to', async () => {
    const { path } = await made({ ordered: true });
    receiver.answering = status(500);
    await deposit();
    await deposit();
    const [from = 0, to = 0] = await publish();
    const { body } = await call('POST', `${path}/replays`, { from: String(from), to: String(to) });
    expect(body).toEqual({ replayed: 0, through: String(from - 1) });
  });

  it('are refused by a webhook that is switched off', async () => {
    const { path } = await made();
    await deposit();
    await publish();
    const [delivery] = (await call('GET', `${path}/deliveries`)).body.data;
    await call('PATCH', path, { status: 'disabled' });
    for (const answer of [
      await call('POST', `${path}/deliveries/${delivery.id}/replay`),
      await call('POST', `${path}/replays`, { from: '1', to: '2' }),
    ]) {
      expect(answer).toMatchObject({ status: 409, body: { code: 'webhook_disabled' } });
    }
  });
});
