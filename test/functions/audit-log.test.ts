import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../lib/dynamodb/table/patience.ts';
import { encodeCursor } from '../../lib/http/cursor.ts';
import { openPlatformTable, type PlatformTable } from '../../lib/platform/platform-table.ts';
import { allRecords, faultsOf } from '../audit/audit-fixture.ts';
import { type ApiAnswer, insistingly, type TestApi } from './api.ts';
import { fundedAccount, startApiWithMoney } from './money.ts';

let api: TestApi;
let table: PlatformTable;
beforeAll(async () => {
  api = await startApiWithMoney();
  table = openPlatformTable({ table: api.database.tables.platform, endpoint: api.database.endpoint });
});
afterAll(async () => {
  table.client.destroy();
  await api.stop();
});

const path = '/v1/admin/audit-log';

/** What the call recorded, oldest first, without what every record has of its own. */
async function recordedBy(act: () => Promise<unknown>): Promise<object[]> {
  const before = (await allRecords(table)).length;
  await act();
  return (await allRecords(table))
    .slice(before)
    .map(({ action, target, before: was, after, reason }) => ({ action, target, before: was, after, reason }));
}

async function account(body: object = {}): Promise<string> {
  return (await insistingly(api.call)('POST', '/v1/accounts', body)).body.id;
}

