import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Reader } from '../../lib/dynamodb/table/reader.ts';
import type { MonitorId } from '../../lib/ledger/balance-monitor.ts';
import { maxMonitorsPerAccount } from '../../lib/platform/limits.ts';
import { type CreateMonitor, MonitorStore } from '../../lib/platform/monitor-store.ts';
import { account, asset as assetOf, tenant } from '../support/ledger-fixture.ts';
import { type MonitorFixture, startMonitors } from './monitor-fixture.ts';
import { dieEverywhere } from './watched-table.ts';

const below = { side: 'below', amount: 100n } as const;
const above = { side: 'above', amount: 100n } as const;

let monitors: MonitorFixture;
beforeAll(async () => {
  monitors = await startMonitors();
  await monitors.ledger.createAccount('alice', { funds: 150n });
});
afterAll(() => monitors.stop());

let accounts = 0;
async function newAccount(options: { funds?: bigint; floor?: bigint; shards?: number; unbounded?: boolean } = {}) {
  const id = `account-${++accounts}`;
  await monitors.ledger.createAccount(id, options);
  return id;
}

const key = (mark: string, requestHash = 'hash') => ({ keyApplied: { mark, requestHash } });
const reference = ({ account: of }: CreateMonitor, id: string, mark: string) => ({
  tenant,
  account: of,
  // What create answered.
  id: id as never,
  ...key(mark),
});

describe('create', () => {
  it.each([
    ['what is available', {}, 'crossed'],
    ['what is available', { funds: 100n }, 'quiet'],
    ['what is available with a credit limit', { floor: -100n }, 'quiet'],
    ['what is posted where there is no floor', { unbounded: true }, 'crossed'],
  ] as const)('begins in the state of %s, without an event', async (_, options, state) => {
    const id = await newAccount(options);
    const made = await monitors.store.create(monitors.request(id, below, { description: 'Low' }));
    expect(made).toEqual({
      id: expect.stringMatching(/^mon_[a-z2-7]{26}$/),
      account: id,
      asset: 'USD/2',
      threshold: below,
      description: 'Low',
      state,
      crossings: 0,
      createdAt: expect.any(Number),
      version: 1,
    });
    expect(await monitors.look(id)).toBe(0);
    expect(await monitors.crossings(id)).toEqual([]);
    const { keysApplied: _keys, ...stored } = await monitors.store.get(tenant, made.account, made.id);
    expect(stored).toEqual(made);
  });

  it('makes one under a key, however often it is asked', async () => {
    const request = monitors.request(await newAccount(), below);
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => monitors.store.create(request)));
    for (const other of others) expect(other).toEqual(first);
    expect(await monitors.store.all(tenant, request.account)).toHaveLength(1);
    await expect(
      monitors.store.create({ ...request, keyApplied: { ...request.keyApplied, requestHash: 'other' } }),
    ).rejects.toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('makes one wherever the process dies', async () => {
    let request = monitors.request('alice', below);
    const calls = await dieEverywhere(
      async (watch) => {
        request = monitors.request(await newAccount(), below);
        await monitors.watched(watch).store.create(request);
      },
      async () => {
        const made = await monitors.store.create(request);
        expect(await monitors.store.all(tenant, request.account)).toEqual([expect.objectContaining(made)]);
      },
    );
    expect(calls).toBe(2);
  });

  it('sees a balance that moves meanwhile', async () => {
    const id = await newAccount({ funds: 100n });
    const { store } = monitors.watched({ before: (call) => (call === 2 ? monitors.move(id, -1n) : undefined) });
    expect(await store.create(monitors.request(id, below))).toMatchObject({ state: 'crossed', version: 1 });
    const fresh = await newAccount();
    const other = monitors.watched({ before: (call) => (call === 2 ? monitors.move(fresh, 100n) : undefined) });
    expect(await other.store.create(monitors.request(fresh, below))).toMatchObject({ state: 'quiet', version: 1 });
  });

  it('refuses what does not exist, and more than an account may have', async () => {
    const code = (request: CreateMonitor) => monitors.store.create(request).catch(({ code: found }) => found);
    expect(await code(monitors.request('nobody', below))).toBe('not_found');
    expect(await code(monitors.request('alice', below, { asset: assetOf('NONE') }))).toBe('asset_not_found');
    const id = await newAccount();
    for (let n = 0; n < maxMonitorsPerAccount; n++) await monitors.store.create(monitors.request(id, below));
    expect(await code(monitors.request(id, below))).toBe('already_exists');
    expect(await monitors.store.all(tenant, account(id))).toHaveLength(maxMonitorsPerAccount);
  });
});

