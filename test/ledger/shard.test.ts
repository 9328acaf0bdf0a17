import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type AccountId,
  assetsOf,
  type Balance,
  balanceName,
  balanceTitle,
  changeAccount,
  checkShards,
  decide,
  emptyBalance,
  maxBalancesPerAccount,
  maxShards,
  parseBalanceName,
  recordIdOf,
  shardOf,
  type TenantId,
  totalOf,
} from '../../lib/ledger/index.ts';
import { parameters } from '../support/property.ts';
import { accountOf, commandOf, posting, transactionOf, usd, WrittenState } from './state-fixture.ts';

const treasury = accountOf('treasury', { unbounded: true, shards: 16 });
const anyRecord = fc.string().map((key) => recordIdOf('default' as TenantId, key));

describe('shardOf', () => {
  it('is one of the shards, and the same each time', () => {
    fc.assert(
      fc.property(anyRecord, fc.integer({ min: 1, max: maxShards }), (record, shards) => {
        const shard = shardOf(record, shards);
        return Number.isInteger(shard) && shard >= 0 && shard < shards && shardOf(record, shards) === shard;
      }),
      parameters(500),
    );
  });

  it('uses all shards about evenly', () => {
    const uses = Array.from({ length: 16 }, () => 0);
    for (let i = 0; i < 16_000; i++) {
      const shard = shardOf(recordIdOf('default' as TenantId, `key-${i}`), 16);
      uses[shard] = (uses[shard] ?? 0) + 1;
    }
    // A thousand each, with a standard deviation of some 31.
    expect(Math.min(...uses)).toBeGreaterThan(850);
    expect(Math.max(...uses)).toBeLessThan(1_150);
  });
});

describe('the name of a balance', () => {
  it('is its asset, with the shard behind where that is not 0, and can be read back', () => {
    expect(balanceName(usd, 0)).toBe('USD/2');
    expect(balanceName(usd, 12)).toBe('USD/2#12');
    for (const shard of [0, 1, 12]) expect(parseBalanceName(balanceName(usd, shard))).toEqual({ asset: usd, shard });
    expect(balanceTitle({ account: 'a' as AccountId, asset: usd, shard: 0 })).toBe('a USD/2');
    expect(balanceTitle({ account: 'a' as AccountId, asset: usd, shard: 3 })).toBe('a USD/2 shard 3');
  });

  it('counts an asset once', () => {
    expect(assetsOf({ balances: new Set([usd, balanceName(usd, 1), balanceName(usd, 2)]) })).toEqual(new Set([usd]));
  });
});

describe('totalOf', () => {
  it('adds up the shards, with the newest time', () => {
    const shard = (number: number, rest: Partial<Balance>): Balance => ({
      ...emptyBalance(treasury, usd, number),
      ...rest,
    });
    expect(
      totalOf([
        shard(0, { posted: -7n, held: 1n, version: 3, sequence: 2, lastEntryAt: 50 }),
        shard(4, { posted: 2n, version: 1, sequence: 1, lastEntryAt: 70 }),
        shard(5, { posted: -1n, version: 9, sequence: 8, lastEntryAt: 60 }),
      ]),
    ).toEqual({
      account: 'treasury',
      asset: usd,
      shards: 16,
      posted: -6n,
      held: 1n,
      floor: null,
      status: 'active',
      version: 13,
      sequence: 11,
      lastEntryAt: 70,
    });
  });
});

