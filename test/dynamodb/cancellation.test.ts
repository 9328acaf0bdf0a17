import { describe, expect, it } from '@jest/globals';
import { readCancellation } from '../../lib/dynamodb/commit/cancellation.ts';
import { WritePlan } from '../../lib/dynamodb/commit/write-plan.ts';
import type { ActionFailure } from '../../lib/dynamodb/table/faults.ts';
import { type Account, decide, emptyBalance, InvariantViolation, nothingFound } from '../../lib/ledger/index.ts';
import { account, tenant, transfer, usd } from '../support/ledger-fixture.ts';

const command = transfer('alice', 'bob', 5);
const none: ActionFailure = { kind: 'none' };
const condition: ActionFailure = { kind: 'condition' };
const conflict: ActionFailure = { kind: 'conflict' };
const throttled: ActionFailure = { kind: 'throttled' };

/** A write of one transfer between balances that exist: record, two balances, two entries. */
function plannedActions() {
  const balance = (id: string) => {
    const owner = { id: account(id), status: 'active', unbounded: true, shards: 1 } as Account;
    return { ...emptyBalance(owner, usd), version: 3, sequence: 2 };
  };
  const state = {
    balance: (id: string) => balance(id),
    account: () => undefined,
    shard: () => 0,
    hasAsset: () => true,
    ...nothingFound,
    feeTimeline: () => [],
  };
  const decision = decide(command, state, { now: 1, salt: 's' });
  if (decision.kind !== 'commit') throw new Error('not posted');
  const plan = new WritePlan('Ledger', tenant);
  plan.add(command, decision, { result: decision.result, requestHash: command.requestHash, nonce: 'n' });
  return plan.actions();
}

describe('readCancellation', () => {
  it('tells which commands are fought over', () => {
    const { contended, isThrottled, balances } = readCancellation(plannedActions(), [none, conflict, none, none, none]);
    expect([...contended]).toEqual([command]);
    expect([isThrottled, balances]).toEqual([false, []]);
  });

  it('tells which balances moved on', () => {
    const { balances } = readCancellation(plannedActions(), [none, none, condition, none, none]);
    expect(balances).toMatchObject([{ place: { account: 'bob', asset: usd, shard: 0 }, now: undefined }]);
  });

  it.each([
    ['is stale', condition],
    ['is being written', conflict],
    ['is throttled', throttled],
  ])('takes a foreign entry for what it is where its balance %s', (_, failure) => {
    expect(() => readCancellation(plannedActions(), [none, failure, none, condition, none])).not.toThrow();
  });

  it('finds damage in an entry that its balance does not know', () => {
    expect(() => readCancellation(plannedActions(), [none, none, none, condition, none])).toThrow(InvariantViolation);
  });

  it('finds a bug in a write that DynamoDB calls invalid, in a record that is not returned, and in missing reasons', () => {
    const invalid: ActionFailure = { kind: 'invalid', message: 'ValidationError' };
    for (const failures of [[none, none, none, none, invalid], [condition, none, none, none, none], [none]]) {
      expect(() => readCancellation(plannedActions(), failures)).toThrow(InvariantViolation);
    }
  });
});
