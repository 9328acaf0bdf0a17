import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { keyDigest, newApiKey } from '../../lib/auth/api-key.ts';
import { type Role, roleNames, type Scope } from '../../lib/auth/index.ts';
import { clientAnswer, clientPage, clientWithKey } from '../../lib/http/client-schemas.ts';
import { readTable } from '../support/books.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { type ApiAnswer, apiKey, type CallOptions, callWith, insistingly, type TestApi } from './api.ts';
import { startApiWithMoney } from './money.ts';

const path = '/v1/admin/clients';

let api: TestApi;
beforeAll(async () => {
  api = await startApiWithMoney();
});
afterAll(() => api.stop());

interface Made {
  readonly id: string;
  readonly key: string;
  readonly path: string;
}

/** Asks as whoever has the key. */
const as =
  (apiKey: string) =>
  (method: string, path: string, body?: unknown, options: CallOptions = {}) =>
    api.call(method, path, body, { ...options, headers: { Authorization: `Bearer ${apiKey}`, ...options.headers } });

async function made(body: object = {}, by: string = apiKey): Promise<Made> {
  const answer = await insistingly(as(by))('POST', path, { name: 'Billing', ...body });
  expect(answer).toMatchObject({ status: 201 });
  return { id: answer.body.id, key: answer.body.key, path: `${path}/${answer.body.id}` };
}

describe('createClient', () => {
  it('answers the client with a key, and where it is', async () => {
    const body = {
      name: 'Billing',
      roles: ['writer'],
      scopes: ['audit:read'],
      subject: 'user-1',
      rate: { requestsPerSecond: 5, burst: 10 },
      expiresAt: '2100-01-01T00:00:00.000Z',
    };
    const answer = await api.call('POST', path, body);
    expect(answer.status).toBe(201);
    expect(clientWithKey.parse(answer.body)).toMatchObject({ ...body, tenant: 'default', status: 'active' });
    expect(answer.body.key).toMatch(/^flk_test_[0-9A-Za-z]{32}$/);
    expect(answer.body.keys).toEqual([
      { prefix: answer.body.key.slice(0, 15), createdAt: expect.stringMatching(/Z$/) },
    ]);
    expect(answer.headers.Location).toBe(`${path}/${answer.body.id}`);
    const { key: _, ...rest } = answer.body;
    const read = await api.call('GET', answer.headers.Location as string);
    expect(clientAnswer.parse(read.body)).toEqual(rest);
  });

  it('makes a client that may do nothing where nothing is said', async () => {
    const { key } = await made();
    const detail = 'This operation takes the scope assets:read.';
    expect(await as(key)('GET', '/v1/assets')).toMatchObject({ status: 403, body: { code: 'forbidden', detail } });
  });

  it('tells the key once: neither a repetition nor anything that is kept has it', async () => {
    const key = randomUUID();
    const first = await api.call('POST', path, { name: 'Once' }, { key });
    const again = await api.call('POST', path, { name: 'Once' }, { key });
    expect(again).toMatchObject({
      status: 201,
      headers: { 'Idempotent-Replayed': 'true' },
      body: { id: first.body.id },
    });
    expect(again.body).not.toHaveProperty('key');
    expect(clientWithKey.parse(again.body).keyNote).toContain('rotate-key');
    const { client, tables } = api.database;
    const rows = await Promise.all([tables.idempotency, tables.platform].map((table) => readTable(client, table)));
    const [records = '', stored = ''] = rows.map((all) => all.map((row) => inspect(row, { depth: null })).join());
    expect(records).toContain(first.body.id);
    expect(stored).toContain(keyDigest(first.body.key));
    for (const text of [records, stored]) expect(text).not.toContain(first.body.key);
    expect(records).not.toContain(keyDigest(first.body.key));
  });

  it('makes one of requests that come at once, and tells one of them the key', async () => {
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => api.call('POST', path, { name: 'Once' }, { key })),
    );
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const keys = answers.flatMap(({ body }) => body.key ?? []);
    expect(keys).toHaveLength(1);
    expect(await as(keys[0])('GET', path)).toMatchObject({ status: 403 });
  });

  it('refuses a key that was used for another client', async () => {
    const key = randomUUID();
    await api.call('POST', path, { name: 'One' }, { key });
    const other = await api.call('POST', path, { name: 'Two' }, { key });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });
});