describe('a transaction on a spread account', () => {
  it('touches the shard that the state names, and opens it where it is not there', () => {
    const state = new WrittenState().withBalance('treasury', -5n, {}, treasury).with('bob');
    state.shards.set('treasury', 3);
    const decision = decide(commandOf([posting('treasury', 'bob', 4n)]), state, { now: 1, salt: 's' });
    if (decision.kind !== 'commit') throw new Error(decision.kind);
    expect(decision.entries[0]).toMatchObject({ shard: 3, sequence: 1, balanceAfter: -4n });
    expect(decision.entries[1]).toMatchObject({ account: 'bob', shard: 0 });
    expect(transactionOf(decision).entries.map(({ shard }) => shard)).toEqual([3, 0]);
    expect(decision.changes[0]).toMatchObject({ after: { shard: 3, shards: 16 }, openedOn: { id: 'treasury' } });
  });

  it('is declined where the shards of one asset more would be too many balances, whichever shard it uses', () => {
    const assets = Array.from({ length: maxBalancesPerAccount / 16 }, (_, index) => `A${index}` as typeof usd);
    for (const shard of [0, 7]) {
      const state = new WrittenState().with('treasury', { ...treasury, balances: new Set(assets) }).with('bob');
      state.shards.set('treasury', shard);
      const decision = decide(commandOf([posting('treasury', 'bob', 4n)]), state, { now: 1, salt: 's' });
      expect(decision).toMatchObject({ kind: 'decline', reason: 'limit_exceeded', evidence: { account: 'treasury' } });
    }
  });

  it('may open further shards of an asset that has its first', () => {
    const assets = Array.from({ length: maxBalancesPerAccount / 16 - 1 }, (_, index) => `A${index}` as typeof usd);
    const balances = new Set([...assets, usd]);
    const state = new WrittenState().with('treasury', { ...treasury, balances }).with('bob');
    state.shards.set('treasury', 9);
    const decision = decide(commandOf([posting('treasury', 'bob', 4n)]), state, { now: 1, salt: 's' });
    expect(decision.kind).toBe('commit');
  });
});

describe('a change of the number of shards', () => {
  const ordinary = accountOf('treasury', { unbounded: true });

  it('goes to every balance whatever version it has got to, so that it cannot starve', () => {
    const balances = [emptyBalance(ordinary, usd), emptyBalance(ordinary, usd, 1)];
    const { account, adjustments } = changeAccount(ordinary, balances, { shards: 4 });
    expect(account.shards).toBe(4);
    expect(adjustments).toMatchObject([
      { balance: { shard: 0 }, shards: 4, ifUnchanged: false },
      { balance: { shard: 1 }, shards: 4, ifUnchanged: false },
    ]);
  });

  it.each([
    ['fewer than before', treasury, 8],
    ['none', treasury, 0],
    ['a part of one', ordinary, 1.5],
    ['too many', ordinary, maxShards + 1],
    ['those of a bounded account', accountOf('alice'), 2],
    [
      'so many that the balances would be too many',
      accountOf('treasury', { unbounded: true, balances: new Set(['A', 'B', 'C', 'D'] as (typeof usd)[]) }),
      maxBalancesPerAccount / 4 + 1,
    ],
  ])('refuses %s', (_, account, shards) => {
    expect(() => checkShards(account, shards)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    expect(() => changeAccount(account, [], { shards })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  it('takes as many as the balances allow', () => {
    const balances = new Set(['A', 'B', 'C', 'D'] as (typeof usd)[]);
    const account = accountOf('treasury', { unbounded: true, balances });
    expect(changeAccount(account, [], { shards: maxBalancesPerAccount / 4 }).account.shards).toBe(24);
  });
});

describe('closing a spread account', () => {
  const shard = (number: number, posted: bigint, held = 0n): Balance => ({
    ...emptyBalance(treasury, usd, number),
    posted,
    held,
    version: 2,
  });

  it('asks for shards that add up to zero, each as it was seen', () => {
    const { adjustments } = changeAccount(treasury, [shard(0, -5n), shard(3, 5n)], { status: 'closed' });
    expect(adjustments.map(({ ifUnchanged }) => ifUnchanged)).toEqual([true, true]);
  });

  it.each([
    ['do not', [shard(0, -5n), shard(3, 6n)]],
    ['do, with something held', [shard(0, -5n, 1n), shard(3, 5n)]],
  ])('is refused where they %s', (_, balances) => {
    expect(() => changeAccount(treasury, balances, { status: 'closed' })).toThrow(
      expect.objectContaining({ code: 'balance_conflict' }),
    );
  });
});
