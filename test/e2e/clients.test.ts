import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditLogCheck, auditRecordAnswer } from '../../cli/audit-log/audit-log-check.ts';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';
import { raceTimeoutMs } from './accounts-of-run.ts';
import { type ClientOfRun, clientOfRun } from './client-of-run.ts';
import { openTarget, type Target } from './target.ts';

const clients = '/v1/admin/clients';
const auditLog = '/v1/admin/audit-log';

let target: Target;
let api: ApiClient;
/** A client of whose life the audit log tells. */
let watched: ClientOfRun;
beforeAll(async () => {
  target = await openTarget();
  api = target.api;
  watched = await clientOfRun(target, 'watched', { roles: ['reader'] });
}, raceTimeoutMs);
afterAll(() => target.stop());

/** Every item of a list of the API. */
async function listed(path: string): Promise<ApiAnswer['body'][]> {
  const items: ApiAnswer['body'][] = [];
  let cursor: string | undefined;
  do {
    const { status, body } = await api.get(
      cursor === undefined ? path : `${path}&cursor=${encodeURIComponent(cursor)}`,
    );
    expect(status).toBe(200);
    items.push(...body.data);
    cursor = body.nextCursor;
  } while (cursor !== undefined);
  return items;
}

describe('an API client', () => {
  it('is told its key once', async () => {
    const key = target.name('once');
    const body = { name: target.name('once') };
    const first = await api.post(clients, body, { key });
    expect(first).toMatchObject({ status: 201, body: { ...body, status: 'active' } });
    const secret: string = first.body.key;
    expect(secret).toMatch(/^flk_[a-z][a-z0-9]{0,15}_[0-9A-Za-z]{32}$/);
    const again = await api.post(clients, body, { key });
    expect(again.body).toMatchObject({ id: first.body.id, keyNote: expect.any(String) });
    const read = await api.get(`${clients}/${first.body.id}`);
    expect(read.body.keys).toEqual([expect.objectContaining({ prefix: secret.slice(0, -26) })]);
    for (const { text } of [again, read]) expect(text).not.toContain(secret);
  });

  it('may do what its role and scopes say, and no more', async () => {
    expect((await watched.api.get('/v1/assets')).status).toBe(200);
    const asset = { code: 'NEVER_REGISTERED' };
    expect(await watched.api.post('/v1/assets', asset)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await watched.api.get(auditLog)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    const clerk = await clientOfRun(target, 'clerk', { scopes: ['clients:write'] });
    const more = { name: target.name('more'), roles: ['reader'] };
    expect(await clerk.api.post(clients, more)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });

  it('has a second key for a while when its key is exchanged, and none ever again once it is revoked', async () => {
    const one = `${clients}/${watched.id}`;
    const { status, body } = await api.post(`${one}/rotate-key`, { overlapSeconds: 3_600 });
    expect(status).toBe(200);
    for (const each of [watched.api, watched.api.with(body.key)]) {
      expect((await each.get('/v1/assets')).status).toBe(200);
    }
    const revoked = await api.post(`${one}/revoke`, { reason: 'It leaked.' });
    expect(revoked).toMatchObject({ status: 200, body: { status: 'revoked', revokedFor: 'It leaked.' } });
    expect(await api.post(`${one}/rotate-key`, {})).toMatchObject({ status: 409, body: { code: 'client_revoked' } });
  });
});

describe('the audit log', () => {
  it('tells what was done to a client, by whom, and what it was before', async () => {
    const { body: client } = await api.get(`${clients}/${watched.id}`);
    const query = `target=${watched.id}&from=${client.createdAt}&limit=100`;
    const acts = await listed(`${auditLog}?${query}`);
    const actor = expect.objectContaining({ tenant: client.tenant, client: expect.any(String) });
    const act = (action: string, rest: object) =>
      expect.objectContaining({ action, target: watched.id, actor, ...rest });
    expect(acts.reverse()).toEqual([
      act('client.created', { after: expect.objectContaining({ name: target.name('watched'), roles: ['reader'] }) }),
      act('client.key_rotated', { before: { keys: [expect.anything()] } }),
      act('client.revoked', {
        reason: 'It leaked.',
        before: { revokedAt: null },
        after: { revokedAt: client.revokedAt },
      }),
    ]);
    expect(JSON.stringify(acts)).not.toContain(watched.key);
  });

  it('verifies from its newest record to its first', async () => {
    const { body: client } = await api.get(`${clients}/${watched.id}`);
    const check = new AuditLogCheck(client.tenant, undefined);
    const findings: unknown[] = [];
    for (const record of await listed(`${auditLog}?limit=100`)) {
      findings.push(...check.add(auditRecordAnswer.parse(record)));
    }
    expect([...findings, ...check.end()]).toEqual([]);
    expect(check.records).toBeGreaterThan(3);
  });
});
