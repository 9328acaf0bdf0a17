import { describe, expect, it } from '@jest/globals';
import {
  type AccountId,
  type AssetCode,
  type Commitment,
  captureHold,
  createHold,
  type Decision,
  decide,
  expireHold,
  type Hold,
  holdIdOf,
  maxHoldSeconds,
  recordIdOf,
  type TenantId,
  voidHold,
} from '../../lib/ledger/index.ts';
import { transactionOf, usd, WrittenState } from './state-fixture.ts';

const tenant = 'default' as TenantId;
const now = 1_000_000;
const circumstances = { now, salt: 'salt' };
const id = holdIdOf(recordIdOf(tenant, 'hold'));
const largestBalance = 10n ** 36n - 1n;

function holding(rest: Partial<Hold> = {}): Hold {
  return {
    id,
    account: 'alice' as AccountId,
    asset: usd,
    amount: 100n,
    remaining: 100n,
    captured: 0n,
    status: 'open',
    createdAt: now - 10,
    expiresAt: now + 1_000,
    updatedAt: now - 10,
    version: 1,
    ...rest,
  };
}

/** alice has 150 of which 100 are held; bob has nothing. */
function books(hold: Partial<Hold> = {}, held = 100n): WrittenState {
  const state = new WrittenState()
    .withBalance('alice', 150n, { held })
    .withBalance('bob', 0n)
    .withBalance('world', 0n, {}, { unbounded: true });
  state.holds.set(id, holding(hold));
  return state;
}

function committed(decision: Decision): Commitment {
  if (decision.kind !== 'commit') throw new Error(`not committed: ${JSON.stringify(decision, bigintsAsText)}`);
  return decision;
}

function bigintsAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function reasonOf(decision: Decision): string {
  if (decision.kind === 'refuse') return decision.code;
  return decision.kind === 'decline' ? decision.reason : decision.kind;
}

function make(rest: Partial<Parameters<typeof createHold>[0]> = {}) {
  return createHold({ tenant, key: 'hold', account: 'alice' as AccountId, asset: usd, amount: 50n, ...rest });
}

function capture(rest: Partial<Parameters<typeof captureHold>[0]> = {}) {
  return captureHold({ tenant, key: 'capture', holdId: id, destination: 'bob' as AccountId, ...rest });
}

/** What a commitment leaves of the only hold it changes. */
function holdAfter({ holds = [] }: Commitment): Hold {
  expect(holds).toHaveLength(1);
  return holds[0]?.after as Hold;
}