describe('change', () => {
  it('changes once under a key, wherever the process dies', async () => {
    let request = monitors.request('alice', below);
    let made = await monitors.store.create(request);
    const calls = await dieEverywhere(
      async (watch) => {
        request = monitors.request('alice', below);
        made = await monitors.store.create(request);
        await monitors.watched(watch).store.change(reference(request, made.id, 'change'), { threshold: above });
      },
      async () => {
        const changed = await monitors.store.change(reference(request, made.id, 'change'), { threshold: above });
        expect(changed).toMatchObject({ threshold: above, state: 'crossed', crossings: 0, version: 2 });
        await monitors.store.delete(reference(request, made.id, 'end'));
      },
    );
    expect(calls).toBe(2);
    const other = { ...reference(request, made.id, 'change'), ...key('change', 'other') };
    await expect(monitors.store.change(other, {})).rejects.toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('is told where there is none', async () => {
    const request = monitors.request('alice', below);
    const missing = reference(request, `mon_${'z'.repeat(26)}`, 'key');
    await expect(monitors.store.change(missing, { description: 'x' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(monitors.store.delete(missing)).rejects.toMatchObject({ code: 'not_found' });
    await expect(monitors.store.get(tenant, missing.account, missing.id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('does not lose one of two changes', async () => {
    const request = monitors.request(await newAccount(), below);
    const { id } = await monitors.store.create(request);
    await Promise.all([
      monitors.store.change(reference(request, id, 'one'), { threshold: above }),
      monitors.store.change(reference(request, id, 'other'), { description: 'High' }),
    ]);
    expect(await monitors.store.get(tenant, request.account, id)).toMatchObject({
      threshold: above,
      description: 'High',
      version: 3,
    });
  });
});

describe('delete', () => {
  it('deletes once under a key, wherever the process dies, and the key that made it makes no other', async () => {
    let request = monitors.request('alice', below);
    let id = '';
    const calls = await dieEverywhere(
      async (watch) => {
        request = monitors.request(await newAccount(), below);
        id = (await monitors.store.create(request)).id;
        await monitors.watched(watch).store.delete(reference(request, id, 'delete'));
      },
      async () => {
        await monitors.store.delete(reference(request, id, 'delete'));
        expect(await monitors.store.all(tenant, request.account)).toEqual([]);
        await expect(monitors.store.delete(reference(request, id, 'again'))).rejects.toMatchObject({
          code: 'not_found',
        });
        await expect(monitors.store.create(request)).rejects.toMatchObject({ code: 'not_found' });
      },
    );
    expect(calls).toBe(1);
  });
});

describe('a change that may have come about, or may yet', () => {
  /** A process that gives its first write up, which is still on its way, and all of whose others meet somebody else's. */
  function whoseWriteComesLate() {
    const { platform } = monitors;
    const { client } = platform;
    let onItsWay: TransactWriteCommand | undefined;
    const send = (...[command]: Parameters<typeof client.send>) => {
      if (!(command instanceof TransactWriteCommand)) return client.send(command);
      if (onItsWay) {
        const CancellationReasons = [{ Code: 'TransactionConflict' }];
        throw new TransactionCanceledException({ message: 'conflict', $metadata: {}, CancellationReasons });
      }
      onItsWay = command;
      throw Object.assign(new Error('not answered in time'), { name: 'TimeoutError' });
    };
    return { store: storeThatSends(send), arrive: () => onItsWay && client.send(onItsWay) };
  }

  /** A process that is not told of its write, though it was made, and finds nobody whom it could ask. */
  function whoseWriteIsNotSeen() {
    const { client } = monitors.platform;
    let writes = 0;
    const send = async (...[command]: Parameters<typeof client.send>) => {
      if (writes === 2) throw new Error('cut');
      const answer = await client.send(command).finally(() => {
        if (command instanceof TransactWriteCommand) writes += 1;
      });
      if (writes === 1) throw Object.assign(new Error('not answered in time'), { name: 'TimeoutError' });
      return answer;
    };
    return { store: storeThatSends(send), arrive: async () => undefined };
  }

  function storeThatSends(send: unknown): MonitorStore {
    const { platform, ledger } = monitors;
    const client = new Proxy(platform.client, {
      get: (target, name, self) => (name === 'send' ? send : Reflect.get(target, name, self)),
    });
    const clock = { ...platform.clock, sleep: () => Promise.resolve() };
    const reader = new Reader(client, platform.name, clock);
    const { ledger: ledgerTable } = ledger.database.tables;
    return new MonitorStore({
      platform: { ...platform, client, clock, reader },
      ledgerTable,
      balances: ledger.ledger.balances,
    });
  }

  it.each([
    ['its write comes late', whoseWriteComesLate],
    ['its write is not seen', whoseWriteIsNotSeen],
  ])('is not said to be none: %s', async (_, begin) => {
    const unknown = expect.objectContaining({ code: 'outcome_unknown' });
    const request = monitors.request(await newAccount(), below);
    const creating = begin();
    await expect(creating.store.create(request)).rejects.toEqual(unknown);
    await creating.arrive();
    const [made, ...others] = await monitors.store.all(tenant, request.account);
    expect(others).toEqual([]);

    const of = { tenant, account: request.account, id: made?.id as MonitorId };
    const changing = begin();
    const change = changing.store.change({ ...of, ...key('late change') }, { threshold: above });
    await expect(change).rejects.toEqual(unknown);
    await changing.arrive();
    expect(await monitors.store.get(tenant, of.account, of.id)).toMatchObject({ threshold: above });

    const deleting = begin();
    await expect(deleting.store.delete({ ...of, ...key('late deletion') })).rejects.toEqual(unknown);
    await deleting.arrive();
    expect(await monitors.store.all(tenant, of.account)).toEqual([]);
  });
});