describe('listClients', () => {
  it('answers page by page, and keys by what they begin with', async () => {
    const mine = await Promise.all([made(), made()]);
    const ids: string[] = [];
    let cursor = '';
    do {
      const { body } = await api.call('GET', `${path}?limit=2${cursor && `&cursor=${cursor}`}`);
      ids.push(...clientPage.parse(body).data.map(({ id }) => id));
      cursor = body.nextCursor ?? '';
    } while (cursor);
    expect(ids).toEqual(expect.arrayContaining(mine.map(({ id }) => id)));
    expect(ids).toEqual(ids.toSorted());
  });

  it('tells when a key was used last', async () => {
    const { key, path: one } = await made();
    expect((await api.call('GET', one)).body.keys[0]).not.toHaveProperty('lastUsedAt');
    await as(key)('GET', '/v1/assets');
    const { lastUsedAt } = (await api.call('GET', one)).body.keys[0];
    expect(Date.now() - Date.parse(lastUsedAt)).toBeLessThan(10_000);
    const page = await api.call('GET', `${path}?limit=100`);
    expect(page.body.data.find(({ id }: Made) => one.endsWith(id)).keys[0]).toMatchObject({ lastUsedAt });
  });
});

describe('updateClient', () => {
  it('changes what is named, and null takes away', async () => {
    const { path: one } = await made({ roles: ['writer'], rate: { requestsPerSecond: 5, burst: 10 } });
    const expiresAt = '2100-01-01T00:00:00.000Z';
    const first = await api.call('PATCH', one, { roles: ['reader'], expiresAt });
    expect(clientAnswer.parse(first.body)).toMatchObject({
      name: 'Billing',
      roles: ['reader'],
      rate: { requestsPerSecond: 5, burst: 10 },
      expiresAt,
      version: '2',
    });
    const second = await api.call('PATCH', one, { name: 'Books', rate: null, expiresAt: null });
    expect(second.body).toMatchObject({ name: 'Books', roles: ['reader'], version: '3' });
    expect(second.body).not.toHaveProperty('rate');
    expect(second.body).not.toHaveProperty('expiresAt');
  });

  it('takes from a client what it has when it asks for that itself, and then it cannot undo it', async () => {
    const { key, path: one } = await made({ roles: ['admin'] });
    expect(await as(key)('PATCH', one, { roles: ['reader'] })).toMatchObject({
      status: 200,
      body: { roles: ['reader'] },
    });
    expect(await as(key)('PATCH', one, { roles: ['admin'] })).toMatchObject({ status: 403 });
    expect(await as(key)('GET', '/v1/assets')).toMatchObject({ status: 200 });
  });

  it('suspends a client and takes it back', async () => {
    const { path: one } = await made();
    const past = '2020-01-01T00:00:00.000Z';
    expect((await api.call('PATCH', one, { expiresAt: past })).body).toMatchObject({ status: 'expired' });
    expect((await api.call('PATCH', one, { expiresAt: null })).body).toMatchObject({ status: 'active' });
  });
});

describe('rotateClientKey', () => {
  it('makes a new key once, beside which the one before goes on', async () => {
    const { key: before, path: one } = await made({ roles: ['reader'] });
    const key = randomUUID();
    const first = await api.call('POST', `${one}/rotate-key`, {}, { key });
    const again = await api.call('POST', `${one}/rotate-key`, {}, { key });
    expect(clientWithKey.parse(first.body)).toMatchObject({ key: expect.any(String), keys: [{}, {}] });
    expect(clientWithKey.parse(again.body)).toMatchObject({ keyNote: expect.any(String), keys: first.body.keys });
    expect(again.body).not.toHaveProperty('key');
    const ends = Date.parse(first.body.keys[1].expiresAt) - Date.now();
    expect(ends / 3_600_000).toBeCloseTo(24, 1);
    for (const each of [before, first.body.key])
      expect(await as(each)('GET', '/v1/assets')).toMatchObject({ status: 200 });
  });

  it('ends the ones before at once where that is wanted', async () => {
    const { key: before, path: one } = await made({ roles: ['reader'] });
    const { body } = await api.call('POST', `${one}/rotate-key`, { overlapSeconds: 0 });
    expect(body.keys).toHaveLength(1);
    expect(await as(before)('GET', '/v1/assets')).toMatchObject({ status: 401 });
    expect(await as(body.key)('GET', '/v1/assets')).toMatchObject({ status: 200 });
  });
});

