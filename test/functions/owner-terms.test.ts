import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requireOwnersTerms } from '../../functions/transactions/owner-terms.ts';
import { callerOf } from '../../lib/auth/index.ts';
import type { FeeRule } from '../../lib/ledger/index.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';

let fixture: LedgerFixture;
const startedAt = Date.now();
const minutes = (count: number) => startedAt + count * 60_000;

const rules: readonly FeeRule[] = [
  { type: 'transfer', asset: usd, flat: 1n, payer: 'source', feeAccount: account('world') },
];

/** What an owner is told who asks at this time for two postings at once: nothing where that may be. */
async function toldAt(now: number): Promise<string | undefined> {
  const caller = callerOf({ tenant, client: 'phone', subject: 'ann', roles: [], scopes: [] });
  const ownAccounts = new Set([account('mine')]);
  const { postings } = transfer('mine', 'world', 1);
  const asked = [{ type: 'transaction', postings: [...postings, ...postings] }];
  try {
    await requireOwnersTerms(fixture.ledger, { caller, ownAccounts }, asked, { now: () => now });
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

async function scheduleFrom(effectiveAt: number, its: readonly FeeRule[]): Promise<void> {
  const keyApplied = { mark: randomUUID(), requestHash: randomUUID() };
  await fixture.ledger.fees.create({ tenant, rules: its, effectiveAt, keyApplied });
}

beforeAll(async () => {
  fixture = await startLedger();
});
afterAll(() => fixture.stop());

describe('whether an owner may post several postings', () => {
  it('goes by the fees that are in force and those to come, and not by those that are over', async () => {
    expect(await toldAt(minutes(0))).toBeUndefined();
    await scheduleFrom(minutes(10), rules);
    expect(await toldAt(minutes(0))).toBe('forbidden');
    expect(await toldAt(minutes(11))).toBe('forbidden');
    await scheduleFrom(minutes(20), []);
    expect(await toldAt(minutes(19))).toBe('forbidden');
    expect(await toldAt(minutes(20))).toBeUndefined();
    await scheduleFrom(minutes(30), []);
    await scheduleFrom(minutes(40), rules);
    expect(await toldAt(minutes(20))).toBe('forbidden');
  });
});
