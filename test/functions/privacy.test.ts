import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAppender } from '../../lib/dynamodb/journal/journal-appender.ts';
import { accountAnswer, holdAnswer } from '../../lib/http/answers.ts';
import { transactionAnswer } from '../../lib/http/line-schemas.ts';
import type { TenantId } from '../../lib/ledger/index.ts';
import { readTable } from '../support/books.ts';
import type { TestApi } from './api.ts';
import { fundedAccount, startApiWithMoney } from './money.ts';

const reason = 'erasure request 4711';
const redacted = { at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) };

let api: TestApi;
let alice: string;
let bob: string;
beforeAll(async () => {
  api = await startApiWithMoney();
  [alice, bob] = [await fundedAccount(api, 10_000), await fundedAccount(api, 0)];
});
afterAll(() => api.stop());

function canary(): string {
  return `canary-${randomUUID()}`;
}

async function transferred(text: string, key = randomUUID()) {
  const body = { source: alice, destination: bob, asset: 'USD/2', amount: '5', description: text, metadata: { text } };
  const answer = await api.call('POST', '/v1/transfers', body, { key });
  expect(answer.status).toBe(201);
  return { ...answer, request: body, key };
}

/** Has the journal go on to everything there is. */
async function append(): Promise<void> {
  const { endpoint, client, tables } = api.database;
  const rows = await readTable(client, tables.ledger);
  const partitions = rows.filter(({ SK }) => SK === 'RECORD' || SK === 'CHANGE').map(({ PK }) => String(PK));
  await openAppender({ table: tables.ledger, endpoint }).append('default' as TenantId, partitions, 20_000);
}

/** Every answer that could show what was written about something of Alice's, as one text. */
async function shown(paths: readonly string[]): Promise<string> {
  const lists = [
    `/v1/accounts/${alice}/entries?limit=100`,
    `/v1/accounts/${alice}/statements?asset=USD.2&from=2020-01-01T00:00:00Z`,
    '/v1/entries?format=csv',
    '/v1/entries?format=ndjson',
    '/v1/events?limit=100',
    '/v1/accounts?limit=100',
    '/v1/admin/audit-log',
  ];
  const answers = await Promise.all([...lists, ...paths].map((path) => api.call('GET', path)));
  return answers.map(({ text }) => text).join('\n');
}