describe('revokeClient', () => {
  it('ends all keys for ever, with a reason', async () => {
    const { key, path: one } = await made({ roles: ['admin'] });
    const revoked = await api.call('POST', `${one}/revoke`, { reason: 'Leaked' });
    expect(clientAnswer.parse(revoked.body)).toMatchObject({ status: 'revoked', revokedFor: 'Leaked', version: '2' });
    expect(await as(key)('GET', '/v1/assets')).toMatchObject({ status: 401 });
    for (const [method, rest, body] of [
      ['PATCH', '', { roles: ['admin'], expiresAt: null }],
      ['POST', '/rotate-key', {}],
    ] as const) {
      const answer = await api.call(method, one + rest, body);
      expect(answer).toMatchObject({ status: 409, body: { code: 'client_revoked' } });
    }
    const again = await api.call('POST', `${one}/revoke`, { reason: 'Once more' });
    expect(again).toMatchObject({ status: 200, body: revoked.body });
  });

  it('may be done by a client to itself', async () => {
    const { key, path: one } = await made({ roles: ['admin'] });
    expect(await as(key)('POST', `${one}/revoke`, {})).toMatchObject({ status: 200, body: { status: 'revoked' } });
  });
});

describe('a change that is made', () => {
  it('is answered, with a new key in it, also where nobody can say when keys were used last', async () => {
    const { key: used, path: one } = await made({ roles: ['reader'] });
    expect(await as(used)('GET', '/v1/assets')).toMatchObject({ status: 200 });
    const proxy = await startFaultProxy({ target: api.database.endpoint });
    proxy.rules.push({ operation: 'BatchGetItem', fault: { kind: 'cut' } });
    process.env.AWS_ENDPOINT_URL_DYNAMODB = proxy.url;
    try {
      jest.resetModules();
      const { handler } = await import('../../functions/clients/index.ts');
      const call = callWith({ clients: handler });
      const renamed = await call('PATCH', one, { name: 'Renamed' });
      expect(renamed).toMatchObject({ status: 200, body: { name: 'Renamed', keys: [{}] } });
      expect(renamed.body.keys[0]).not.toHaveProperty('lastUsedAt');
      const { status, body } = await call('POST', `${one}/rotate-key`, { overlapSeconds: 0 });
      expect(status).toBe(200);
      expect(await as(body.key)('GET', '/v1/assets')).toMatchObject({ status: 200 });
      expect(await call('POST', `${one}/revoke`, {})).toMatchObject({ status: 200, body: { status: 'revoked' } });
    } finally {
      process.env.AWS_ENDPOINT_URL_DYNAMODB = api.database.endpoint;
      await proxy.stop();
    }
  });
});

