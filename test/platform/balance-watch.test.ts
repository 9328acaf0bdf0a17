import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BalanceMonitor, Threshold } from '../../lib/ledger/balance-monitor.ts';
import { account, tenant, usd } from '../support/ledger-fixture.ts';
import { type MonitorFixture, startMonitors } from './monitor-fixture.ts';
import { dieEverywhere } from './watched-table.ts';

const below = { side: 'below', amount: 100n } as const;
const above = { side: 'above', amount: 200n } as const;

let monitors: MonitorFixture;
beforeAll(async () => {
  monitors = await startMonitors();
});
afterAll(() => monitors.stop());

let accounts = 0;
/** An account with a monitor, which is quiet. */
async function watchedAccount(
  threshold: Threshold = below,
  options: { funds?: bigint; floor?: bigint; shards?: number; unbounded?: boolean } = { funds: 150n },
): Promise<{ id: string; monitor: BalanceMonitor; state(): Promise<string> }> {
  const id = `account-${++accounts}`;
  await monitors.ledger.createAccount(id, options);
  const monitor = await monitors.store.create(monitors.request(id, threshold));
  const state = async () => (await monitors.store.get(tenant, account(id), monitor.id)).state;
  return { id, monitor, state };
}

describe('a look', () => {
  it('finds a crossing once, with what it was, and the next after it was quiet again', async () => {
    const { id, monitor } = await watchedAccount();
    await monitors.move(id, -51n);
    expect([await monitors.look(id), await monitors.look(id), await monitors.look(id)]).toEqual([1, 0, 0]);
    expect(await monitors.crossings(id)).toEqual([
      expect.objectContaining({
        type: 'balance.low',
        subject: `monitor/${monitor.id}`,
        number: 1,
        content: {
          monitor: monitor.id,
          account: id,
          asset: 'USD/2',
          below: '100',
          available: '99',
          balanceVersion: '2',
        },
      }),
    ]);
    await monitors.move(id, 1n);
    expect(await monitors.look(id)).toBe(0);
    await monitors.move(id, -1n);
    expect(await monitors.look(id)).toBe(1);
    expect((await monitors.crossings(id)).map(({ number }) => number)).toEqual([1, 2]);
  });

  it('finds crossings upwards, and of what is posted where there is no floor', async () => {
    const { id } = await watchedAccount(above);
    await monitors.move(id, 51n);
    expect(await monitors.look(id)).toBe(1);
    expect(await monitors.crossings(id)).toEqual([
      expect.objectContaining({
        type: 'balance.high',
        content: expect.objectContaining({ above: '200', available: '201' }),
      }),
    ]);
    const treasury = await watchedAccount({ side: 'below', amount: -10n }, { unbounded: true });
    await monitors.move(treasury.id, -11n);
    expect(await monitors.look(treasury.id)).toBe(1);
  });

  it('sees what happened between two looks together', async () => {
    const { id } = await watchedAccount();
    await monitors.move(id, -100n);
    await monitors.move(id, 100n);
    expect(await monitors.look(id)).toBe(0);
    expect(await monitors.crossings(id)).toEqual([]);
  });

  it('is one Query where nothing is monitored, and looks only at the assets it is asked for', async () => {
    const { id } = await watchedAccount();
    await monitors.move(id, -100n);
    let calls = 0;
    const { watch } = monitors.watched({ before: () => void calls++ });
    expect(await watch.look(tenant, account(id), new Set(), {})).toBe(0);
    expect(await watch.look(tenant, account('world'), 'all', {})).toBe(0);
    expect(calls).toBe(2);
    expect(await watch.look(tenant, account(id), 'all', {})).toBe(1);
  });

  it('finds a crossing once where many look at once', async () => {
    const { id } = await watchedAccount();
    await monitors.move(id, -100n);
    const found = await Promise.all([1, 2, 3, 4, 5].map(() => monitors.look(id)));
    expect(found.toSorted()).toEqual([0, 0, 0, 0, 1]);
    expect(await monitors.crossings(id)).toHaveLength(1);
  });

  it('finds it once wherever the process dies', async () => {
    let id = '';
    const calls = await dieEverywhere(
      async (watch) => {
        ({ id } = await watchedAccount());
        await monitors.move(id, -100n);
        await monitors.watched(watch).watch.look(tenant, account(id), new Set([usd]), {});
      },
      async () => {
        await monitors.look(id);
        expect(await monitors.crossings(id)).toHaveLength(1);
      },
    );
    expect(calls).toBe(2);
  });

  it('says nothing that is not true any more when it is written', async () => {
    const { id, state } = await watchedAccount();
    await monitors.move(id, -100n);
    // Between the look and the write the account recovers: nothing was crossed when it could have been said.
    const { watch } = monitors.watched({ before: (call) => (call === 2 ? monitors.move(id, 100n) : undefined) });
    expect(await watch.look(tenant, account(id), new Set([usd]), {})).toBe(0);
    expect([await state(), await monitors.crossings(id)]).toEqual(['quiet', []]);
  });

  it('tells of a balance that never stands still', async () => {
    const { id, state } = await watchedAccount();
    await monitors.move(id, -100n);
    const { watch } = monitors.watched({ before: (call) => (call > 1 ? monitors.move(id, -1n) : undefined) });
    expect(await watch.look(tenant, account(id), new Set([usd]), {})).toBe(1);
    expect(await state()).toBe('crossed');
  });

  it('adds up the shards of an account that is spread', async () => {
    const { id, state } = await watchedAccount({ side: 'below', amount: -100n }, { unbounded: true, shards: 4 });
    for (let n = 0; n < 6; n++) await monitors.move(id, -20n);
    expect(await monitors.look(id)).toBe(1);
    expect([await state(), (await monitors.crossings(id))[0]?.content.available]).toEqual(['crossed', '-120']);
  });

  it('leaves a monitor alone that is deleted meanwhile', async () => {
    const { id, monitor } = await watchedAccount();
    await monitors.move(id, -100n);
    const key = { keyApplied: { mark: 'gone', requestHash: '' } };
    const { watch } = monitors.watched({
      before: async (call) => {
        if (call === 2) await monitors.store.delete({ tenant, account: account(id), id: monitor.id, ...key });
      },
    });
    expect(await watch.look(tenant, account(id), new Set([usd]), {})).toBe(0);
    expect(await monitors.crossings(id)).toEqual([]);
  });
});
