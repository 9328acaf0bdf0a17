import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { maxMonitorsPerAccount } from '../../lib/platform/limits.ts';
import type { CreateMonitor } from '../../lib/platform/monitor-store.ts';
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