describe('whoever loses what he was allowed', () => {
  const ends: readonly [name: string, end: (path: string) => Promise<ApiAnswer>, status: number][] = [
    ['revoked', (one) => api.call('POST', `${one}/revoke`, {}), 401],
    ['with a key that was replaced', (one) => api.call('POST', `${one}/rotate-key`, { overlapSeconds: 0 }), 401],
    ['ended', (one) => api.call('PATCH', one, { expiresAt: '2020-01-01T00:00:00Z' }), 401],
    ['narrowed', (one) => api.call('PATCH', one, { roles: ['reader'] }), 403],
  ];

  it.each(ends)(
    'makes no client from then on, also where he is known from the last minute (%s)',
    async (_, end, status) => {
      const { key, path: one } = await made({ roles: ['admin'] });
      const other = await made({ roles: ['admin'] });
      expect(await as(key)('GET', path)).toMatchObject({ status: 200 });
      expect(await end(one)).toMatchObject({ status: 200 });
      const answers = [
        await as(key)('POST', path, { name: 'Kept', roles: ['reader'] }),
        await as(key)('POST', `${other.path}/rotate-key`, {}),
        await as(key)('PATCH', one, { roles: ['admin'], expiresAt: null }),
        await as(key)('GET', path),
      ];
      expect(answers.map((answer) => answer.status)).toEqual([status, status, status, status]);
    },
  );

  it.each(ends)('makes no webhook from then on and redacts nothing (%s)', async (_, end, status) => {
    const { key, path: one } = await made({ roles: ['admin'] });
    const webhook = { url: 'https://example.com/events', types: ['transaction.*'] };
    const redacting = () => as(key)('POST', '/v1/accounts/nobody/redaction', { reason: 'asked for' });
    expect(await as(key)('GET', '/v1/webhooks')).toMatchObject({ status: 200 });
    expect(await redacting()).toMatchObject({ status: 404 });
    expect(await end(one)).toMatchObject({ status: 200 });
    const answers = [await as(key)('POST', '/v1/webhooks', webhook), await redacting()];
    expect(answers.map((answer) => answer.status)).toEqual([status, status]);
  });
});

describe('a caller', () => {
  interface Power {
    readonly roles?: readonly Role[];
    readonly scopes?: readonly Scope[];
    readonly subject?: string;
  }
  const clerk: Power = { scopes: ['clients:read', 'clients:write'] };
  const admin: Power = { roles: ['admin'] };
  const platform: Power = { roles: ['admin'], scopes: ['admin:platform'] };
  const owner: Power = { subject: 'ada' };
  /** Who may give what, and what is missing else. */
  const table: readonly [name: string, caller: Power, given: Power, missing: readonly Scope[]][] = [
    ['a clerk nothing', clerk, {}, []],
    ['a clerk his own', clerk, { scopes: ['clients:read'] }, []],
    ['a clerk reading', clerk, { scopes: ['assets:read'] }, ['assets:read']],
    ['a clerk a role', clerk, { roles: ['reader'], scopes: ['clients:write'] }, ['accounts:read', 'webhooks:read']],
    [
      'a clerk somebody’s accounts',
      clerk,
      owner,
      ['accounts:read', 'holds:read', 'holds:write', 'transactions:read', 'transactions:write'],
    ],
    ['an admin each role', admin, { roles: roleNames }, []],
    ['an admin somebody’s accounts', admin, owner, []],
    ['an admin the platform', admin, { scopes: ['admin:platform'] }, ['admin:platform']],
    ['the platform itself', platform, { scopes: ['admin:platform'] }, []],
    ['an owner with a clerk’s scopes his own accounts', { ...clerk, ...owner }, owner, ['accounts:read']],
    [
      'a clerk what he has by no role',
      { roles: ['reader'], scopes: clerk.scopes ?? [] },
      { scopes: ['fees:write'] },
      ['fees:write'],
    ],
  ];

  const expectForbidden = (answer: ApiAnswer, missing: readonly Scope[]) => {
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    for (const scope of missing) expect(answer.body.detail).toContain(scope);
  };

  it.each(table)('who gives: %s', async (_name, power, given, missing) => {
    const caller = as((await made(power)).key);
    const there = await made(given);
    const plain = await made();
    const attempts = {
      create: await caller('POST', path, { name: 'Given', ...given }),
      rotate: await caller('POST', `${there.path}/rotate-key`, {}),
      rename: await caller('PATCH', there.path, { name: 'Renamed' }),
      narrow: await caller('PATCH', there.path, { roles: [], scopes: [] }),
      // A subject is for ever, so only roles and scopes can be given later.
      ...(given.subject === undefined && { widen: await caller('PATCH', plain.path, given) }),
    };
    for (const [name, answer] of Object.entries(attempts)) {
      if (missing.length > 0) expectForbidden(answer, missing);
      else expect([name, answer.status]).toEqual([name, name === 'create' ? 201 : 200]);
    }
    const read = (await api.call('GET', there.path)).body;
    if (missing.length > 0) expect(read).toMatchObject({ version: '1', keys: [{}], name: 'Billing' });
    // To take away needs no more than the scope.
    expect(await caller('POST', `${there.path}/revoke`, {})).toMatchObject({ status: 200 });
  });

  it('takes no scope of a later release away that he does not know, nor gets a key with it', async () => {
    const there = await made({ roles: ['reader'] });
    const { documents, tables } = api.database;
    const later = { roles: ['reader'], scopes: ['assets:read', 'assets:guess'] };
    for (const row of await readTable(api.database.client, tables.platform)) {
      if (row.SK !== there.id && row.client !== there.id) continue;
      await documents.send(new PutCommand({ TableName: tables.platform, Item: { ...row, ...later } }));
    }
    const scopesStored = async () =>
      (await readTable(api.database.client, tables.platform))
        .filter((row) => row.SK === there.id || row.client === there.id)
        .map(({ scopes }) => scopes);

    expect(await api.call('PATCH', there.path, { name: 'Renamed' })).toMatchObject({ status: 403 });
    const rotated = await api.call('POST', `${there.path}/rotate-key`, {});
    expectForbidden(rotated, ['assets:guess' as Scope]);
    expect(await scopesStored()).toEqual([later.scopes, later.scopes]);
    const read = await api.call('GET', there.path);
    expect(clientAnswer.parse(read.body)).toMatchObject({ roles: ['reader'], scopes: ['assets:read'] });
    expect(await api.call('POST', `${there.path}/revoke`, {})).toMatchObject({ status: 200 });
    expect(await scopesStored()).toEqual([later.scopes, later.scopes]);
    expect(await as(there.key)('GET', '/v1/assets')).toMatchObject({ status: 401 });
  });

  it('without the scopes reads and changes no client', async () => {
    const { path: one } = await made();
    const { key } = await made({ roles: ['operator'] });
    const answers = [
      await as(key)('GET', path),
      await as(key)('GET', one),
      await as(key)('POST', path, { name: 'x' }),
      await as(key)('PATCH', one, { name: 'x' }),
      await as(key)('POST', `${one}/rotate-key`, {}),
      await as(key)('POST', `${one}/revoke`, {}),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403]);
  });
});

