import { describe, expect, it } from '@jest/globals';
import { postedTransactionOf, previewOf } from '../../lib/http/representations.ts';
import type { AccountId, AssetCode, PostedTransaction, TransactionId } from '../../lib/ledger/index.ts';

const asset = 'USD/2' as AssetCode;
const posting = (source: string, destination: string, amount: bigint) => ({
  source: source as AccountId,
  destination: destination as AccountId,
  asset,
  amount,
});

/** Ann pays Bob, and each of them a fee. */
const transaction: PostedTransaction = {
  id: `tx_${'a'.repeat(52)}` as TransactionId,
  status: 'posted',
  type: 'transfer',
  postings: [posting('ann', 'bob', 100n), posting('ann', 'fees', 3n), posting('bob', 'fees', 5n)],
  entries: ['ann', 'bob', 'ann', 'fees', 'bob', 'fees'].map((account, index) => ({
    account: account as AccountId,
    asset,
    shard: 0,
    sequence: index,
    amount: 1n,
    balanceAfter: BigInt(index),
  })),
  feeVersion: 1,
  createdAt: 0,
};

const own = (...accounts: string[]) => new Set(accounts as AccountId[]);

describe.each([
  ['posted', postedTransactionOf],
  ['tried', previewOf],
])('a transaction with fees that is %s', (_, render) => {
  it.each([
    ['ann', [100, 3], [['source', 3]]],
    ['bob', [100, 5], [['destination', 5]]],
    [
      'fees',
      [3, 5],
      [
        ['source', 3],
        ['destination', 5],
      ],
    ],
  ] as const)('tells the owner of %s what moves from or to that account, and its fees', (account, amounts, fees) => {
    const told = render(transaction, own(account));
    expect(told.postings.map(({ amount }) => Number(amount))).toEqual(amounts);
    expect(told.fees?.map(({ payer, amount }) => [payer, Number(amount)])).toEqual(fees);
    expect(told.entries.every((entry) => entry.account === account)).toBe(true);
  });

  it('tells all of it to whom it is not told by owner', () => {
    const told = render(transaction, undefined);
    expect([told.postings.length, told.fees?.length, told.entries.length]).toEqual([3, 2, 6]);
  });
});
