import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAppender } from '../../lib/dynamodb/journal/journal-appender.ts';
import { blockAnswer, eventPage } from '../../lib/http/event-schemas.ts';
import { blockHash, type EventType, eventHash, hashedPart, type TenantId } from '../../lib/ledger/index.ts';
import { readTable } from '../support/books.ts';
import { insistingly, type TestApi } from './api.ts';
import { startApiWithMoney } from './money.ts';

const tenant = 'default' as TenantId;

let api: TestApi;
/** What was answered, by the id of what it made or changed: what events must show. */
const answers = new Map<string, { readonly type: EventType; readonly body: Record<string, unknown> }>();

async function does(type: EventType, method: string, path: string, body?: unknown) {
  const answer = await insistingly(api.call)(method, path, body);
  expect(answer.status).toBeLessThan(300);
  answers.set(`${type} ${answer.body.id} ${answer.body.version ?? ''}`, { type, body: answer.body });
  return answer.body;
}

beforeAll(async () => {
  api = await startApiWithMoney();
  await does('account.created', 'POST', '/v1/accounts', {
    id: 'alice',
    owner: 'alice@example.org',
    floors: { 'USD/2': '-500' },
    limits: { 'USD/2': { day: { amount: '100000', count: 7 } } },
    metadata: { tier: 'gold' },
  });
  await does('transaction.posted', 'POST', '/v1/accounts/alice/deposits', {
    asset: 'USD/2',
    amount: 1_000,
    description: 'Pay',
  });
  const hold = await does('hold.created', 'POST', '/v1/holds', {
    account: 'alice',
    asset: 'USD/2',
    amount: '600',
    description: 'Room 7',
    metadata: { booking: '9' },
  });
  await does('transaction.posted', 'POST', `/v1/holds/${hold.id}/captures`, {
    destination: 'system:revenue',
    amount: '100',
  });
  await does('hold.voided', 'POST', `/v1/holds/${hold.id}/void`);
  const payment = await does('transaction.posted', 'POST', '/v1/accounts/alice/spends', { asset: 'USD/2', amount: 50 });
  await does('transaction.posted', 'POST', `/v1/transactions/${payment.id}/reversals`, {
    amount: 20,
    metadata: { why: 'late' },
  });
  await does('account.updated', 'PATCH', '/v1/accounts/alice', { owner: null, metadata: { tier: null, level: '2' } });
  const declined = await api.call('POST', '/v1/accounts/alice/spends', { asset: 'USD/2', amount: 1_000_000 });
  const rejected = await api.call('GET', `/v1/transactions/${declined.body.transactionId}`);
  answers.set(`transaction.rejected ${rejected.body.id} `, { type: 'transaction.rejected', body: rejected.body });
  await api.call('POST', '/v1/batches', {
    transactions: [{ source: 'alice', destination: 'system:revenue', asset: 'USD/2', amount: '1' }],
  });
  await append();
});
afterAll(() => api.stop());

/** Appends everything there is, as if all of it had been woken. */
async function append(): Promise<void> {
  const { client, tables, endpoint } = api.database;
  const rows = await readTable(client, tables.ledger);
  const partitions = rows.filter(({ SK }) => SK === 'RECORD' || SK === 'CHANGE').map(({ PK }) => String(PK));
  await openAppender({ table: tables.ledger, endpoint }).append(tenant, partitions, 10_000);
}

async function all(): Promise<
  { id: string; sequence: string; type: EventType; time: string; data: Record<string, unknown> }[]
> {
  return (await api.call('GET', '/v1/events?limit=100')).body.data;
}

