import { describe, expect, it } from '@jest/globals';
import { type AssetCode, availableOf, emptyBalance, genesisHash } from '../../lib/ledger/index.ts';
import { accountOf, usd } from './state-fixture.ts';

describe('availableOf', () => {
  it.each([
    [10n, 0n, 0n, 10n],
    [10n, 4n, 0n, 6n],
    [10n, 4n, -100n, 106n],
    [-60n, 0n, -100n, 40n],
    [0n, 0n, null, null],
  ])('of %p posted and %p held over a floor of %p is %p', (posted, held, floor, available) => {
    expect(availableOf({ posted, held, floor })).toBe(available);
  });
});

describe('emptyBalance', () => {
  it('takes floor and status from the account, and is stored nowhere yet', () => {
    const account = accountOf('alice', { status: 'frozen', floors: new Map([[usd, -7n]]) });
    expect(emptyBalance(account, usd)).toEqual({
      account: 'alice',
      asset: usd,
      shard: 0,
      shards: 1,
      posted: 0n,
      held: 0n,
      floor: -7n,
      status: 'frozen',
      version: 0,
      sequence: 0,
      lastEntryAt: 0,
      lastTransaction: null,
      headHash: genesisHash,
    });
    expect(emptyBalance(account, 'GOLD' as AssetCode).floor).toBe(0n);
    expect(emptyBalance(accountOf('world', { unbounded: true }), usd).floor).toBeNull();
  });
});