describe('tenants', () => {
  it('begin with an admin made by the platform, who sees and changes his own clients only', async () => {
    const answer = await api.call('POST', path, { name: 'Admin', roles: ['admin'], tenant: 'acme' });
    expect(answer).toMatchObject({ status: 201, body: { tenant: 'acme' } });
    expect(answer.headers.Location).toBe(`${path}/${answer.body.id}?tenant=acme`);
    const asAcme = as(answer.body.key);
    const own = await asAcme('POST', path, { name: 'Own', roles: ['writer'] });
    expect(own).toMatchObject({ status: 201, body: { tenant: 'acme' } });
    const page = await asAcme('GET', path);
    expect(page.body.data.map(({ name }: { name: string }) => name).sort()).toEqual(['Admin', 'Own']);
    const byPlatform = await api.call('GET', `${path}/${own.body.id}?tenant=acme`);
    expect(byPlatform).toMatchObject({ status: 200, body: { id: own.body.id } });
    expect(await api.call('PATCH', `${path}/${own.body.id}?tenant=acme`, { name: 'x' })).toMatchObject({ status: 200 });
    expect(await api.call('GET', `${path}/${own.body.id}`)).toMatchObject({ status: 404 });
  });

  it('see in their own audit log what the platform did to their clients, and it sees nothing of theirs', async () => {
    const { body: admin } = await api.call('POST', path, { name: 'Admin', roles: ['admin'], tenant: 'audited' });
    const { body: own } = await as(admin.key)('POST', path, { name: 'Own' });
    await api.call('POST', `${path}/${own.id}/revoke?tenant=audited`, { reason: 'Leaked' });
    const { body: log } = await as(admin.key)('GET', '/v1/admin/audit-log');
    const acts = log.data.map(({ action, target, actor }: Record<string, unknown>) => ({ action, target, actor }));
    const platform = expect.objectContaining({ tenant: 'default', client: 'deployment' });
    expect(acts).toEqual([
      { action: 'client.revoked', target: own.id, actor: platform },
      {
        action: 'client.created',
        target: own.id,
        actor: expect.objectContaining({ tenant: 'audited', client: admin.id }),
      },
      { action: 'client.created', target: admin.id, actor: platform },
    ]);
    for (const { id } of [admin, own]) {
      expect((await api.call('GET', `/v1/admin/audit-log?target=${id}`)).body.data).toEqual([]);
    }
  });

  it('are walls: another’s client is answered like one that does not exist', async () => {
    const { body: acme } = await api.call('POST', path, { name: 'Wall', roles: ['admin'], tenant: 'acme' });
    const { id } = await made();
    const nobody = `cli_${'a'.repeat(26)}`;
    const headers = { 'X-Correlation-Id': 'same' };
    for (const [method, rest, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { name: 'x' }],
      ['POST', '/rotate-key', {}],
      ['POST', '/revoke', {}],
    ] as const) {
      const of = (client: string) => as(acme.key)(method, `${path}/${client}${rest}`, body, { headers });
      const [theirs, none] = [await of(id), await of(nobody)];
      expect(theirs.status).toBe(404);
      expect(theirs.text.replaceAll(id, '…')).toBe(none.text.replaceAll(nobody, '…'));
      // How much is left of the allowance goes down with each request, whatever it is.
      expect({ ...theirs.headers, RateLimit: '' }).toEqual({ ...none.headers, RateLimit: '' });
    }
  });

  it.each(['acme', 'default', 'other'])('are named by nobody but the platform (%s)', async (tenant) => {
    const { key, path: one } = await made({ roles: ['admin'] });
    const answers = [
      await as(key)('POST', path, { name: 'x', tenant }),
      await as(key)('GET', `${path}?tenant=${tenant}`),
      await as(key)('GET', `${one}?tenant=${tenant}`),
      await as(key)('PATCH', `${one}?tenant=${tenant}`, { name: 'x' }),
      await as(key)('POST', `${one}/rotate-key?tenant=${tenant}`, {}),
      await as(key)('POST', `${one}/revoke?tenant=${tenant}`, {}),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403]);
    expect(new Set(answers.map(({ body }) => body.detail)).size).toBe(1);
  });
});