describe('the audit log', () => {
  it('keeps what changed of an account, its metadata aside', async () => {
    const id = await account();
    const change = {
      status: 'frozen',
      freezes: 'all',
      owner: 'ada',
      floors: { 'USD/2': '-500' },
      metadata: { a: 'b' },
    };
    const limits = { 'USD/2': { day: { amount: '100' } } };
    expect(await recordedBy(() => api.call('PATCH', `/v1/accounts/${id}`, { ...change, limits }))).toEqual([
      {
        action: 'account.updated',
        target: id,
        before: { status: 'active', freezes: null, owner: null, floors: {}, limits: {} },
        after: {
          status: 'frozen',
          freezes: 'all',
          owner: 'ada',
          floors: { 'USD/2': '-500' },
          limits: { 'USD/2': { hour: {}, day: { amount: '100' } } },
        },
      },
    ]);
    expect(await recordedBy(() => api.call('PATCH', `/v1/accounts/${id}`, { metadata: { a: 'c' } }))).toEqual([]);
    expect(await recordedBy(() => api.call('PATCH', `/v1/accounts/${id}`, { owner: 'ada' }))).toEqual([]);
  });

  it('has accounts that were opened so that they can spend what they do not have, and no others', async () => {
    const opened = async (body: object) => {
      const id = `opened-${randomUUID()}`;
      const key = randomUUID();
      const open = () => api.call('POST', '/v1/accounts', { id, metadata: { a: 'b' }, ...body }, { key });
      const [record, ...others] = await recordedBy(() => Promise.all([open(), open(), open()]));
      expect(others).toEqual([]);
      expect(await recordedBy(open)).toEqual([]);
      return record && { ...record, target: (record as { target: string }).target === id };
    };
    const record = { action: 'account.opened', target: true };
    const plain = { status: 'active', unbounded: false, shards: 1, floors: {}, limits: {} };
    expect(await opened({ unbounded: true })).toEqual({ ...record, after: { ...plain, unbounded: true } });
    expect(await opened({ unbounded: true, shards: 4, owner: 'ada' })).toEqual({
      ...record,
      after: { ...plain, unbounded: true, shards: 4, owner: 'ada' },
    });
    const floors = { 'USD/2': '-500' };
    expect(await opened({ floors })).toEqual({ ...record, after: { ...plain, floors } });
    expect(await opened({ floors: { 'USD/2': '0' }, owner: 'ada', freezes: 'debits' })).toBeUndefined();
    expect(await recordedBy(() => api.call('POST', '/v1/accounts', { unbounded: true, floors }))).toEqual([]);
  });

  it('has a change once, however often it is asked for, and nothing of what was refused', async () => {
    const id = await account();
    const freeze = () => api.call('PATCH', `/v1/accounts/${id}`, { status: 'frozen' }, { key: `freeze-${id}` });
    expect(await recordedBy(() => Promise.all([freeze(), freeze(), freeze()]))).toHaveLength(1);
    expect(await recordedBy(freeze)).toEqual([]);
    await api.call('PATCH', `/v1/accounts/${id}`, { status: 'closed' });
    expect(await recordedBy(() => api.call('PATCH', `/v1/accounts/${id}`, { status: 'active' }))).toEqual([]);
    expect(await recordedBy(() => api.call('PATCH', '/v1/accounts/nobody', { status: 'closed' }))).toEqual([]);
  });

  it('keeps who did it, from where, and under which correlation id', async () => {
    const id = await account();
    const headers = { 'X-Correlation-Id': 'case-17', 'User-Agent': 'backoffice/2' };
    await api.call('PATCH', `/v1/accounts/${id}`, { status: 'frozen' }, { headers });
    const last = (await allRecords(table)).at(-1);
    expect(last).toMatchObject({
      correlationId: 'case-17',
      actor: { tenant: 'default', client: 'deployment', userAgent: 'backoffice/2' },
    });
  });

  it('has assets and fee schedules', async () => {
    expect(await recordedBy(() => api.call('POST', '/v1/assets', { code: 'AUDITED' }))).toEqual([
      { action: 'asset.created', target: 'AUDITED' },
    ]);
    expect(await recordedBy(() => api.call('POST', '/v1/assets', { code: 'AUDITED' }))).toEqual([]);
    const effectiveAt = '2100-01-01T00:00:00.000Z';
    expect(await recordedBy(() => api.call('POST', '/v1/fee-schedules', { rules: [], effectiveAt }))).toEqual([
      { action: 'fee_schedule.created', target: '1', after: { rules: 0, effectiveAt } },
    ]);
  });

  it('has webhooks, without their secrets and the queries of their addresses', async () => {
    const url = 'https://hooks.example.com/in?token=hush';
    let answer: ApiAnswer | undefined;
    const shown = 'https://hooks.example.com/in';
    const facts = { url: shown, types: ['hold.*'], status: 'enabled', ordered: false };
    const made = await recordedBy(async () => {
      answer = await api.call('POST', '/v1/webhooks', { url, types: ['hold.*'], description: 'Books' });
    });
    const target = answer?.body.id;
    expect(made).toEqual([{ action: 'webhook.created', target, after: facts }]);
    const hook = `/v1/webhooks/${target}`;
    expect(await recordedBy(() => api.call('PATCH', hook, { status: 'disabled', description: 'Other' }))).toEqual([
      { action: 'webhook.updated', target, before: { status: 'enabled' }, after: { status: 'disabled' } },
    ]);
    expect(await recordedBy(() => api.call('POST', `${hook}/rotate-secret`, {}))).toEqual([
      { action: 'webhook.secret_rotated', target },
    ]);
    expect(await recordedBy(() => api.call('DELETE', hook))).toEqual([
      { action: 'webhook.deleted', target, before: { status: 'disabled' }, after: { status: 'deleted' } },
    ]);
    const log = JSON.stringify(await allRecords(table));
    expect(log).not.toMatch(/whsec|hush|Books/);
  });

  it('has a reversal that may overdraw, before it is executed, and no other', async () => {
    const { body: paid } = await api.call('POST', `/v1/accounts/${await account()}/deposits`, {
      asset: 'USD/2',
      amount: '5',
    });
    const reversals = `/v1/transactions/${paid.id}/reversals`;
    expect(await recordedBy(() => api.call('POST', `${reversals}?dryRun=true`, { allowOverdraft: true }))).toEqual([]);
    expect(await recordedBy(() => api.call('POST', reversals, { amount: '2' }))).toEqual([]);
    expect(await recordedBy(() => api.call('POST', reversals, { amount: '3', allowOverdraft: true }))).toEqual([
      { action: 'transaction.overdrawn', target: paid.id, after: { allowOverdraft: true, amount: '3' } },
    ]);
  });
});

describe('32 changes of different accounts at once', () => {
  it('are all made and recorded, and nobody is starved', async () => {
    const ids = await Promise.all(Array.from({ length: 32 }, () => account()));
    const recorded = await recordedBy(() =>
      Promise.all(
        ids.map(async (id) => {
          // Whoever is starved is told after six seconds that it could not be done.
          const { status } = await api.call('PATCH', `/v1/accounts/${id}`, { status: 'frozen' });
          expect(status).toBe(200);
        }),
      ),
    );
    expect(recorded.map((record) => (record as { target: string }).target).sort()).toEqual([...ids].sort());
    expect(faultsOf(await allRecords(table))).toEqual([]);
  });
});

