import { DeleteCommand, GetCommand, PutCommand, type QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { newApiKey } from '../../lib/auth/api-key.ts';
import { ApiKeyLookup, lastUsedPrecisionMs } from '../../lib/auth/api-key-lookup.ts';
import { ApiKeys, type ApiKeysOptions, apiKeyMaxAgeMs } from '../../lib/auth/api-keys.ts';
import { defaultRatePolicy } from '../../lib/auth/index.ts';
import { InvariantViolation } from '../../lib/ledger/index.ts';
import type { ApiClient } from '../../lib/platform/client.ts';
import { patchedClient, revokedClient, rotatedClient } from '../../lib/platform/client-changes.ts';
import { apiKeyKey, apiKeyUseKey } from '../../lib/platform/keys.ts';
import type { PlatformTable } from '../../lib/platform/platform-table.ts';
import { type PlatformFixture, startPlatform } from '../platform/platform-fixture.ts';
import type { Fault } from '../support/faults.ts';
import { busyMachineMs } from '../support/until.ts';
import { made, newDeed, storeOf, tenant } from './client-fixture.ts';

let platform: PlatformFixture;
/** Turns the clock of all instances, which stands still otherwise. */
let ahead = 0;
const startedAt = Date.now();
const now = () => startedAt + ahead;

beforeAll(async () => {
  platform = await startPlatform();
});
afterEach(() => {
  ahead = 0;
  platform.proxy.rules.length = 0;
});
afterAll(() => platform.stop());

/** What instances have written to the log. */
const lines: string[] = [];
const note = (message: string, ...rest: unknown[]) => lines.push(`${message} ${JSON.stringify(rest)}`);
const logger = { debug: note, info: note, warn: note, error: note };

interface InstanceOptions extends Pick<ApiKeysOptions, 'maxAgeMs'> {
  /** By default the table's own, with more patience. */
  readonly client?: PlatformTable['client'];
  readonly elapsed?: () => number;
}

/** An instance of a function, as far as it knows keys, with a clock that the test turns. What is not about time does not fail where this machine is busy. */
function newInstance({
  client = clientWith(() => busyMachineMs),
  elapsed = () => 0,
  ...options
}: InstanceOptions = {}) {
  const clock = { ...platform.table.clock, now, elapsed };
  const lookup = new ApiKeyLookup({ ...platform.table, client, clock }, logger);
  return new ApiKeys({ lookup, clock, logger, ...options });
}

/** The table's client, whose calls may take so long instead of what is asked for, in milliseconds. */
function clientWith(timeoutMs: (call: string, asked: number) => number): PlatformTable['client'] {
  const { client } = platform.table;
  const send = (command: object, { requestTimeout }: { requestTimeout: number }) =>
    client.send(command as QueryCommand, { requestTimeout: timeoutMs(command.constructor.name, requestTimeout) });
  return Object.create(client, { send: { value: send } });
}

/** The table as a test itself reads and damages it, past the service's client and its time-outs. */
const directly = () => ({ client: platform.database.documents, name: platform.table.name });

const store = () => storeOf({ ...platform.table, clock: { ...platform.table.clock, now } });

/** The calls that are made meanwhile, by their operations. */
async function callsDuring(act: () => Promise<unknown>): Promise<string[]> {
  platform.proxy.log.length = 0;
  await act();
  await platform.proxy.settled();
  return platform.proxy.log.map(({ operation }) => operation);
}

describe('authenticate', () => {
  it('tells the caller whose key it is', async () => {
    const rate = { requestsPerSecond: 5, burst: 10 };
    const { key, client } = await made(store(), { scopes: ['audit:read'], subject: 'user-1', rate });
    const caller = await newInstance().authenticate(key.key);
    expect(caller).toMatchObject({ tenant, client: client.id, subject: 'user-1', rate });
    expect(caller?.allows('transactions:write')).toBe(true);
    expect(caller?.allows('audit:read')).toBe(true);
    expect(caller?.allows('clients:read')).toBe(false);
  });

  it('gives a client the usual rate where nothing is said, and owners’ scopes for its subject', async () => {
    const { key } = await made(store(), { roles: [], subject: 'user-2' });
    const caller = await newInstance().authenticate(key.key);
    expect(caller).toMatchObject({ rate: defaultRatePolicy });
    expect(caller?.reach('transactions:write')).toBe('own');
    expect(caller?.allows('transactions:write')).toBe(false);
  });

  it('looks a good key up once, and notes its use, for as many requests as come within a minute', async () => {
    const { key } = await made(store());
    const instance = newInstance();
    const first = await callsDuring(() =>
      Promise.all(Array.from({ length: 20 }, () => instance.authenticate(key.key))),
    );
    expect(first).toEqual(['Query', 'UpdateItem']);
    ahead += apiKeyMaxAgeMs - 1;
    expect(await callsDuring(() => instance.authenticate(key.key))).toEqual([]);
    ahead += 1;
    expect(await callsDuring(() => instance.authenticate(key.key))).toEqual(['Query']);
    expect(await callsDuring(() => instance.authenticate(key.key))).toEqual([]);
  });

  it('looks a key up that nobody has, too, once within a minute', async () => {
    const instance = newInstance();
    const { key } = newApiKey('test');
    const calls = await callsDuring(async () => {
      for (let count = 0; count < 5; count++) expect(await instance.authenticate(key)).toBeUndefined();
    });
    expect(calls).toEqual(['Query']);
    ahead += apiKeyMaxAgeMs;
    expect(await callsDuring(() => instance.authenticate(key))).toEqual(['Query']);
  });

  it('asks nobody about what is no key', async () => {
    const instance = newInstance();
    const junk = [`flk_test_${'x'.repeat(32)}`, 'eyJhbGciOiJub25lIn0.e30.', '', 'x'.repeat(10_000)];
    const calls = await callsDuring(async () => {
      for (const text of junk) expect(await instance.authenticate(text)).toBeUndefined();
    });
    expect(calls).toEqual([]);
  });

  it('looks a key up at each request where nothing that was found out is good for the next', async () => {
    const { key, client } = await made(store());
    const instance = newInstance({ maxAgeMs: 0 });
    const use = () => instance.authenticate(key.key);
    expect(await callsDuring(use)).toEqual(['Query', 'UpdateItem']);
    expect(await callsDuring(use)).toEqual(['Query']);
    expect(await callsDuring(() => Promise.all([use(), use()]))).toEqual(['Query']);
    await store().change(client, 'client.revoked', newDeed(), (seen) => revokedClient(seen, undefined, now()));
    expect(await use()).toBeUndefined();
  });

  it('lets nobody in, where a key is looked up at each request, by what was found out before he came', async () => {
    const { key, client } = await made(store());
    let next: Promise<unknown> | undefined;
    const revokedMeanwhile = Object.create(platform.table.client, {
      send: {
        value: async (command: object, options: { requestTimeout: number }) => {
          // The first request was found to be good, and notes that its key is in use.
          if (command instanceof UpdateCommand && !next) {
            await store().change(client, 'client.revoked', newDeed(), (seen) => revokedClient(seen, undefined, now()));
            ahead += 1;
            next = instance.authenticate(key.key);
          }
          return clientWith(() => busyMachineMs).send(command as UpdateCommand, options);
        },
      },
    });
    const instance = newInstance({ client: revokedMeanwhile, maxAgeMs: 0 });
    expect(await instance.authenticate(key.key)).toBeDefined();
    expect(next).toBeDefined();
    expect(await next).toBeUndefined();
  });

  it('looks up anew when the clock was turned back', async () => {
    const { key } = await made(store());
    const instance = newInstance();
    await instance.authenticate(key.key);
    ahead -= 1_000;
    expect(await callsDuring(() => instance.authenticate(key.key))).toEqual(['Query']);
  });

  it('keeps the keys that are good however many are invented, and forgets the invented ones', async () => {
    const { key } = await made(store());
    const gets: string[] = [];
    const lookup = {
      find: async (sha256: string) => {
        gets.push(sha256);
        return sha256 === key.sha256 ? new ApiKeyLookup(platform.table, logger).find(sha256) : undefined;
      },
      noteUse: async () => undefined,
    };
    const instance = new ApiKeys({ lookup, clock: { now }, logger });
    await instance.authenticate(key.key);
    const [first, ...others] = Array.from({ length: 2_001 }, () => newApiKey('test').key);
    for (const invented of [first, ...others]) await instance.authenticate(invented as string);
    gets.length = 0;
    await instance.authenticate(key.key);
    expect(gets).toEqual([]);
    await instance.authenticate(others.at(-1) as string);
    expect(gets).toEqual([]);
    await instance.authenticate(first as string);
    expect(gets).toHaveLength(1);
  });
});

describe('an instance that knows a key', () => {
  const ends: readonly [name: string, change: (client: ApiClient) => ApiClient][] = [
    ['revoked', (client) => revokedClient(client, undefined, now())],
    ['ended', (client) => patchedClient(client, { expiresAt: now() })],
    ['replaced without an overlap', (client) => rotatedClient(client, newApiKey('test'), 0, now())],
  ];

  it.each(ends)('refuses it within a minute after another one has seen to it that it is %s', async (_name, change) => {
    const { key, client } = await made(store());
    const [here, there] = [newInstance(), newInstance()];
    await Promise.all([here, there].map((instance) => instance.authenticate(key.key)));
    await store().change(client, 'client.updated', newDeed(), change);
    // What an instance found out half a minute ago goes on, as is documented.
    ahead += apiKeyMaxAgeMs / 2;
    expect(await there.authenticate(key.key)).toBeDefined();
    ahead += apiKeyMaxAgeMs / 2;
    for (const instance of [here, there]) expect(await instance.authenticate(key.key)).toBeUndefined();
    expect(await newInstance().authenticate(key.key)).toBeUndefined();
  });

  it('hears of other roles, scopes and rates within a minute', async () => {
    const { key, client } = await made(store());
    const instance = newInstance();
    expect((await instance.authenticate(key.key))?.allows('transactions:write')).toBe(true);
    const rate = { requestsPerSecond: 1, burst: 1 };
    await store().change(client, 'client.updated', newDeed(), (seen) =>
      patchedClient(seen, { roles: ['reader'], scopes: ['fees:write'], rate }),
    );
    ahead += apiKeyMaxAgeMs;
    const caller = await instance.authenticate(key.key);
    expect(caller?.allows('transactions:write')).toBe(false);
    expect(caller?.allows('fees:write')).toBe(true);
    expect(caller?.rate).toEqual(rate);
  });

  it('judges whether it has run out at each request', async () => {
    const expiresAt = now() + 10_000;
    const { key } = await made(store(), { expiresAt });
    const instance = newInstance();
    expect(await instance.authenticate(key.key)).toBeDefined();
    ahead += 10_000;
    expect(await callsDuring(async () => expect(await instance.authenticate(key.key)).toBeUndefined())).toEqual([]);
  });

  it('lets the key before go on for the overlap', async () => {
    const { key, client } = await made(store());
    const next = newApiKey('test');
    await store().change(client, 'client.key_rotated', newDeed(), (seen) => rotatedClient(seen, next, 3_600, now()));
    const instance = newInstance();
    for (const each of [key, next]) expect(await instance.authenticate(each.key)).toBeDefined();
    ahead += 3_600_000;
    expect(await instance.authenticate(key.key)).toBeUndefined();
    expect(await instance.authenticate(next.key)).toBeDefined();
  });
});

const outages: readonly Fault[] = [
  { kind: 'hang', when: 'before' },
  { kind: 'hang', when: 'after' },
  { kind: 'cut' },
  { kind: 'throttle' },
  { kind: 'serverError', when: 'before' },
];

describe.each(outages)('while DynamoDB does not answer ($kind)', (fault) => {
  it('goes on with keys of the last minute, and answers others in time that it cannot tell', async () => {
    const { key } = await made(store());
    const other = await made(store());
    // All attempts take what they are given, as those that are not answered do; what is given adds up to 1.1 s.
    let elapsedMs = 0;
    const given: number[] = [];
    const client = clientWith((call, asked) => {
      if (platform.proxy.rules.length === 0) return busyMachineMs;
      expect(call).toBe('QueryCommand');
      given.push(asked);
      elapsedMs += asked;
      return asked;
    });
    const instance = newInstance({ client, elapsed: () => elapsedMs });
    await instance.authenticate(key.key);
    platform.proxy.rules.push({ fault });
    expect(await instance.authenticate(key.key)).toBeDefined();
    expect(given).toEqual([]);
    await expect(instance.authenticate(other.key.key)).rejects.toMatchObject({ code: 'unavailable' });
    expect(given).toEqual([500, 500, 100]);
    await platform.proxy.settled();
    ahead += apiKeyMaxAgeMs;
    await expect(instance.authenticate(key.key)).rejects.toMatchObject({ code: 'unavailable' });
    platform.proxy.rules.length = 0;
    // A failure is not remembered.
    for (const each of [key, other.key]) expect(await instance.authenticate(each.key)).toBeDefined();
  });
});

describe('when a key was used last', () => {
  const lastUsed = async (sha256: string) => {
    const { client, name } = directly();
    const { Item } = await client.send(new GetCommand({ TableName: name, Key: apiKeyUseKey(sha256) }));
    return Item?.lastUsedAt && Number(Item.lastUsedAt);
  };

  it('is noted beside the key, whose own row remains as it was: a Region behind must take nothing back by noting a use', async () => {
    const { key } = await made(store());
    const { client, name } = directly();
    const row = async () => (await client.send(new GetCommand({ TableName: name, Key: apiKeyKey(key.sha256) }))).Item;
    const before = await row();
    expect(before).toBeDefined();
    await newInstance().authenticate(key.key);
    expect(await lastUsed(key.sha256)).toBeDefined();
    expect(await row()).toEqual(before);
  });

  it('lets nobody in where it is all that is left of a key', async () => {
    const { key } = await made(store());
    const { client, name } = directly();
    await newInstance().authenticate(key.key);
    await client.send(new DeleteCommand({ TableName: name, Key: apiKeyKey(key.sha256) }));
    expect(await newInstance().authenticate(key.key)).toBeUndefined();
  });

  it('keeps nobody out where it is damaged', async () => {
    const { key } = await made(store());
    const { client, name } = directly();
    await client.send(new PutCommand({ TableName: name, Item: { ...apiKeyUseKey(key.sha256), lastUsedAt: 'often' } }));
    expect(await newInstance().authenticate(key.key)).toBeDefined();
  });

  it('is noted once in an hour by all instances together', async () => {
    const { key } = await made(store());
    const instances = [newInstance(), newInstance()];
    await Promise.all(instances.map((instance) => instance.authenticate(key.key)));
    const first = await lastUsed(key.sha256);
    expect(first).toBe(now());
    ahead += lastUsedPrecisionMs - 1;
    const calls = await callsDuring(() => Promise.all(instances.map((instance) => instance.authenticate(key.key))));
    expect(calls).toEqual(['Query', 'Query']);
    ahead += apiKeyMaxAgeMs;
    await instances[0]?.authenticate(key.key);
    expect(await lastUsed(key.sha256)).toBe(now());
  });

  it('is not noted of a key that is revoked, and the log says whose it is', async () => {
    const { key, client } = await made(store());
    await store().change(client, 'client.revoked', newDeed(), (seen) => revokedClient(seen, undefined, now()));
    lines.length = 0;
    expect(await newInstance().authenticate(key.key)).toBeUndefined();
    expect(await lastUsed(key.sha256)).toBeUndefined();
    expect(lines.join()).toContain(client.id);
    expect(lines.join()).not.toContain(key.sha256);
  });

  it('fails no request when it cannot be noted, and makes it wait but shortly', async () => {
    const { key } = await made(store());
    platform.proxy.rules.push({ fault: { kind: 'hang', when: 'before' }, operation: 'UpdateItem' });
    lines.length = 0;
    const noting: number[] = [];
    const client = clientWith((call, asked) => {
      if (call !== 'UpdateCommand') return busyMachineMs;
      noting.push(asked);
      return asked;
    });
    expect(await newInstance({ client }).authenticate(key.key)).toBeDefined();
    expect(noting).toEqual([300]);
    expect(lines.join()).toContain('could not be noted');
    expect(lines.join()).not.toContain(key.sha256);
  });
});

describe('a damaged key', () => {
  it.each([
    ['an unknown role', { roles: ['owner'] }],
    ['a scope that is no name', { scopes: [1] }],
    ['no tenant', { tenant: undefined }],
    ['roles that are no list', { roles: 'admin' }],
    ['an end that is no time', { expiresAt: 'never' }],
    ['a rate that is none', { rate: {} }],
  ])('with %s lets nobody in', async (_name, damage) => {
    const { key } = await made(store());
    const { client, name } = directly();
    const Key = apiKeyKey(key.sha256);
    const { Item } = await client.send(new GetCommand({ TableName: name, Key }));
    await client.send(new PutCommand({ TableName: name, Item: { ...Item, ...damage } }));
    const error = await newInstance()
      .authenticate(key.key)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvariantViolation);
    expect(String(error)).not.toContain(key.sha256);
  });

  it('with a scope of a later release lets in with what this one knows', async () => {
    const { key } = await made(store(), { roles: [], scopes: ['events:read'] });
    const { client, name } = directly();
    const Key = apiKeyKey(key.sha256);
    const { Item } = await client.send(new GetCommand({ TableName: name, Key }));
    await client.send(new PutCommand({ TableName: name, Item: { ...Item, scopes: ['everything', 'events:read'] } }));
    const caller = await newInstance().authenticate(key.key);
    expect([...(caller?.scopes ?? [])]).toEqual(['events:read']);
  });

  it('is taken again once it is repaired', async () => {
    const { key } = await made(store());
    const { client, name } = directly();
    const set = (roles: unknown) =>
      client.send(
        new UpdateCommand({
          TableName: name,
          Key: apiKeyKey(key.sha256),
          UpdateExpression: 'SET #roles = :roles',
          ExpressionAttributeNames: { '#roles': 'roles' },
          ExpressionAttributeValues: { ':roles': roles },
        }),
      );
    const instance = newInstance();
    await set('admin');
    await expect(instance.authenticate(key.key)).rejects.toBeInstanceOf(InvariantViolation);
    await set(['reader']);
    expect((await instance.authenticate(key.key))?.allows('accounts:read')).toBe(true);
  });
});
