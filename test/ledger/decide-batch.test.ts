import { describe, expect, it } from '@jest/globals';
import {
  type BatchMemberRequest,
  type Commitment,
  type Decision,
  decide,
  detailsDigest,
  LedgerError,
  maxActionsPerWrite,
  maxBatchMembers,
  mostActions,
  type Posting,
  postBatch,
  type TenantId,
  transactionIdPattern,
} from '../../lib/ledger/index.ts';
import { posting, usd, WrittenState } from './state-fixture.ts';

const circumstances = { now: 5_000, salt: 'salt' };

function member(postings: readonly Posting[], rest: Partial<BatchMemberRequest> = {}): BatchMemberRequest {
  return { type: 'transfer', postings, ...rest };
}

function batch(transactions: readonly BatchMemberRequest[], key = 'key') {
  return postBatch({ tenant: 'default' as TenantId, key, transactions });
}

function decideOn(state: WrittenState, ...members: readonly Posting[]): Decision {
  return decide(batch(members.map((each) => member([each]))), state, circumstances);
}

function committed(decision: Decision): Required<Pick<Commitment, 'members'>> & Commitment {
  if (decision.kind !== 'commit' || !decision.members) throw new Error(`not posted: ${decision.kind}`);
  return { ...decision, members: decision.members };
}