describe('a hold that is made', () => {
  const open = () => new WrittenState().withBalance('alice', 150n, { held: 100n });

  it('takes from what is available, changes one balance and makes no entry', () => {
    const decision = committed(decide(make({ expiry: { expiresInSeconds: 60 } }), open(), circumstances));
    expect(holdAfter(decision)).toEqual({
      id,
      account: 'alice',
      asset: usd,
      amount: 50n,
      remaining: 50n,
      captured: 0n,
      status: 'open',
      createdAt: now,
      expiresAt: now + 60_000,
      updatedAt: now,
      version: 1,
      salt: circumstances.salt,
      operation: recordIdOf(tenant, 'hold'),
    });
    expect(decision.result).toEqual({ kind: 'hold', hold: holdAfter(decision) });
    expect(decision.entries).toEqual([]);
    const [{ before, after } = { before: undefined, after: undefined }] = decision.changes;
    expect(after).toEqual({ ...before, held: 150n, version: 5 });
  });

  it('lasts a week where nothing is said, and at most 31 days', () => {
    expect(holdAfter(committed(decide(make(), open(), circumstances))).expiresAt).toBe(now + 7 * 86_400_000);
    const longest = now + maxHoldSeconds * 1_000;
    const at = (expiresAt: number) => decide(make({ expiry: { expiresAt } }), open(), circumstances);
    expect(holdAfter(committed(at(longest))).expiresAt).toBe(longest);
    expect(holdAfter(committed(at(now + 1))).expiresAt).toBe(now + 1);
    for (const end of [now, now - 1, longest + 1]) expect(reasonOf(at(end))).toBe('invalid_request');
    for (const seconds of [0, -1, 1.5, maxHoldSeconds + 1, Number.NaN]) {
      expect(() => make({ expiry: { expiresInSeconds: seconds } })).toThrow(/seconds/);
    }
  });

  it('can begin a balance, where a floor allows it', () => {
    const state = new WrittenState().with('alice', { floors: new Map([[usd, -80n]]) });
    const decision = committed(decide(make(), state, circumstances));
    expect(decision.changes[0]).toMatchObject({
      after: { posted: 0n, held: 50n, sequence: 0, lastTransaction: null, version: 1 },
      openedOn: { id: 'alice' },
    });
  });

  it('is not held to a floor where there is none', () => {
    const state = new WrittenState().withBalance('alice', -5n, {}, { unbounded: true });
    expect(committed(decide(make(), state, circumstances)).changes[0]?.after.held).toBe(50n);
  });

  it('is never before the last entry of its balance', () => {
    const state = new WrittenState().withBalance('alice', 150n, { lastEntryAt: now + 7 });
    expect(holdAfter(committed(decide(make(), state, circumstances))).createdAt).toBe(now + 7);
  });

  it('is declined with what was there', () => {
    expect(decide(make({ amount: 51n }), open(), circumstances)).toEqual({
      kind: 'decline',
      reason: 'insufficient_funds',
      evidence: { account: 'alice', asset: usd, available: 50n, required: 51n },
    });
  });

  it('is refused and declined in the documented order', () => {
    const past = { expiry: { expiresAt: now } };
    const poor = { amount: 10n ** 30n - 1n };
    const full = () => new WrittenState().withBalance('full', 0n, { held: largestBalance }, { unbounded: true });
    const withStatus = (status: 'frozen' | 'closed') => new WrittenState().withBalance('alice', 5n, { status });
    const cases: [string, WrittenState, Parameters<typeof make>[0]][] = [
      ['account_not_found', open(), { account: 'nobody' as AccountId, asset: 'XAU' as AssetCode, ...past, ...poor }],
      ['asset_not_found', open().with('alice'), { asset: 'XAU' as AssetCode, ...past, ...poor }],
      ['invalid_request', withStatus('closed'), { ...past, ...poor }],
      ['account_closed', withStatus('closed'), poor],
      ['account_frozen', withStatus('frozen'), poor],
      ['insufficient_funds', open(), poor],
      ['limit_exceeded', full(), { account: 'full' as AccountId, ...poor }],
    ];
    for (const [reason, state, request] of cases) {
      expect([reason, reasonOf(decide(make(request), state, circumstances))]).toEqual([reason, reason]);
    }
  });
});

