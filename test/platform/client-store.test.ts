import { DeleteCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { newApiKey } from '../../lib/auth/api-key.ts';
import { ApiKeyLookup } from '../../lib/auth/api-key-lookup.ts';
import { LedgerError, type LedgerErrorCode, type TenantId } from '../../lib/ledger/index.ts';
import { logger } from '../../lib/observability/index.ts';
import { isKeyValidAt } from '../../lib/platform/api-key-item.ts';
import type { ApiClient } from '../../lib/platform/client.ts';
import { patchedClient, revokedClient, rotatedClient } from '../../lib/platform/client-changes.ts';
import { type ClientId, clientIdOf } from '../../lib/platform/client-id.ts';
import { clientItem, parseClient } from '../../lib/platform/client-item.ts';
import { maxClientKeys, maxClients } from '../../lib/platform/client-limits.ts';
import type { ClientStore } from '../../lib/platform/client-store.ts';
import { apiKeyKey, apiKeyUseKey } from '../../lib/platform/keys.ts';
import { actor, made, newClient, newDeed, storeOf, tenant } from '../auth/client-fixture.ts';
import { until } from '../support/until.ts';
import { type PlatformFixture, startPlatform } from './platform-fixture.ts';
import { dieEverywhere, watchedTable } from './watched-table.ts';

let platform: PlatformFixture;
let store: ClientStore;
beforeAll(async () => {
  platform = await startPlatform();
  store = storeOf(platform.table);
});
afterEach(() => {
  platform.proxy.rules.length = 0;
});
afterAll(() => platform.stop());

const now = () => Date.now();
const refusal = (code: LedgerErrorCode) => expect.objectContaining({ name: 'LedgerError', code });

/** Whether a key lets anybody in, by what lies in the table. */
async function isGood(sha256: string): Promise<boolean> {
  const key = await new ApiKeyLookup(platform.table, logger).find(sha256);
  return key !== undefined && isKeyValidAt(key, now());
}

/** The acts on a client, in the order of the log. */
async function actsOn(id: string): Promise<Record<string, unknown>[]> {
  const records = (await platform.items()).filter((item) => item.PK === `T#${tenant}#AUDIT` && item.target === id);
  return records.sort((a, b) => String(a.SK).localeCompare(String(b.SK)));
}

const actionsOn = async (id: string) => (await actsOn(id)).map(({ action }) => action);

/** That each key of a client says of it what the client itself says. */
async function expectKeysAgree(client: ApiClient): Promise<void> {
  const items = (await platform.items()).filter((item) => item.client === client.id && item.SK === 'KEY');
  expect(items.map(({ PK }) => PK).sort()).toEqual(client.keys.map(({ sha256 }) => `KEY#${sha256}`).sort());
  for (const item of items) {
    expect(item).toMatchObject({ tenant: client.tenant, roles: client.roles, scopes: client.scopes });
    expect(item.revokedAt === undefined).toBe(client.revokedAt === undefined);
  }
}

describe('a client', () => {
  it('is read back as it was made, and its row survives a round trip', async () => {
    const terms = { subject: 'user-1', rate: { requestsPerSecond: 1, burst: 2 }, expiresAt: now() + 60_000 };
    const { client } = await made(store, terms);
    expect(await store.get(tenant, client.id)).toEqual(client);
    expect(client).toMatchObject(terms);
    await expectKeysAgree(client);
    const stored = { ...client, keysApplied: [] };
    const row = JSON.parse(JSON.stringify(clientItem(stored)), (_, value) =>
      typeof value === 'number' ? BigInt(value) : value,
    );
    expect(parseClient(row)).toEqual(stored);
  });

  it('of another tenant is not there', async () => {
    const { client } = await made(store);
    await expect(store.get('other' as TenantId, client.id)).rejects.toEqual(refusal('not_found'));
  });

  it('is listed with all others of its tenant, page by page', async () => {
    const of = 'paged' as TenantId;
    const ids: ClientId[] = [];
    for (let count = 0; count < 5; count++) {
      const deed = newDeed();
      const { client } = newClient(deed, { tenant: of, id: clientIdOf(of, deed.keyApplied.mark) });
      ids.push((await store.create(client, deed)).id);
    }
    const seen: ClientId[] = [];
    let after: ClientId | undefined;
    do {
      const page = await store.page(of, { limit: 2, after });
      seen.push(...page.clients.map(({ id }) => id));
      after = page.next;
    } while (after);
    expect(seen).toEqual(ids.sort());
  });
});

describe('create', () => {
  it('makes one client under a key, and says so once in the audit log', async () => {
    const deed = newDeed();
    const { client } = newClient(deed);
    // Each try has a secret key of its own, as requests have; that of the one that came first counts.
    const tries = Array.from({ length: 4 }, () => ({ ...client, keys: newClient(deed).client.keys }));
    const answers = await Promise.all(tries.map((each) => store.create(each, deed)));
    expect(new Set(answers.map(({ keys }) => keys[0]?.sha256)).size).toBe(1);
    expect(await actionsOn(client.id)).toEqual(['client.created']);
    await expectKeysAgree(await store.get(tenant, client.id));
  });

  it('refuses the key for another request', async () => {
    const { client, deed } = await made(store);
    const other = { ...deed, keyApplied: { ...deed.keyApplied, requestHash: 'another' } };
    await expect(store.create(client, other)).rejects.toEqual(refusal('idempotency_key_reused'));
  });

  it('makes as many as a tenant may have, not counting those that are revoked', async () => {
    const of = 'crowded' as TenantId;
    const put = (count: number, rest: Partial<ApiClient> = {}) => {
      const deed = newDeed();
      const { client } = newClient(deed, {
        tenant: of,
        id: `cli_${String(count).padStart(26, 'a')}` as ClientId,
        ...rest,
      });
      const Item = clientItem({ ...client, keysApplied: [deed.keyApplied] });
      return { PutRequest: { Item } };
    };
    const { BatchWriteCommand } = await import('@aws-sdk/lib-dynamodb');
    const requests = Array.from({ length: maxClients + 24 }, (_, count) =>
      put(count, count < 25 ? { revokedAt: now() } : {}),
    );
    for (let start = 0; start < requests.length; start += 25) {
      const RequestItems = { [platform.table.name]: requests.slice(start, start + 25) };
      await platform.database.documents.send(new BatchWriteCommand({ RequestItems }));
    }
    const deed = newDeed();
    const last = newClient(deed, { tenant: of, id: clientIdOf(of, deed.keyApplied.mark) }).client;
    await store.create(last, deed);
    const another = newDeed();
    const tooMany = newClient(another, { tenant: of, id: clientIdOf(of, another.keyApplied.mark) }).client;
    await expect(store.create(tooMany, another)).rejects.toEqual(refusal('already_exists'));
    // A repetition is not one more.
    expect(await store.create(last, deed)).toEqual(last);
  });

  it('asks for a bounded number of clients, however many are revoked', async () => {
    const deed = newDeed();
    const { client } = newClient(deed);
    const { reader } = platform.table;
    let calls = 0;
    // A tenant with so many would take minutes to make: of every page it is told that there is another.
    const query: typeof reader.query = async (input) => {
      if (input.FilterExpression === undefined) return reader.query(input);
      calls += 1;
      return { rows: [], lastKey: { PK: `T#${tenant}#K`, SK: `cli_${calls}` } };
    };
    const endless = Object.assign(Object.create(reader), { query, get: reader.get.bind(reader) });
    expect(await storeOf({ ...platform.table, reader: endless }).create(client, deed)).toEqual(client);
    expect(calls).toBe(10);
  });
});

describe('change', () => {
  it('changes the client and what its keys may do in one write', async () => {
    const { client, key } = await made(store);
    const next = newApiKey('test');
    await store.change(client, 'client.key_rotated', newDeed(), (seen) => rotatedClient(seen, next, 60, now()));
    const changed = await store.change(client, 'client.updated', newDeed(), (seen) =>
      patchedClient(seen, { roles: ['reader'], scopes: ['audit:read'] }),
    );
    expect(changed).toMatchObject({ version: 3, roles: ['reader'] });
    await expectKeysAgree(changed);
    expect(await isGood(key.sha256)).toBe(true);
  });

  it('answers what it is where nothing is to be changed, and records nothing', async () => {
    const { client } = await made(store);
    const revoke = () =>
      store.change(client, 'client.revoked', newDeed(), (seen) => revokedClient(seen, undefined, now()));
    expect(await revoke()).toEqual(await revoke());
    expect(await actionsOn(client.id)).toEqual(['client.created', 'client.revoked']);
    const other = await made(store);
    const same = () => store.change(other.client, 'client.updated', newDeed(), (seen) => patchedClient(seen, {}));
    expect(await same()).toEqual(other.client);
    expect(await actionsOn(other.client.id)).toEqual(['client.created']);
  });

  it('is refused for a client that is not there', async () => {
    const id = clientIdOf(tenant, 'nobody');
    await expect(store.change({ tenant, id }, 'client.updated', newDeed(), (seen) => seen)).rejects.toEqual(
      refusal('not_found'),
    );
  });

  it('is not made where deciding on it fails', async () => {
    const { client } = await made(store);
    const no = () => {
      throw new LedgerError('invalid_request', 'no');
    };
    await expect(store.change(client, 'client.updated', newDeed(), no)).rejects.toThrow('no');
    expect(await store.get(tenant, client.id)).toEqual(client);
  });

  it('ends the oldest key beyond as many as may be good at once', async () => {
    const { client, key } = await made(store);
    const rotate = async () => {
      const next = newApiKey('test');
      await store.change(client, 'client.key_rotated', newDeed(), (seen) => rotatedClient(seen, next, 3_600, now()));
      return next;
    };
    const newer = [];
    for (let count = 1; count < maxClientKeys; count++) newer.push(await rotate());
    expect(await isGood(key.sha256)).toBe(true);
    newer.push(await rotate());
    expect(await isGood(key.sha256)).toBe(false);
    for (const each of newer) expect(await isGood(each.sha256)).toBe(true);
    await expectKeysAgree(await store.get(tenant, client.id));
  });
});

/** Rows of keys that somebody has removed or damaged past the service. */
describe('a client whose keys do not agree with it', () => {
  async function rotatedOnce() {
    const { client, key } = await made(store);
    const next = newApiKey('test');
    await store.change(client, 'client.key_rotated', newDeed(), (seen) => rotatedClient(seen, next, 3_600, now()));
    return { client, older: key, newer: next };
  }
  const removeRow = (sha256: string) =>
    platform.database.documents.send(new DeleteCommand({ TableName: platform.table.name, Key: apiKeyKey(sha256) }));

  it('can be revoked although a row is lost, which does not come back', async () => {
    const { client, older, newer } = await rotatedOnce();
    await removeRow(older.sha256);
    const revoked = await store.change(client, 'client.revoked', newDeed(), (seen) =>
      revokedClient(seen, 'Leaked', now()),
    );
    expect(revoked.keys.map(({ sha256 }) => sha256)).toEqual([newer.sha256]);
    for (const { sha256 } of [older, newer]) expect(await isGood(sha256)).toBe(false);
    await expectKeysAgree(await store.get(tenant, client.id));
    const [, , { before, after }] = (await actsOn(client.id)) as [unknown, unknown, Record<string, string>];
    expect(JSON.parse(before as string).keys).toHaveLength(2);
    expect(JSON.parse(after as string).keys).toHaveLength(1);
  });

  it('gets a new key although all its rows are lost', async () => {
    const { client, older, newer } = await rotatedOnce();
    await Promise.all([older, newer].map(({ sha256 }) => removeRow(sha256)));
    const next = newApiKey('test');
    await store.change(client, 'client.key_rotated', newDeed(), (seen) => rotatedClient(seen, next, 3_600, now()));
    expect(await isGood(next.sha256)).toBe(true);
    await expectKeysAgree(await store.get(tenant, client.id));
  });

  it.each([
    ['is revoked', 'REMOVE revokedAt', revokedClient],
    ['may do less', 'SET #roles = :admin', (seen: ApiClient) => patchedClient(seen, { roles: ['reader'] })],
  ])('is held to what it says of itself when it is asked again for what it is: it %s', async (_, damage, change) => {
    const { client, newer } = await rotatedOnce();
    const ask = () => store.change(client, 'client.revoked', newDeed(), (seen) => change(seen, undefined, now()));
    await ask();
    // As replication leaves it that takes an older row for the newer one.
    await platform.database.documents.send(
      new UpdateCommand({
        TableName: platform.table.name,
        Key: apiKeyKey(newer.sha256),
        UpdateExpression: damage,
        ...(damage.includes('#roles') && {
          ExpressionAttributeNames: { '#roles': 'roles' },
          ExpressionAttributeValues: { ':admin': ['admin'] },
        }),
      }),
    );
    const after = await ask();
    await expectKeysAgree(after);
    expect(after.version).toBe(4);
    expect(await ask()).toEqual(after);
    expect(await actionsOn(client.id)).toHaveLength(4);
  });

  it('is shown although a row is damaged, which a change mends', async () => {
    const { client, newer } = await rotatedOnce();
    const {
      database: { documents: dynamodb },
      table: { name },
    } = platform;
    await dynamodb.send(
      new UpdateCommand({
        TableName: name,
        Key: apiKeyKey(newer.sha256),
        UpdateExpression: 'SET #roles = :damage',
        ExpressionAttributeNames: { '#roles': 'roles' },
        ExpressionAttributeValues: { ':damage': ['owner'] },
      }),
    );
    await dynamodb.send(new PutCommand({ TableName: name, Item: { ...apiKeyUseKey(newer.sha256), lastUsedAt: 17 } }));
    const seen = await store.get(tenant, client.id);
    expect([...(await store.lastUses([seen]))]).toEqual([[newer.sha256, 17]]);
    await store.change(client, 'client.revoked', newDeed(), (each) => revokedClient(each, undefined, now()));
    expect(await isGood(newer.sha256)).toBe(false);
  });
});

describe('changes at the same time', () => {
  it.each(Array.from({ length: 5 }, (_, round) => round))(
    'leave no key good where one of them revokes (%i)',
    async () => {
      const { client, key } = await made(store);
      // Each in an instance of its own, so that nothing but the table keeps them apart.
      const stores = Array.from({ length: 4 }, () => storeOf(platform.table));
      const next = stores.slice(1).map(() => newApiKey('test'));
      const outcomes = await Promise.allSettled([
        stores[0]?.change(client, 'client.revoked', newDeed(), (seen) => revokedClient(seen, 'Leaked', now())),
        ...next.map((one, index) =>
          stores[index + 1]?.change(client, 'client.key_rotated', newDeed(), (seen) => {
            if (seen.revokedAt !== undefined) throw new LedgerError('already_exists', 'revoked');
            return rotatedClient(seen, one, 3_600, now());
          }),
        ),
      ]);
      expect(outcomes[0]).toMatchObject({ status: 'fulfilled' });
      const after = await store.get(tenant, client.id);
      expect(after.revokedAt).toBeDefined();
      for (const one of [key, ...next]) expect(await isGood(one.sha256)).toBe(false);
      await expectKeysAgree(after);
      const rotations = outcomes.slice(1).filter(({ status }) => status === 'fulfilled').length;
      expect(await actionsOn(client.id)).toHaveLength(2 + rotations);
    },
  );
});

describe('a revocation', () => {
  /** Goes on changing a client in all instances, many times at once, as whoever has its key may. */
  function flood(client: ApiClient, stores: readonly ClientStore[]) {
    let isOver = false;
    let changes = 0;
    const goOn = async (store: ClientStore) => {
      while (!isOver) {
        const name = `Flood ${changes++}`;
        const change = store.change(client, 'client.updated', newDeed(), (seen) => {
          if (seen.revokedAt !== undefined) throw new LedgerError('already_exists', 'revoked');
          return patchedClient(seen, { name });
        });
        await change.catch((error) => expect(['contention', 'already_exists']).toContain(error.code));
      }
    };
    const all = Promise.all(Array.from({ length: 24 }, (_, index) => goOn(stores[index % stores.length] ?? store)));
    return async () => {
      isOver = true;
      await all;
    };
  }

  it.each([1, 6])(
    'comes through all that is changed of the client meanwhile, in as many instances as %d',
    async (instances) => {
      const { client, key } = await made(store);
      const stores = Array.from({ length: instances }, () => storeOf(platform.table));
      const end = flood(client, stores);
      try {
        await until('the flood has begun', async () => (await store.get(tenant, client.id)).version > 3);
        const revoked = await stores[0]?.change(client, 'client.revoked', newDeed(), (seen) =>
          revokedClient(seen, 'Leaked', now()),
        );
        expect(revoked?.revokedAt).toBeDefined();
      } finally {
        await end();
      }
      expect(await isGood(key.sha256)).toBe(false);
    },
  );

  it('that came no further than to reserve the client keeps others from changing it for ten seconds, and is made when it is repeated', async () => {
    const { client, key } = await made(store);
    const deed = newDeed();
    const revoke = (by: ClientStore) =>
      by.change(client, 'client.revoked', deed, (seen) => revokedClient(seen, 'Leaked', now()));
    platform.proxy.rules.push({ fault: { kind: 'throttle' }, operation: 'TransactWriteItems' });
    await expect(revoke(store)).rejects.toEqual(refusal('unavailable'));
    platform.proxy.rules.length = 0;

    const rename = (by: ClientStore, name: string) =>
      by.change(client, 'client.updated', newDeed(), (seen) => patchedClient(seen, { name }));
    await expect(rename(store, 'At once')).rejects.toEqual(refusal('contention'));
    const later = storeOf({ ...platform.table, clock: { ...platform.table.clock, now: () => now() + 10_000 } });
    expect(await rename(later, 'Later')).toMatchObject({ name: 'Later', version: 2 });
    expect(await rename(store, 'Not reserved any more')).toMatchObject({ version: 3 });

    expect(await revoke(store)).toMatchObject({ version: 4 });
    expect(await isGood(key.sha256)).toBe(false);
    expect(await actionsOn(client.id)).toEqual([
      'client.created',
      'client.updated',
      'client.updated',
      'client.revoked',
    ]);
  });
});

describe('a request that is repeated after a death', () => {
  it('has made one client, whose key is known only if it was told', async () => {
    let current = newDeed();
    const calls = await dieEverywhere(
      async (watch) => {
        current = newDeed();
        const { client } = newClient(current);
        await storeOf(watchedTable(platform.table, watch)).create(client, current);
      },
      async () => {
        const { client } = newClient(current);
        const answer = await store.create(client, current);
        expect(await actionsOn(client.id)).toEqual(['client.created']);
        await expectKeysAgree(answer);
      },
    );
    // It looks whether the key has made it, counts, looks where the log ends, and writes.
    expect(calls).toBe(4);
  });
  it('has rotated once', async () => {
    let deed = newDeed();
    let client: ApiClient;
    const rotate = (in_: ClientStore) => {
      const next = newApiKey('test');
      return in_.change(client, 'client.key_rotated', deed, (seen) => rotatedClient(seen, next, 60, now()));
    };
    client = (await made(store)).client;
    await dieEverywhere(
      (watch) => rotate(storeOf(watchedTable(platform.table, watch))),
      async () => {
        const rotated = await rotate(store);
        expect(rotated).toMatchObject({ version: 2 });
        expect(rotated.keys).toHaveLength(2);
        expect(await actionsOn(client.id)).toEqual(['client.created', 'client.key_rotated']);
        await expectKeysAgree(rotated);
        deed = newDeed();
        client = (await made(store)).client;
      },
    );
  });

  it('has revoked once', async () => {
    let deed = newDeed();
    let { client, key } = await made(store);
    const revoke = (in_: ClientStore) =>
      in_.change(client, 'client.revoked', deed, (seen) => revokedClient(seen, 'Leaked', now()));
    await dieEverywhere(
      (watch) => revoke(storeOf(watchedTable(platform.table, watch))),
      async () => {
        const revoked = await revoke(store);
        expect(revoked).toMatchObject({ version: 2, revokedFor: 'Leaked' });
        expect(await isGood(key.sha256)).toBe(false);
        expect(await actionsOn(client.id)).toEqual(['client.created', 'client.revoked']);
        await expectKeysAgree(revoked);
        deed = newDeed();
        ({ client, key } = await made(store));
      },
    );
  });

  it.each(['dropAnswer', 'serverError'] as const)('has its effect once where the answer is lost (%s)', async (kind) => {
    const { client, key } = await made(store);
    const fault = kind === 'dropAnswer' ? { kind } : { kind, when: 'after' as const };
    platform.proxy.rules.push({ fault, operation: 'TransactWriteItems', count: 1 });
    const next = newApiKey('test');
    const rotated = await store.change(client, 'client.key_rotated', newDeed(), (seen) =>
      rotatedClient(seen, next, 0, now()),
    );
    expect(rotated.keys.map(({ sha256 }) => sha256)).toEqual([next.sha256]);
    expect(await isGood(key.sha256)).toBe(false);
    expect(await actionsOn(client.id)).toEqual(['client.created', 'client.key_rotated']);
  });
});

describe('what the audit log says', () => {
  it('is who did what, and what was before and after, without a key or a digest of one', async () => {
    const { client, key } = await made(store);
    const next = newApiKey('test');
    await store.change(client, 'client.updated', newDeed(), (seen) =>
      patchedClient(seen, { roles: ['reader'], rate: { requestsPerSecond: 1, burst: 2 } }),
    );
    await store.change(client, 'client.key_rotated', newDeed(), (seen) => rotatedClient(seen, next, 60, now()));
    await store.change(client, 'client.revoked', { ...newDeed(), reason: 'Leaked' }, (seen) =>
      revokedClient(seen, 'Leaked', now()),
    );
    const acts = await actsOn(client.id);
    const read = (text: unknown) => text && JSON.parse(String(text));
    expect(acts.map(({ action, before, after, reason }) => [action, read(before), read(after), reason])).toEqual([
      ['client.created', undefined, expect.objectContaining({ name: 'Billing', roles: ['writer'] }), undefined],
      [
        'client.updated',
        { roles: ['writer'], rate: null },
        { roles: ['reader'], rate: { requestsPerSecond: 1, burst: 2 } },
        undefined,
      ],
      [
        'client.key_rotated',
        { keys: [{ prefix: key.prefix }] },
        { keys: [{ prefix: next.prefix }, { prefix: key.prefix, expiresAt: expect.any(String) }] },
        undefined,
      ],
      ['client.revoked', { revokedAt: null }, { revokedAt: expect.any(String) }, 'Leaked'],
    ]);
    for (const act of acts) expect(act).toMatchObject({ actor, correlationId: expect.stringMatching(/^c-/) });
    const text = JSON.stringify(acts, (_, value) => (typeof value === 'bigint' ? String(value) : value));
    for (const secret of [key.key, key.sha256, next.key, next.sha256]) expect(text).not.toContain(secret);
  });
});