describe('listAuditRecords', () => {
  async function list(query = ''): Promise<ApiAnswer['body'][]> {
    const all: ApiAnswer['body'][] = [];
    let cursor = '';
    do {
      const { status, body } = await api.call('GET', `${path}?${query}${cursor && `&cursor=${cursor}`}`);
      expect(status).toBe(200);
      all.push(...body.data);
      cursor = body.nextCursor ?? '';
    } while (cursor !== '');
    return all;
  }

  it('shows all of it, newest first, in pages of any size', async () => {
    const records = (await allRecords(table)).map(({ number }) => String(number)).reverse();
    expect(records.length).toBeGreaterThan(30);
    for (const limit of [1, 7, 100]) {
      expect((await list(`limit=${limit}`)).map(({ number }) => number)).toEqual(records);
    }
  });

  it('keeps to an action, a client and a target', async () => {
    const records = [...(await allRecords(table))].reverse();
    const numbers = (filter: (record: (typeof records)[number]) => boolean) =>
      records.filter(filter).map(({ number }) => String(number));
    const target = records.find(({ action }) => action === 'webhook.created')?.target ?? '';
    const listed = async (query: string) => (await list(`limit=3&${query}`)).map(({ number }) => number);
    expect(await listed('action=webhook.updated')).toEqual(numbers(({ action }) => action === 'webhook.updated'));
    expect(await listed(`target=${target}`)).toEqual(numbers((record) => record.target === target));
    expect(await listed(`target=${target}&action=webhook.deleted`)).toHaveLength(1);
    expect(await listed('client=somebody')).toEqual([]);
    expect(await listed('client=deployment')).toEqual(numbers(() => true));
  });

  it('keeps to a period, wherever it begins and ends', async () => {
    const records = [...(await allRecords(table))].reverse();
    const times = [records[0], records[5], records[17], records.at(-1)].map((record) => record?.at ?? 0);
    for (const one of times) {
      for (const other of [...times, 0, Date.now() + 5_000]) {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const query = `limit=9&from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
        const within = records.filter(({ at }) => at >= from && at <= to);
        expect((await list(query)).map(({ number }) => number)).toEqual(within.map(({ number }) => String(number)));
      }
    }
  });

  it('takes a cursor with its own query only', async () => {
    const { body } = await api.call('GET', `${path}?limit=2`);
    const answer = await api.call('GET', `${path}?limit=2&action=asset.created&cursor=${body.nextCursor}`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_cursor' } });
  });
});

describe('getAuditRecord', () => {
  it('shows one with all that is hashed', async () => {
    const [record] = await allRecords(table);
    const { status, body } = await api.call('GET', `${path}/1`);
    expect(status).toBe(200);
    const { tenant: _, at, ...rest } = record ?? { at: 0, tenant: '' };
    expect(body).toEqual(JSON.parse(JSON.stringify({ ...rest, number: '1', at: new Date(at).toISOString() })));
  });

  it('is not found where there is none', async () => {
    expect(await api.call('GET', `${path}/999999`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});

describe('exportAuditLog', () => {
  it('writes all of it, oldest first, in parts that are one file, and last that it was exported', async () => {
    for (const limit of [3, 500]) {
      const before = await allRecords(table);
      let text = '';
      let cursor: string | undefined = '';
      while (cursor !== undefined) {
        const part: ApiAnswer = await api.call('GET', `${path}/export?limit=${limit}${cursor && `&cursor=${cursor}`}`);
        expect(part).toMatchObject({ status: 200, headers: { 'Content-Type': 'application/jsonl' } });
        text += part.text;
        cursor = part.headers['X-Next-Cursor'];
        // What is recorded meanwhile is not in it.
        if (cursor !== undefined) await api.call('GET', '/v1/entries?limit=1');
      }
      const lines = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines.map(({ number }) => Number(number))).toEqual([
        ...before.map(({ number }) => number),
        before.length + 1,
      ]);
      expect(lines.at(-1)).toMatchObject({ action: 'audit_log.exported', target: 'audit-log', after: {} });
    }
  });

  it('keeps to a period', async () => {
    const records = await allRecords(table);
    const [from, to] = [records[4]?.at ?? 0, records[20]?.at ?? 0];
    const query = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;
    const { text } = await api.call('GET', `${path}/export?${query}`);
    const numbers = text
      .trimEnd()
      .split('\n')
      .map((line) => Number(JSON.parse(line).number));
    expect(numbers).toEqual(records.filter(({ at }) => at >= from && at <= to).map(({ number }) => number));
    expect((await api.call('GET', `${path}/export?to=1970-01-02T00:00:00Z`)).text).toBe('');
  });
});

describe('the next part of an export', () => {
  const notFinalMs = 60_000;
  const tenant = 'default';
  const refused = { status: 400, body: { code: 'invalid_cursor' } };
  let funded: string;
  beforeAll(async () => {
    funded = await fundedAccount(api, 5);
  });
  const positionIn = (cursor = '') => JSON.parse(Buffer.from(cursor, 'base64url').toString())[2];

  it('is answered to nobody who made up where to begin, so that no export is without its record', async () => {
    const to = Date.now() - notFinalMs;
    const last = (await allRecords(table)).length;
    for (const record of [{}, { record: 1 }, { record: last + 1 }]) {
      const entries = encodeCursor({ operation: 'exportEntries', tenant }, { to, account: funded, ...record });
      const log = encodeCursor({ operation: 'exportAuditLog', tenant }, { after: 0, through: last, ...record });
      expect(await recordedBy(() => api.call('GET', `/v1/entries?cursor=${entries}`))).toEqual([]);
      expect(await api.call('GET', `/v1/entries?cursor=${entries}`)).toMatchObject(refused);
      expect(await api.call('GET', `${path}/export?cursor=${log}`)).toMatchObject(refused);
    }
  });

  it('is of the period that was recorded', async () => {
    const clock = jest.spyOn(systemClock, 'now').mockImplementation(() => Date.now() + notFinalMs);
    const first = await api.call('GET', '/v1/entries?limit=1');
    const { to, ...position } = positionIn(first.body.nextCursor);
    const of = { operation: 'exportEntries', tenant };
    const same = encodeCursor(of, { ...position, to });
    const longer = encodeCursor(of, { ...position, to: to + 1 });
    expect(await api.call('GET', `/v1/entries?cursor=${same}`)).toMatchObject({ status: 200 });
    expect(await api.call('GET', `/v1/entries?cursor=${longer}`)).toMatchObject(refused);
    // An instance whose clock is behind, as far as clocks may be, answers the same period.
    clock.mockImplementation(() => Date.now() + notFinalMs - 4_000);
    expect((await api.call('GET', `/v1/entries?cursor=${same}`)).body.to).toBe(first.body.to);
    clock.mockRestore();
    const records = await allRecords(table);
    const [from, until] = [records[2]?.at ?? 0, records[5]?.at ?? 0];
    const query = `from=${new Date(from).toISOString()}&to=${new Date(until).toISOString()}&limit=1`;
    const part = await api.call('GET', `${path}/export?${query}`);
    const { after, through, ...rest } = positionIn(part.headers['X-Next-Cursor']);
    const log = { operation: 'exportAuditLog', tenant, from, to: until };
    const ask = (changed: object) =>
      api.call('GET', `${path}/export?${query}&cursor=${encodeCursor(log, { after, through, ...rest, ...changed })}`);
    expect(await ask({})).toMatchObject({ status: 200 });
    expect(await ask({ after: 0 })).toMatchObject(refused);
    expect(await ask({ after: through, through: records.length })).toMatchObject(refused);
  });

  it('is for who began it', async () => {
    const make = async (name: string) =>
      (await insistingly(api.call)('POST', '/v1/admin/clients', { name, roles: ['admin'] })).body.key;
    const as = async (key: string, cursor = '') =>
      api.call('GET', `${path}/export?limit=2${cursor}`, undefined, { headers: { Authorization: `Bearer ${key}` } });
    const [ada, bob] = [await make('Ada'), await make('Bob')];
    const cursor = `&cursor=${(await as(ada)).headers['X-Next-Cursor']}`;
    expect(await as(ada, cursor)).toMatchObject({ status: 200 });
    expect(await as(bob, cursor)).toMatchObject(refused);
  });
});

describe('exportEntries', () => {
  it('is recorded once, however many pages it has', async () => {
    // Entries are exported once they are final, some seconds after.
    const clock = jest.spyOn(systemClock, 'now').mockImplementation(() => Date.now() + 60_000);
    const exported = await recordedBy(async () => {
      const first = await api.call('GET', '/v1/entries?limit=1');
      expect(first.body.nextCursor).toBeDefined();
      await api.call('GET', `/v1/entries?limit=1&cursor=${first.body.nextCursor}`);
    });
    expect(exported).toEqual([
      { action: 'entries.exported', target: 'entries', after: { to: expect.stringMatching(/Z$/) } },
    ]);
    clock.mockRestore();
  });
});