describe('a capture', () => {
  it('posts a part and leaves the hold open with the rest', () => {
    const decision = committed(decide(capture({ amount: 30n }), books(), circumstances));
    expect(transactionOf(decision)).toMatchObject({
      type: 'capture',
      holdId: id,
      postings: [{ source: 'alice', destination: 'bob', asset: usd, amount: 30n }],
      createdAt: now,
    });
    expect(decision.entries.map(({ account, amount, balanceAfter }) => [account, amount, balanceAfter])).toEqual([
      ['alice', -30n, 120n],
      ['bob', 30n, 30n],
    ]);
    expect(decision.changes.map(({ after: { account, posted, held } }) => [account, posted, held])).toEqual([
      ['alice', 120n, 70n],
      ['bob', 30n, 0n],
    ]);
    expect(holdAfter(decision)).toEqual({
      ...holding(),
      remaining: 70n,
      captured: 30n,
      status: 'open',
      updatedAt: now,
      version: 2,
      operation: capture().record,
    });
  });

  it('names the operation before it on the hold, if that is known', () => {
    const operation = recordIdOf(tenant, 'hold');
    const decision = committed(decide(capture(), books({ operation }), circumstances));
    expect(transactionOf(decision)).toMatchObject({ previousOperation: operation });
    expect(holdAfter(decision)).toMatchObject({ operation: capture().record, previousOperation: operation });
    expect(transactionOf(committed(decide(capture(), books(), circumstances)))).not.toHaveProperty('previousOperation');
  });

  it('of all that remains ends it, said or not', () => {
    for (const request of [{}, { amount: 100n }]) {
      const decision = committed(decide(capture(request), books(), circumstances));
      expect(holdAfter(decision)).toMatchObject({ remaining: 0n, captured: 100n, status: 'captured' });
      expect(decision.changes[0]?.after).toMatchObject({ posted: 50n, held: 0n });
    }
  });

  it('that is final gives the rest back', () => {
    const decision = committed(decide(capture({ amount: 30n, final: true }), books(), circumstances));
    expect(holdAfter(decision)).toMatchObject({ remaining: 0n, captured: 30n, status: 'captured' });
    expect(decision.changes[0]?.after).toMatchObject({ posted: 120n, held: 0n });
  });

  it('takes no more than what is left of the hold, whatever is available', () => {
    expect(decide(capture({ amount: 101n }), books(), circumstances)).toEqual({
      kind: 'decline',
      reason: 'exceeds_remaining',
      evidence: { account: 'alice', asset: usd, available: 100n, required: 101n },
      postings: [{ source: 'alice', destination: 'bob', asset: usd, amount: 101n }],
    });
  });

  it('happens before its end, by the clock and by the time it would carry', () => {
    const at = (time: number, state = books()) => reasonOf(decide(capture(), state, { now: time, salt: 'salt' }));
    expect(at(now + 999)).toBe('commit');
    expect(at(now + 1_000)).toBe('hold_not_open');
    // bob's last entry is later than the end, and so would be this one.
    expect(at(now, books().withBalance('bob', 0n, { lastEntryAt: now + 1_000 }))).toBe('hold_not_open');
  });

  it('is never before the latest change of the hold', () => {
    const decision = committed(decide(capture(), books({ updatedAt: now + 5 }), circumstances));
    expect(decision.entries.map(({ createdAt }) => createdAt)).toEqual([now + 5, now + 5]);
    expect(holdAfter(decision).updatedAt).toBe(now + 5);
  });

  it('is refused and declined in the documented order', () => {
    const self = { destination: 'alice' as AccountId };
    const nobody = { destination: 'nobody' as AccountId };
    const much = { amount: 101n };
    const alice = (status: 'frozen' | 'closed') => books().withBalance('alice', 150n, { held: 100n, status });
    const overdrawn = books().withBalance('alice', 99n, { held: 100n });
    const cases: [string, WrittenState, Parameters<typeof capture>[0]][] = [
      ['not_found', new WrittenState(), { ...self, ...much }],
      ['hold_not_open', books({ status: 'voided', remaining: 0n }), { ...self, ...much }],
      ['same_account', books(), { ...self, ...much }],
      ['account_not_found', books(), { ...nobody, ...much }],
      ['exceeds_remaining', alice('closed'), much],
      ['account_closed', alice('closed'), {}],
      ['account_closed', alice('frozen').withBalance('bob', 0n, { status: 'closed' }), {}],
      ['account_frozen', alice('frozen').withBalance('bob', largestBalance), {}],
      ['insufficient_funds', overdrawn.withBalance('bob', largestBalance), {}],
      ['limit_exceeded', books().withBalance('bob', largestBalance), {}],
    ];
    for (const [reason, state, request] of cases) {
      expect([reason, reasonOf(decide(capture(request), state, circumstances))]).toEqual([reason, reason]);
    }
  });

  it('is decided again where the balance cannot be of the same time as the hold', () => {
    expect(reasonOf(decide(capture({ amount: 10n }), books({}, 99n), circumstances))).toBe('stale');
  });
});