describe('redactTransaction', () => {
  it('answers the transaction without what was written about it, and so does everything from then on', async () => {
    const text = canary();
    const { request, key, body: made } = await transferred(text);
    const path = `/v1/transactions/${made.id}`;
    await append();
    const { headers } = await api.call('GET', path);
    expect(await shown([path])).toContain(text);
    const answer = await api.call('POST', `${path}/redaction`, { reason });
    expect(answer).toMatchObject({ status: 200, body: { id: made.id, status: 'posted', redacted } });
    expect(() => transactionAnswer.parse(answer.body)).not.toThrow();
    expect(answer.body).not.toHaveProperty('description');
    expect(answer.body).not.toHaveProperty('metadata');
    await append();
    expect(await shown([path])).not.toContain(text);
    const read = await api.call('GET', path, undefined, { headers: { 'If-None-Match': headers.ETag ?? '' } });
    expect(read).toMatchObject({ status: 200, body: answer.body });
    const replay = await api.call('POST', '/v1/transfers', request, { key });
    expect(replay).toMatchObject({ status: 201, headers: { 'Idempotent-Replayed': 'true' }, body: { redacted } });
    expect(replay.text).not.toContain(text);
    const other = await api.call('POST', '/v1/transfers', { ...request, amount: '6' }, { key });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it('answers what was declined, and a batch, as they are from then on', async () => {
    const text = canary();
    const key = randomUUID();
    const said = { description: text, metadata: { text } };
    const much = { source: bob, destination: alice, asset: 'USD/2', amount: '99999999', ...said };
    const declined = await api.call('POST', '/v1/transfers', much, { key });
    expect(declined).toMatchObject({ status: 422, body: { code: 'insufficient_funds' } });
    const { id } = (await api.call('GET', `/v1/transactions/${declined.body.transactionId}`)).body;
    const transactions = [1, 2].map((amount) => ({
      type: 'transfer',
      postings: [{ source: alice, destination: bob, asset: 'USD/2', amount: `${amount}` }],
      ...said,
    }));
    const batch = await api.call('POST', '/v1/batches', { transactions });
    for (const [target, status] of [
      [id, 'rejected'],
      [batch.body.id, 'posted'],
    ]) {
      const answer = await api.call('POST', `/v1/transactions/${target}/redaction`, { reason });
      expect(answer).toMatchObject({ status: 200, body: { id: target, status, redacted } });
      expect(() => transactionAnswer.parse(answer.body)).not.toThrow();
      expect((await api.call('GET', `/v1/transactions/${target}`)).body).toEqual(answer.body);
    }
    const again = await api.call('POST', '/v1/transfers', much, { key });
    expect(again).toMatchObject({ status: 422, headers: { 'Idempotent-Replayed': 'true' }, body: declined.body });
    await append();
    const members = batch.body.transactions.map((member: { id: string }) => `/v1/transactions/${member.id}`);
    expect(await shown(members)).not.toContain(text);
  });

  it('leaves the digest in its events, and tells subscribers by one of its own', async () => {
    const { body: made } = await transferred(canary());
    await append();
    const eventsOf = async () =>
      (await api.call('GET', '/v1/events?limit=100&types=transaction.*')).body.data.filter(
        ({ data }: { data: { id: string } }) => data.id === made.id,
      );
    const [before] = await eventsOf();
    await api.call('POST', `/v1/transactions/${made.id}/redaction`, { reason });
    await append();
    expect(await eventsOf()).toMatchObject([
      { type: 'transaction.posted', data: { detailsDigest: before.data.detailsDigest, redacted } },
      { type: 'transaction.redacted', data: { id: made.id, redactedAt: redacted.at } },
    ]);
  });

  it('is done once under its key, whose answer is replayed, and is recorded with its reason', async () => {
    const { body: made } = await transferred(canary());
    const path = `/v1/transactions/${made.id}/redaction`;
    const key = randomUUID();
    const first = await api.call('POST', path, { reason }, { key });
    const again = await api.call('POST', path, { reason }, { key });
    expect(again).toMatchObject({ status: 200, headers: { 'Idempotent-Replayed': 'true' }, text: first.text });
    const reused = await api.call('POST', path, { reason: 'another' }, { key });
    expect(reused).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    const { body: log } = await api.call('GET', `/v1/admin/audit-log?target=${made.id}`);
    expect(log.data).toMatchObject([{ action: 'transaction.redacted', target: made.id, reason }]);
  });

  it('refuses what waits in a line, and what there is not', async () => {
    const body = { source: bob, destination: alice, asset: 'USD/2', amount: '1' };
    const accepted = await api.call('POST', '/v1/transfers', body, { headers: { Prefer: 'respond-async' } });
    expect(accepted.status).toBe(202);
    const waiting = await api.call('POST', `/v1/transactions/${accepted.body.id}/redaction`, { reason });
    expect(waiting).toMatchObject({ status: 409, body: { code: 'in_progress' } });
    for (const path of [
      `/v1/transactions/tx_${'a'.repeat(52)}`,
      `/v1/holds/hold_${'a'.repeat(52)}`,
      '/v1/accounts/none',
    ]) {
      expect(await api.call('POST', `${path}/redaction`, { reason })).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
    }
  });
});

describe('redactHold', () => {
  it('answers the hold without what was written about it', async () => {
    const text = canary();
    const body = { account: alice, asset: 'USD/2', amount: '5', description: text, metadata: { text } };
    const { body: hold } = await api.call('POST', '/v1/holds', body);
    await append();
    const answer = await api.call('POST', `/v1/holds/${hold.id}/redaction`, { reason });
    expect(answer).toMatchObject({ status: 200, body: { id: hold.id, status: 'open', redacted } });
    expect(() => holdAnswer.parse(answer.body)).not.toThrow();
    expect((await api.call('POST', `/v1/holds/${hold.id}/void`)).status).toBe(200);
    await append();
    expect(await shown([`/v1/holds/${hold.id}`])).not.toContain(text);
  });
});

describe('redactAccount', () => {
  it('answers the account without its metadata, and on request without its owner', async () => {
    const text = canary();
    const { body: made } = await api.call('POST', '/v1/accounts', { owner: `${text}-owner`, metadata: { text } });
    const path = `/v1/accounts/${made.id}`;
    await api.call('PATCH', path, { metadata: { more: text } });
    await append();
    const kept = await api.call('POST', `${path}/redaction`, { reason });
    expect(kept).toMatchObject({ status: 200, body: { owner: `${text}-owner`, metadata: {}, redacted } });
    expect(() => accountAnswer.parse(kept.body)).not.toThrow();
    const gone = await api.call('POST', `${path}/redaction`, { reason, owner: true });
    expect(gone.body).not.toHaveProperty('owner');
    await append();
    expect(await shown([path])).not.toContain(text);
    expect((await api.call('PATCH', path, { metadata: { tier: 'gold' } })).body).toMatchObject({
      metadata: { tier: 'gold' },
      redacted,
    });
  });
});
