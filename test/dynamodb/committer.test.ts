import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { account, type LedgerFixture, startLedger, transfer, usd } from '../support/ledger-fixture.ts';

let books: LedgerFixture;
beforeAll(async () => {
  books = await startLedger();
  await books.createAccount('alice', { funds: 1_000n });
  await books.createAccount('bob');
});
afterAll(async () => {
  expect((await books.audit()).findings).toEqual([]);
  await books.stop();
});

describe('post', () => {
  it('posts a transfer with its entries', async () => {
    const outcome = await books.ledger.post(transfer('alice', 'bob', 150, { description: 'Lunch' }), 5_000);
    expect(outcome).toMatchObject({
      kind: 'settled',
      replayed: false,
      transaction: {
        status: 'posted',
        type: 'transfer',
        entries: [
          { account: 'alice', asset: 'USD/2', sequence: 2, amount: -150n, balanceAfter: 850n },
          { account: 'bob', asset: 'USD/2', sequence: 1, amount: 150n, balanceAfter: 150n },
        ],
      },
    });
  });

  it('answers the same key from its record', async () => {
    const command = transfer('alice', 'bob', 1, { key: 'once' });
    const first = await books.ledger.post(command, 5_000);
    const again = await books.ledger.post(command, 5_000);
    const cold = await books.open().post(command, 5_000);
    expect(first.attempts).toBe(1);
    // A warm instance meets the record by a write that fails, a cold one by its first read.
    expect(again).toEqual({ ...first, replayed: true, attempts: 1 });
    expect(cold).toEqual({ ...first, replayed: true, attempts: 0 });
  });

  it('refuses a key that belongs to another request', async () => {
    const other = transfer('alice', 'bob', 2, { key: 'once' });
    expect(await books.ledger.post(other, 5_000)).toMatchObject({ kind: 'key_reused' });
    expect(await books.open().post(other, 5_000)).toMatchObject({ kind: 'key_reused' });
  });

  it('declines what is not covered, for good', async () => {
    const command = transfer('alice', 'bob', 1_000_000);
    const outcome = await books.ledger.post(command, 5_000);
    expect(outcome).toMatchObject({
      kind: 'settled',
      transaction: { status: 'rejected', reason: 'insufficient_funds', evidence: { account: 'alice' } },
    });
    await books.ledger.post(transfer('world', 'alice', 2_000_000), 5_000);
    expect(await books.ledger.post(command, 5_000)).toEqual({ ...outcome, replayed: true });
    expect(await books.open().post(command, 5_000)).toEqual({ ...outcome, replayed: true, attempts: 0 });
  });

  it('refuses what does not exist, and leaves the key free', async () => {
    const command = transfer('alice', 'carol', 5);
    expect(await books.ledger.post(command, 5_000)).toEqual({
      kind: 'refused',
      code: 'account_not_found',
      account: 'carol',
      attempts: 0,
    });
    await books.createAccount('carol');
    expect(await books.ledger.post(command, 5_000)).toMatchObject({ kind: 'settled', replayed: false });
  });

  it('gives 50 identical requests at one instant one effect', async () => {
    const command = transfer('alice', 'bob', 7);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => books.ledger.post(command, 5_000)));
    expect(outcomes.filter((outcome) => outcome.kind === 'settled' && !outcome.replayed)).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome.kind === 'settled' && outcome.replayed)).toHaveLength(49);
  });

  it('lets exactly as many spends succeed as are covered', async () => {
    await books.createAccount('dora', { funds: 1_000n });
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, () => books.ledger.post(transfer('dora', 'world', 10), 10_000)),
    );
    const statuses = outcomes.map((outcome) =>
      outcome.kind === 'settled' ? outcome.transaction.status : outcome.kind,
    );
    expect(Map.groupBy(statuses, (status) => status).get('posted')).toHaveLength(100);
    expect(Map.groupBy(statuses, (status) => status).get('rejected')).toHaveLength(100);
    expect((await books.ledger.balances.get('default' as never, account('dora'), usd)).posted).toBe(0n);
  });
});
