import { describe, expect, it } from '@jest/globals';
import {
  type Commitment,
  type Decision,
  decide,
  declineReasons,
  entryHash,
  genesisHash,
  type PostedTransaction,
  type Posting,
  refusalCodes,
} from '../../lib/ledger/index.ts';
import { commandOf, posting, transactionOf, usd, WrittenState } from './state-fixture.ts';

const circumstances = { now: 5_000, salt: 'salt' };
const largestBalance = 10n ** 36n - 1n;

function decideOn(state: WrittenState, ...postings: readonly Posting[]): Decision {
  return decide(commandOf(postings), state, circumstances);
}

function posted(decision: Decision): Commitment & { readonly transaction: PostedTransaction } {
  if (decision.kind !== 'commit') throw new Error(`not posted: ${JSON.stringify(decision, bigintsAsText)}`);
  return { ...decision, transaction: transactionOf(decision) };
}

function bigintsAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function reasonOf(decision: Decision): string {
  if (decision.kind === 'commit') return 'posted';
  if (decision.kind === 'stale') return 'stale';
  return decision.kind === 'decline' ? decision.reason : decision.code;
}

/** One account for every reason not to post, and a posting that meets just that. */
const troubled = new WrittenState()
  .withBalance('sink', 0n)
  .with('opened')
  .withBalance('closed', 0n, {}, { status: 'closed' })
  .withBalance('frozen', 100n, {}, { status: 'frozen' })
  .withBalance('poor', 5n)
  .withBalance('brim', largestBalance)
  .withBalance('world', 0n, {}, { unbounded: true });
const troubles: Readonly<Record<string, Posting>> = {
  account_not_found: posting('nobody', 'sink', 1n),
  asset_not_found: posting('opened', 'sink', 1n, 'XAU'),
  account_closed: posting('sink', 'closed', 1n),
  account_frozen: posting('frozen', 'sink', 1n),
  insufficient_funds: posting('poor', 'sink', 6n),
  limit_exceeded: posting('world', 'brim', 1n),
};

describe('the precedence of reasons', () => {
  // Those of what a command goes back to, such as the transaction that it reverses, do not come up here.
  const ofOthers: readonly string[] = [
    'not_found',
    'already_reversed',
    'invalid_request',
    'hold_not_open',
    'same_account',
    'exceeds_remaining',
  ];
  const documented = [...refusalCodes, ...declineReasons].filter((reason) => !ofOthers.includes(reason));

  it('is the documented one', () => {
    expect(documented).toEqual(Object.keys(troubles));
  });

  it.each(Object.entries(troubles))('finds %s alone', (reason, trouble) => {
    expect(reasonOf(decideOn(troubled, trouble))).toBe(reason);
  });

  const pairs = documented.flatMap((earlier, index) => documented.slice(index + 1).map((later) => [earlier, later]));
  it.each(pairs as [string, string][])('puts %s before %s, in whatever order the postings are', (earlier, later) => {
    const [first, second] = [troubles[earlier] as Posting, troubles[later] as Posting];
    expect(reasonOf(decideOn(troubled, first, second))).toBe(earlier);
    // The last two go posting by posting: what comes first in the list is found first.
    const goesByPosting = earlier === 'insufficient_funds';
    expect(reasonOf(decideOn(troubled, second, first))).toBe(goesByPosting ? later : earlier);
  });

  it('puts insufficient_funds before limit_exceeded at one posting', () => {
    expect(reasonOf(decideOn(troubled, posting('poor', 'brim', 6n)))).toBe('insufficient_funds');
  });

  it('looks at the number of balances last of all', () => {
    const state = full(96).withBalance('poor', 5n);
    const opening = posting('world', 'full', 1n);
    expect(reasonOf(decideOn(state, opening))).toBe('limit_exceeded');
    expect(reasonOf(decideOn(state, opening, posting('poor', 'world', 6n)))).toBe('insufficient_funds');
  });

  it('names the first account and asset of the first posting concerned', () => {
    expect(decideOn(troubled, posting('sink', 'nobody', 1n), posting('nowhere', 'sink', 1n))).toEqual({
      kind: 'refuse',
      code: 'account_not_found',
      account: 'nobody',
    });
    expect(decideOn(troubled, posting('opened', 'sink', 1n, 'XAU'))).toEqual({
      kind: 'refuse',
      code: 'asset_not_found',
      asset: 'XAU',
    });
    expect(decideOn(troubled, posting('sink', 'closed', 1n))).toMatchObject({ evidence: { account: 'closed' } });
    expect(decideOn(troubled, posting('frozen', 'sink', 1n))).toMatchObject({ evidence: { account: 'frozen' } });
    expect(decideOn(troubled, posting('poor', 'sink', 6n))).toMatchObject({
      evidence: { account: 'poor', asset: usd, available: 5n, required: 6n },
    });
  });
});

/** `full` has so many balances; `world` has USD/2 to give. */
function full(count: number): WrittenState {
  const balances = new Set(Array.from({ length: count }, (_, index) => `A${index}` as typeof usd));
  return new WrittenState().withBalance('world', 0n, {}, { unbounded: true }).with('full', { balances });
}