describe('credentials that are not good', () => {
  it('are answered alike, whatever is wrong with them', async () => {
    const revoked = await made({ roles: ['admin'] });
    await api.call('POST', `${revoked.path}/revoke`, {});
    const expired = await made({ roles: ['admin'], expiresAt: '2020-01-01T00:00:00Z' });
    const replaced = await made({ roles: ['admin'] });
    await api.call('POST', `${replaced.path}/rotate-key`, { overlapSeconds: 0 });
    const keys = [
      revoked.key,
      expired.key,
      replaced.key,
      newApiKey('test').key,
      newApiKey('other').key,
      revoked.key.slice(0, -1),
      `${revoked.key.slice(0, -1)}${revoked.key.endsWith('a') ? 'b' : 'a'}`,
      'flk_test_',
      'secret',
    ];
    const headers = { 'X-Correlation-Id': 'same' };
    const answers = [];
    for (const key of keys) answers.push(await as(key)('GET', '/v1/assets', undefined, { headers }));
    expect(answers.map(({ status }) => status)).toEqual(keys.map(() => 401));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(new Set(answers.map((answer) => JSON.stringify(answer.headers))).size).toBe(1);
  });

  it('are no other than good ones where they come in the other header', async () => {
    const { key } = await made({ roles: ['reader'] });
    const answer = await api.call('GET', '/v1/assets', undefined, { bare: true, headers: { 'X-Api-Key': key } });
    expect(answer.status).toBe(200);
  });
});