describe('listEvents', () => {
  it('shows each thing as its own answer did, with the digest of what may be redacted', async () => {
    const events = await all();
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => String(index + 1)));
    for (const [key, { type, body }] of answers) {
      const event = events.find(({ type: of, data }) => `${of} ${data.id} ${data.version ?? ''}` === key);
      const { detailsDigest, ...data } = event?.data ?? {};
      expect([key, data]).toEqual([key, body]);
      expect(typeof detailsDigest).toBe(type === 'transaction.rejected' ? 'undefined' : 'string');
    }
    const batch = events.find(({ type }) => type === 'batch.posted');
    expect(batch?.data.transactions).toHaveLength(1);
  });

  it('hides nothing of a transaction behind what was reversed of it since', async () => {
    const [payment] = (await all()).filter(({ data }) => data.type === 'spend');
    const { body } = await api.call('GET', `/v1/transactions/${payment?.data.id}`);
    expect(body).toHaveProperty('lastReversal');
    expect(payment?.data).not.toHaveProperty('lastReversal');
  });

  it('goes on from a sequence, from a cursor, and from its end', async () => {
    const events = await all();
    const first = await api.call('GET', '/v1/events?limit=3');
    expect(() => eventPage.parse(first.body)).not.toThrow();
    const second = await api.call('GET', `/v1/events?limit=100&after=${first.body.nextCursor}`);
    expect([...first.body.data, ...second.body.data]).toEqual(events);
    const bySequence = await api.call('GET', '/v1/events?limit=100&after=3');
    expect(bySequence.body.data).toEqual(second.body.data);
    const end = await api.call('GET', `/v1/events?after=${second.body.nextCursor}`);
    expect(end.body).toEqual({ data: [], nextCursor: second.body.nextCursor });
    const beyond = await api.call('GET', '/v1/events?after=999999');
    expect(beyond.body.data).toEqual([]);

    await api.call('POST', '/v1/accounts/alice/deposits', { asset: 'USD/2', amount: 1 });
    await append();
    const next = await api.call('GET', `/v1/events?after=${end.body.nextCursor}`);
    expect(next.body.data).toMatchObject([{ sequence: String(events.length + 1), type: 'transaction.posted' }]);
  });

  it('takes only the types that are wanted, and says how far it looked where there are none', async () => {
    const holds = await api.call('GET', '/v1/events?types=hold.*,account.updated');
    expect(holds.body.data.map(({ type }: { type: string }) => type)).toEqual([
      'hold.created',
      'hold.voided',
      'account.updated',
    ]);
    const none = await api.call('GET', '/v1/events?types=webhook.disabled');
    expect(none.body.data).toEqual([]);
    const behind = await api.call('GET', `/v1/events?after=${none.body.nextCursor}`);
    expect(behind.body.data).toEqual([]);
  });

  it('leaves nothing out for a position that was made up', async () => {
    const { body } = await api.call('GET', '/v1/events?limit=3');
    const [version, binding] = JSON.parse(Buffer.from(body.nextCursor, 'base64url').toString());
    for (const block of [2, 999]) {
      const made = Buffer.from(JSON.stringify([version, binding, [3, block]])).toString('base64url');
      const { body: page } = await api.call('GET', `/v1/events?limit=1&after=${made}`);
      expect(page.data).toMatchObject([{ sequence: '4' }]);
    }
  });
});

describe('getBlock', () => {
  it('answers a block by which its events can be verified', async () => {
    const { body, headers } = await api.call('GET', '/v1/journal/blocks/1');
    expect(() => blockAnswer.parse(body)).not.toThrow();
    const block = blockAnswer.parse(body);
    const events = block.events.map(({ id, type, time, hash }) => ({ id, type, time: Date.parse(time), hash }));
    const { number, firstSequence, previousHash, createdAt, hash } = block;
    const content = {
      number: Number(number),
      firstSequence: Number(firstSequence),
      previousHash,
      createdAt: Date.parse(createdAt),
      events: events as never,
    };
    expect(blockHash(tenant, content)).toBe(hash);
    const shown = await all();
    for (const [index, { hash: expected, ...event }] of events.entries()) {
      const { data = {}, type } = shown[index] ?? {};
      expect(eventHash(tenant, event as never, hashedPart(type as EventType, data as never))).toBe(expected);
    }
    expect(headers['Cache-Control']).toContain('immutable');
    const again = await api.call('GET', '/v1/journal/blocks/1', undefined, {
      headers: { 'If-None-Match': headers.ETag as string },
    });
    expect(again.status).toBe(304);
  });
});