describe('status', () => {
  it('lets a frozen account take credits', () => {
    expect(reasonOf(decideOn(troubled, posting('poor', 'frozen', 5n)))).toBe('posted');
  });

  it('lets a frozen account give nothing, not even what the same transaction brought it', () => {
    expect(reasonOf(decideOn(troubled, posting('poor', 'frozen', 5n), posting('frozen', 'sink', 5n)))).toBe(
      'account_frozen',
    );
  });

  it('is taken from the account where a balance does not exist yet', () => {
    const state = new WrittenState()
      .withBalance('rich', 10n)
      .with('shut', { status: 'closed' })
      .with('ice', { status: 'frozen' });
    expect(reasonOf(decideOn(state, posting('rich', 'shut', 1n)))).toBe('account_closed');
    expect(reasonOf(decideOn(state, posting('ice', 'rich', 1n)))).toBe('account_frozen');
    expect(reasonOf(decideOn(state, posting('rich', 'ice', 1n)))).toBe('posted');
  });
});

describe('floors', () => {
  it.each([
    [0n, 10n, 0n, 10n, 'posted'],
    [0n, 10n, 0n, 11n, 'insufficient_funds'],
    [-50n, 10n, 0n, 60n, 'posted'],
    [-50n, 10n, 0n, 61n, 'insufficient_funds'],
    [0n, 10n, 4n, 6n, 'posted'],
    [0n, 10n, 4n, 7n, 'insufficient_funds'],
    [null, 0n, 0n, 10n ** 30n - 1n, 'posted'],
  ])('of %p with %p posted and %p held: %p is %p', (floor, balance, held, amount, expected) => {
    const state = new WrittenState().withBalance('a', balance, { floor, held }).withBalance('b', 0n);
    expect(reasonOf(decideOn(state, posting('a', 'b', amount)))).toBe(expected);
  });

  it('of the account counts where its balance does not exist yet', () => {
    const state = new WrittenState().with('a', { floors: new Map([[usd, -5n]]) }).with('b');
    expect(reasonOf(decideOn(state, posting('a', 'b', 5n)))).toBe('posted');
    expect(decideOn(state, posting('a', 'b', 6n))).toMatchObject({
      reason: 'insufficient_funds',
      evidence: { available: 5n, required: 6n },
    });
  });

  it('hold after every posting, each seeing what the ones before it left', () => {
    const state = new WrittenState().withBalance('a', 10n).withBalance('b', 0n).withBalance('c', 0n);
    expect(reasonOf(decideOn(state, posting('a', 'b', 10n), posting('b', 'c', 10n)))).toBe('posted');
    expect(reasonOf(decideOn(state, posting('b', 'c', 10n), posting('a', 'b', 10n)))).toBe('insufficient_funds');
    expect(decideOn(state, posting('a', 'b', 6n), posting('a', 'c', 6n))).toMatchObject({
      reason: 'insufficient_funds',
      evidence: { account: 'a', available: 4n, required: 6n },
    });
  });
});

describe('limits', () => {
  it.each([
    [largestBalance - 1n, 1n, 'posted'],
    [largestBalance, 1n, 'limit_exceeded'],
  ])('of a balance of %p that gets %p: %p', (balance, amount, expected) => {
    const state = new WrittenState().withBalance('world', 0n, {}, { unbounded: true }).withBalance('a', balance);
    expect(reasonOf(decideOn(state, posting('world', 'a', amount)))).toBe(expected);
  });

  it.each([
    [1n - largestBalance, 1n, 'posted'],
    [-largestBalance, 1n, 'limit_exceeded'],
  ])('of an unbounded balance of %p that gives %p: %p', (balance, amount, expected) => {
    const state = new WrittenState().withBalance('world', balance, {}, { unbounded: true }).withBalance('a', 0n);
    expect(decideOn(state, posting('world', 'a', amount))).toMatchObject(
      expected === 'posted' ? { kind: 'commit' } : { reason: expected, evidence: { account: 'world', asset: usd } },
    );
  });

  it('let an account open its 96th balance, and no more', () => {
    expect(reasonOf(decideOn(full(95), posting('world', 'full', 1n)))).toBe('posted');
    expect(decideOn(full(96), posting('world', 'full', 1n))).toMatchObject({
      reason: 'limit_exceeded',
      evidence: { account: 'full' },
    });
  });

  it('count the balances one transaction opens together', () => {
    const state = full(95).withBalance('world', 0n, { asset: 'EUR/2' as typeof usd });
    state.assets.add('EUR/2');
    const both = [posting('world', 'full', 1n), posting('world', 'full', 1n, 'EUR/2')];
    expect(reasonOf(decideOn(state, ...both))).toBe('limit_exceeded');
    state.with('full', { balances: new Set([...(state.accounts.get('full')?.balances ?? [])].slice(1)) });
    expect(reasonOf(decideOn(state, ...both))).toBe('posted');
  });

  it('do not count balances that exist', () => {
    const state = full(96).withBalance('full', 0n);
    expect(reasonOf(decideOn(state, posting('world', 'full', 1n)))).toBe('posted');
  });
});

