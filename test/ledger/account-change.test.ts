import { describe, expect, it } from '@jest/globals';
import {
  type AccountId,
  type AccountPatch,
  type AssetCode,
  type Balance,
  changeAccount,
  checkFloors,
  checkMetadata,
  emptyBalance,
  LedgerError,
} from '../../lib/ledger/index.ts';
import { accountOf, usd } from './state-fixture.ts';

const gold = 'GOLD' as AssetCode;

function balanceOf(posted: bigint, rest: Partial<Balance> = {}): Balance {
  return { ...emptyBalance(accountOf('alice'), usd), posted, version: 3, ...rest };
}

function codeOf(change: () => unknown): string {
  try {
    change();
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
  return 'changed';
}

function codeOfPatch(patch: AccountPatch, balances: readonly Balance[] = [], account = accountOf('alice')): string {
  return codeOf(() => changeAccount(account, balances, patch));
}

describe('changeAccount', () => {
  it('keeps what the patch does not name, and counts the change', () => {
    const account = accountOf('alice', {
      status: 'frozen',
      floors: new Map([[usd, -5n]]),
      balances: new Set([usd]),
      owner: 'subject',
      metadata: { a: '1' },
      version: 4,
    });
    const { account: changed, adjustments } = changeAccount(
      account,
      [balanceOf(1n, { status: 'frozen', floor: -5n })],
      {},
    );
    expect(changed).toEqual({ ...account, version: 5 });
    expect(adjustments).toEqual([]);
  });

  it('freezes every balance whatever version it has got to, so that it cannot starve', () => {
    const balances = [balanceOf(10n), balanceOf(20n, { asset: gold })];
    const { account, adjustments } = changeAccount(accountOf('alice'), balances, { status: 'frozen' });
    expect(account.status).toBe('frozen');
    expect(adjustments).toEqual(
      balances.map((balance) => ({ balance, status: 'frozen', floor: 0n, shards: 1, ifUnchanged: false })),
    );
  });

  it('thaws a frozen account', () => {
    const frozen = accountOf('alice', { status: 'frozen' });
    const { adjustments } = changeAccount(frozen, [balanceOf(10n, { status: 'frozen' })], { status: 'active' });
    expect(adjustments).toMatchObject([{ status: 'active', ifUnchanged: false }]);
  });

  it('leaves alone the balances that are so already', () => {
    expect(changeAccount(accountOf('alice'), [balanceOf(10n)], { status: 'active' }).adjustments).toEqual([]);
    expect(changeAccount(accountOf('alice'), [balanceOf(10n)], { metadata: { a: '1' } }).adjustments).toEqual([]);
  });

  it('closes empty balances only, as they were seen', () => {
    const { adjustments } = changeAccount(accountOf('alice'), [balanceOf(0n)], { status: 'closed' });
    expect(adjustments).toMatchObject([{ status: 'closed', ifUnchanged: true }]);
    expect(codeOfPatch({ status: 'closed' }, [balanceOf(0n), balanceOf(1n, { asset: gold })])).toBe('balance_conflict');
    expect(codeOfPatch({ status: 'closed' }, [balanceOf(-1n, { floor: -5n })])).toBe('balance_conflict');
    expect(codeOfPatch({ status: 'closed' }, [balanceOf(0n, { held: 1n })])).toBe('balance_conflict');
  });

  it.each<AccountPatch>([{ status: 'active' }, { status: 'closed' }, { metadata: { a: '1' } }, { owner: null }, {}])(
    'refuses %p of a closed account',
    (patch) => {
      expect(codeOfPatch(patch, [], accountOf('alice', { status: 'closed' }))).toBe('account_closed');
    },
  );

  it('names the account and asset in the way', () => {
    const change = () => changeAccount(accountOf('alice'), [balanceOf(1n)], { status: 'closed' });
    expect(change).toThrow(expect.objectContaining({ evidence: { account: 'alice' as AccountId, asset: usd } }));
  });
});

describe('a change of floors', () => {
  const creditor = accountOf('alice', { floors: new Map([[usd, -100n]]) });

  it('goes to the balances it concerns, as they were seen', () => {
    const balances = [balanceOf(0n), balanceOf(0n, { asset: gold })];
    const { account, adjustments } = changeAccount(accountOf('alice'), balances, { floors: new Map([[usd, -100n]]) });
    expect(account.floors).toEqual(new Map([[usd, -100n]]));
    expect(adjustments).toEqual([
      { balance: balances[0], status: 'active', floor: -100n, shards: 1, ifUnchanged: true },
    ]);
  });

  it('merges with the floors there are, and null resets to 0', () => {
    const { account } = changeAccount(creditor, [], { floors: new Map([[gold, -1n]]) });
    expect(account.floors).toEqual(
      new Map([
        [usd, -100n],
        [gold, -1n],
      ]),
    );
    const reset = changeAccount(creditor, [balanceOf(0n, { floor: -100n })], { floors: new Map([[usd, null]]) });
    expect(reset.account.floors).toEqual(new Map());
    expect(reset.adjustments).toMatchObject([{ floor: 0n, ifUnchanged: true }]);
  });

  it.each([
    [-60n, 0n, -60n, 'changed'],
    [-60n, 0n, -59n, 'balance_conflict'],
    [-60n, 0n, null, 'balance_conflict'],
    [-50n, 10n, -60n, 'changed'],
    [-50n, 11n, -60n, 'balance_conflict'],
    [5n, 0n, null, 'changed'],
  ])('with %p posted and %p held to %p: %p', (posted, held, floor, expected) => {
    const balance = balanceOf(posted, { held, floor: -100n });
    expect(codeOfPatch({ floors: new Map([[usd, floor]]) }, [balance], creditor)).toBe(expected);
  });

  it('refuses a positive floor, and any floor of an unbounded account', () => {
    expect(codeOfPatch({ floors: new Map([[usd, 1n]]) })).toBe('invalid_request');
    const unbounded = accountOf('world', { unbounded: true });
    expect(codeOfPatch({ floors: new Map([[usd, -1n]]) }, [], unbounded)).toBe('invalid_request');
    expect(codeOfPatch({ floors: new Map([[usd, null]]) }, [balanceOf(-5n, { floor: null })], unbounded)).toBe(
      'changed',
    );
  });

  it('and of status at one time hold together', () => {
    const { adjustments } = changeAccount(accountOf('alice'), [balanceOf(3n)], {
      status: 'frozen',
      floors: new Map([[usd, -1n]]),
    });
    expect(adjustments).toMatchObject([{ status: 'frozen', floor: -1n, ifUnchanged: true }]);
  });
});

describe('a change of owner and metadata', () => {
  const owned = accountOf('alice', { owner: 'subject', metadata: { a: '1', b: '2' } });

  it('sets, keeps and removes the owner', () => {
    expect(changeAccount(owned, [], { owner: 'other' }).account.owner).toBe('other');
    expect(changeAccount(owned, [], {}).account.owner).toBe('subject');
    expect(changeAccount(owned, [], { owner: null }).account).not.toHaveProperty('owner');
    expect(changeAccount(accountOf('alice'), [], { owner: 'first' }).account.owner).toBe('first');
  });

  it('merges metadata, and null removes a name', () => {
    expect(changeAccount(owned, [], { metadata: { a: null, b: '3', c: '', absent: null } }).account.metadata).toEqual({
      b: '3',
      c: '',
    });
    expect(owned.metadata).toEqual({ a: '1', b: '2' });
  });

  it('limits the result of the merge, not the patch', () => {
    const many = Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`n${index}`, '']));
    const filled = accountOf('alice', { metadata: many });
    expect(codeOfPatch({ metadata: { extra: '' } }, [], filled)).toBe('invalid_request');
    expect(codeOfPatch({ metadata: { extra: '', n0: null } }, [], filled)).toBe('changed');
  });
});

describe('checkMetadata', () => {
  it('counts bytes of canonical JSON, not characters', () => {
    // {"a":"…"} takes 8 bytes around the value.
    expect(codeOf(() => checkMetadata({ a: 'x'.repeat(2_040) }))).toBe('changed');
    expect(codeOf(() => checkMetadata({ a: 'x'.repeat(2_041) }))).toBe('invalid_request');
    expect(codeOf(() => checkMetadata({ a: 'é'.repeat(1_020) }))).toBe('changed');
    expect(codeOf(() => checkMetadata({ a: 'é'.repeat(1_021) }))).toBe('invalid_request');
  });
});

describe('checkFloors', () => {
  it('takes as many floors as an account may have balances', () => {
    const floors = (count: number) => new Map(Array.from({ length: count }, (_, i) => [`A${i}` as AssetCode, -1n]));
    expect(codeOf(() => checkFloors(false, floors(96)))).toBe('changed');
    expect(codeOf(() => checkFloors(false, floors(97)))).toBe('invalid_request');
    expect(codeOf(() => checkFloors(true, new Map()))).toBe('changed');
  });
});