function faultOf(act: () => unknown): LedgerError {
  try {
    act();
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

/** Each from an account of its own to another, so that nothing is shared. */
function strangers(count: number): BatchMemberRequest[] {
  return Array.from({ length: count }, (_, index) => member([posting(`from_${index}`, `to_${index}`, 1n)]));
}

describe('decideBatch', () => {
  it('lets each transaction see what the ones before it left, and writes each balance once', () => {
    const state = new WrittenState().withBalance('world', 0n, {}, { unbounded: true }).with('alice').with('bob');
    const { members, entries, changes, result } = committed(
      decideOn(state, posting('world', 'alice', 10n), posting('alice', 'bob', 10n), posting('bob', 'alice', 4n)),
    );
    expect(result).toEqual({
      kind: 'batch',
      transactions: members.map(({ transaction }) => transaction.id),
      createdAt: 5_000,
    });
    expect(
      entries.map(({ account, amount, balanceAfter, sequence }) => [account, amount, balanceAfter, sequence]),
    ).toEqual([
      ['world', -10n, -10n, 8],
      ['alice', 10n, 10n, 1],
      ['alice', -10n, 0n, 2],
      ['bob', 10n, 10n, 1],
      ['bob', -4n, 6n, 2],
      ['alice', 4n, 4n, 3],
    ]);
    expect(
      changes.map(({ before, after, openedOn }) => [after.account, before.version, after.posted, openedOn?.id]),
    ).toEqual([
      ['world', 4, -10n, undefined],
      ['alice', 0, 4n, 'alice'],
      ['bob', 0, 6n, 'bob'],
    ]);
    // The chain of each balance goes through the transactions of the batch.
    expect(entries[2]?.previousHash).toBe(entries[1]?.hash);
    expect(entries[2]?.previousTransactionId).toBe(members[0]?.transaction.id);
  });

  it('puts all transactions at one time, that of the latest entry of any of their balances', () => {
    const state = new WrittenState()
      .withBalance('alice', 10n, { lastEntryAt: 9_000 })
      .withBalance('bob', 10n)
      .withBalance('carol', 0n);
    const { members } = committed(decideOn(state, posting('bob', 'carol', 1n), posting('alice', 'carol', 1n)));
    expect(members.map(({ transaction }) => transaction.createdAt)).toEqual([9_000, 9_000]);
  });

  it('gives each transaction a salt of its own, the same whenever it is decided again', () => {
    const state = new WrittenState().withBalance('alice', 10n).withBalance('bob', 0n);
    const command = batch([
      member([posting('alice', 'bob', 1n)], { description: 'Lunch' }),
      member([posting('alice', 'bob', 1n)], { description: 'Lunch' }),
    ]);
    const [first, second] = [1, 2].map(() => committed(decide(command, state, circumstances)));
    const salts = first?.members.map(({ transaction }) => transaction.salt ?? '') ?? [];
    expect(new Set(salts).size).toBe(2);
    expect(second?.members.map(({ transaction }) => transaction.salt)).toEqual(salts);
    expect(first?.entries.map((entry) => entry.detailsDigest)).toEqual(
      salts.flatMap((salt) => [detailsDigest(salt, 'Lunch', undefined), detailsDigest(salt, 'Lunch', undefined)]),
    );
  });

  it('is declined for the first transaction that is, and says which', () => {
    const state = new WrittenState().withBalance('alice', 10n).withBalance('bob', 0n).withBalance('carol', 0n);
    const decision = decideOn(
      state,
      posting('alice', 'bob', 8n),
      posting('alice', 'carol', 3n),
      posting('bob', 'carol', 9n),
    );
    expect(decision).toEqual({
      kind: 'decline',
      reason: 'insufficient_funds',
      evidence: { account: 'alice', asset: usd, available: 2n, required: 3n, index: 1 },
      postings: [posting('alice', 'carol', 3n)],
    });
  });

  it('is refused for what any transaction misses, before it is declined for another', () => {
    const state = new WrittenState().withBalance('alice', 0n).withBalance('bob', 0n).with('carol');
    expect(decideOn(state, posting('alice', 'bob', 1n), posting('bob', 'nobody', 1n))).toEqual({
      kind: 'refuse',
      code: 'account_not_found',
      account: 'nobody',
      index: 1,
    });
    expect(decideOn(state, posting('alice', 'bob', 1n), posting('bob', 'carol', 1n, 'XAU'))).toMatchObject({
      code: 'asset_not_found',
      index: 1,
    });
  });

  it('declines what would give an account more balances than it may have, across transactions', () => {
    const assets = Array.from({ length: 95 }, (_, index) => `A${index}`);
    const state = new WrittenState()
      .withBalance('world', 0n, {}, { unbounded: true })
      .with('full', { balances: new Set(assets) as never });
    for (const asset of ['X', 'Y']) {
      state.assets.add(asset);
      state.withBalance('world', 0n, { asset: asset as never });
    }
    expect(decideOn(state, posting('world', 'full', 1n, 'X'), posting('world', 'full', 1n, 'Y'))).toMatchObject({
      reason: 'limit_exceeded',
      evidence: { account: 'full', index: 1 },
    });
  });
});

describe('postBatch', () => {
  it('names its transactions by its key and their places', () => {
    const [first, second] = [batch(strangers(3)), batch(strangers(3), 'other')];
    const ids = [first, second].flatMap(({ id, members }) => [id, ...members.map((each) => each.id)]);
    expect(new Set(ids).size).toBe(8);
    for (const id of ids) expect(id).toMatch(transactionIdPattern);
    expect(batch(strangers(3))).toEqual(first);
  });

  it('tells requests apart by their transactions and the order of these', () => {
    const [one, two] = strangers(2) as [BatchMemberRequest, BatchMemberRequest];
    const batches = [
      [one, two],
      [two, one],
      [one],
      [one, { ...two, description: 'Lunch' }],
      [one, { ...two, type: 'pay' }],
    ];
    expect(new Set(batches.map((transactions) => batch(transactions).requestHash)).size).toBe(batches.length);
  });

  it('takes as many as always fit one write, and names the limit beyond', () => {
    expect(mostActions(strangers(14))).toBe(100);
    expect(batch(strangers(14)).members).toHaveLength(14);
    expect(faultOf(() => batch(strangers(15)))).toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(/may need 107 items and one write takes 100/),
    });
    const between = (count: number) => Array.from({ length: count }, () => member([posting('alice', 'bob', 1n)]));
    expect(mostActions(between(maxBatchMembers))).toBeLessThanOrEqual(maxActionsPerWrite);
    expect(mostActions(between(maxBatchMembers + 1))).toBeGreaterThan(maxActionsPerWrite);
    expect(batch(between(maxBatchMembers)).members).toHaveLength(31);
    expect(faultOf(() => batch(between(32))).message).toContain('1 to 31 transactions, not 32');
    expect(faultOf(() => batch([])).message).toContain('not 0');
  });

  it('needs no more than it foresees, when every balance is new', () => {
    const state = new WrittenState();
    for (let index = 0; index < 14; index++) {
      state.with(`from_${index}`, { unbounded: true }).with(`to_${index}`);
    }
    const { entries, changes, members } = committed(decide(batch(strangers(14)), state, circumstances));
    const opened = new Set(changes.map(({ openedOn }) => openedOn?.id));
    // The one that is left is its place in a line, where it waited in one.
    expect(2 + members.length + entries.length + changes.length + opened.size).toBe(mostActions(strangers(14)));
  });

  it('says which transaction no ledger would take', () => {
    const transactions = [...strangers(1), member([posting('alice', 'alice', 1n)])];
    expect(faultOf(() => batch(transactions))).toMatchObject({
      code: 'same_account',
      evidence: { account: 'alice', index: '1' },
    });
    expect(faultOf(() => batch([member([])]))).toMatchObject({ code: 'invalid_request', evidence: { index: '0' } });
  });
});