describe('a posted transaction', () => {
  const state = new WrittenState()
    .withBalance('a', 100n, { lastEntryAt: 4_000 })
    .withBalance('b', 3n, { sequence: 1, version: 2, headHash: 'b'.repeat(64) })
    .with('c');
  const command = commandOf([posting('a', 'b', 10n), posting('b', 'c', 13n), posting('a', 'c', 1n)], {
    description: 'Split',
    metadata: { order: '7' },
  });
  const { transaction, entries, changes } = posted(decide(command, state, circumstances));

  it('has two entries for each posting, source first, gapless on each balance', () => {
    expect(
      entries.map(({ account, sequence, amount, balanceAfter, counterparty }) => [
        account,
        sequence,
        amount,
        balanceAfter,
        counterparty,
      ]),
    ).toEqual([
      ['a', 8, -10n, 90n, 'b'],
      ['b', 2, 10n, 13n, 'a'],
      ['b', 3, -13n, 0n, 'c'],
      ['c', 1, 13n, 13n, 'b'],
      ['a', 9, -1n, 89n, 'c'],
      ['c', 2, 1n, 14n, 'a'],
    ]);
  });

  it('chains them to what was there', () => {
    const [a1, b1, b2, c1, a2, c2] = entries;
    expect([a1, b1, b2, c1, a2, c2].map((entry) => entry?.previousHash)).toEqual([
      'f'.repeat(64),
      'b'.repeat(64),
      b1?.hash,
      genesisHash,
      a1?.hash,
      c1?.hash,
    ]);
    for (const entry of entries) expect(entry.hash).toBe(entryHash(command.tenant, entry));
  });

  it('names the transaction before it on each balance, not itself', () => {
    expect(entries.map((entry) => entry.previousTransactionId)).toEqual([
      'tx_before',
      'tx_before',
      'tx_before',
      null,
      'tx_before',
      null,
    ]);
  });

  it('carries description and type to its entries, metadata to the record', () => {
    expect(entries.every(({ description, type }) => description === 'Split' && type === 'transfer')).toBe(true);
    expect(transaction).toMatchObject({ id: command.id, status: 'posted', description: 'Split', salt: 'salt' });
    expect(transaction.metadata).toEqual({ order: '7' });
    expect(transaction.entries).toEqual(
      entries.map(({ account, asset, sequence, amount, balanceAfter }) => ({
        account,
        asset,
        shard: 0,
        sequence,
        amount,
        balanceAfter,
      })),
    );
  });

  it('leaves each balance changed once, a version on, at its last entry', () => {
    expect(changes.map(({ before, after, openedOn }) => [before.version, after.version, openedOn?.id])).toEqual([
      [4, 5, undefined],
      [2, 3, undefined],
      [0, 1, 'c'],
    ]);
    expect(changes.map(({ after }) => after)).toMatchObject([
      { account: 'a', posted: 89n, sequence: 9, lastEntryAt: 5_000, headHash: entries[4]?.hash },
      { account: 'b', posted: 0n, sequence: 3, lastEntryAt: 5_000, headHash: entries[2]?.hash },
      { account: 'c', posted: 14n, sequence: 2, lastEntryAt: 5_000, headHash: entries[5]?.hash },
    ]);
    for (const { after } of changes) expect(after.lastTransaction).toBe(command.id);
  });

  it('leaves floor, status and held as they were', () => {
    for (const { before, after } of changes) {
      const { floor, status, held } = before;
      expect(after).toMatchObject({ floor, status, held });
    }
  });

  it('does not touch the state it was decided on', () => {
    expect(state.balances.get('a#USD/2')?.posted).toBe(100n);
    expect(state.accounts.get('c')?.balances.size).toBe(0);
  });
});

describe('the time of a transaction', () => {
  it.each([
    [5_000, 1_000, 2_000, 5_000],
    [5_000, 9_000, 2_000, 9_000],
    [5_000, 1_000, 9_001, 9_001],
    [5_000, 5_000, 5_000, 5_000],
  ])('is, at %p with last entries at %p and %p: %p, for all its entries', (now, lastOfA, lastOfB, time) => {
    const state = new WrittenState()
      .withBalance('a', 10n, { lastEntryAt: lastOfA })
      .withBalance('b', 0n, { lastEntryAt: lastOfB })
      .with('c');
    const command = commandOf([posting('a', 'c', 1n), posting('a', 'b', 1n)]);
    const { transaction, entries, changes } = posted(decide(command, state, { now, salt: '' }));
    expect(transaction.createdAt).toBe(time);
    expect(entries.map(({ createdAt }) => createdAt)).toEqual([time, time, time, time]);
    expect(changes.map(({ after }) => after.lastEntryAt)).toEqual([time, time, time]);
  });
});