describe('the end of a hold', () => {
  it('by a client gives back what remains', () => {
    const state = books({ remaining: 70n, captured: 30n, version: 2 }, 70n);
    const decision = committed(decide(voidHold({ tenant, key: 'void', holdId: id }), state, circumstances));
    expect(holdAfter(decision)).toMatchObject({ status: 'voided', remaining: 0n, captured: 30n, version: 3 });
    expect(decision.changes).toHaveLength(1);
    expect(decision.changes[0]?.after).toMatchObject({ posted: 150n, held: 0n, version: 5 });
    expect(decision.entries).toEqual([]);
  });

  it('comes by itself from its time on, and not before; by a client before, and not from then on', () => {
    const at = (time: number) => [
      reasonOf(decide(expireHold(tenant, id), books(), { now: time, salt: '' })),
      reasonOf(decide(voidHold({ tenant, key: 'void', holdId: id }), books(), { now: time, salt: '' })),
    ];
    expect(at(now + 999)).toEqual(['hold_not_open', 'commit']);
    expect(at(now + 1_000)).toEqual(['commit', 'hold_not_open']);
    const expired = committed(decide(expireHold(tenant, id), books(), { now: now + 1_000, salt: '' }));
    expect(holdAfter(expired)).toMatchObject({ status: 'expired', remaining: 0n, updatedAt: now + 1_000 });
  });

  it('comes once', () => {
    for (const status of ['captured', 'voided', 'expired'] as const) {
      const state = books({ status, remaining: 0n }, 0n);
      for (const command of [expireHold(tenant, id), voidHold({ tenant, key: 'void', holdId: id }), capture()]) {
        expect(reasonOf(decide(command, state, { now: now + 5_000, salt: '' }))).toBe('hold_not_open');
        expect(reasonOf(decide(command, state, circumstances))).toBe('hold_not_open');
      }
    }
  });

  it('needs a hold', () => {
    for (const command of [expireHold(tenant, id), voidHold({ tenant, key: 'void', holdId: id })]) {
      expect(reasonOf(decide(command, new WrittenState(), circumstances))).toBe('not_found');
    }
  });

  it('is not kept from a frozen account', () => {
    const state = books().withBalance('alice', 150n, { held: 100n, status: 'frozen' });
    expect(reasonOf(decide(voidHold({ tenant, key: 'v', holdId: id }), state, circumstances))).toBe('commit');
  });

  it('has a key that no client can name', () => {
    const { record } = expireHold(tenant, id);
    for (const key of [id, `expiry${id}`, record]) expect(recordIdOf(tenant, key)).not.toBe(record);
    expect(expireHold(tenant, id)).toEqual(expireHold(tenant, id));
  });
});

describe('a request about a hold', () => {
  it('is the same however its names are ordered and its empty details are written, and another otherwise', () => {
    const hash = (rest: object) => make(rest).requestHash;
    expect(hash({ description: '', metadata: {} })).toBe(hash({}));
    const others: object[] = [
      { amount: 51n },
      { account: 'bob' },
      { asset: 'EUR' },
      { expiry: { expiresInSeconds: 60 } },
      { expiry: { expiresAt: 60 } },
      { description: 'x' },
      { metadata: { a: 'b' } },
    ];
    expect(new Set([{}, ...others].map(hash)).size).toBe(others.length + 1);
    const captures: object[] = [{}, { amount: 1n }, { final: true }, { destination: 'carol' }, { description: 'x' }];
    expect(new Set(captures.map((rest) => capture(rest).requestHash)).size).toBe(captures.length);
    expect(capture({ final: false }).requestHash).toBe(capture().requestHash);
    expect(() => make({ amount: 0n })).toThrow(/positive/);
    expect(() => capture({ amount: 0n })).toThrow(/positive/);
  });
});
