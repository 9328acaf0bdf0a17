import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Ledger } from '../../lib/dynamodb/index.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';

/** What DynamoDB itself reports for each call: exact, and the same on every machine. */
let books: LedgerFixture;
let proxy: FaultProxy;
let warm: Ledger;
beforeAll(async () => {
  books = await startLedger();
  proxy = await startFaultProxy({ target: books.database.endpoint, measureCapacity: true });
  for (const id of ['alice', 'bob', 'carol']) await books.createAccount(id, { funds: 1_000n });
  warm = open();
  await warm.post(transfer('alice', 'bob', 1), 5_000);
});
beforeEach(() => {
  proxy.log.length = 0;
});
afterAll(async () => {
  expect((await books.audit()).findings).toEqual([]);
  await proxy.stop();
  await books.stop();
});

function open(): Ledger {
  return books.open({ endpoint: proxy.url });
}

/** Calls since the last look: what was called, how many items it wrote, and the units DynamoDB counted. */
function calls(): { operation: string; items?: number; units: number | undefined }[] {
  return proxy.log.splice(0).map(({ operation, body, consumedUnits }) => ({
    operation,
    ...(Array.isArray(body.TransactItems) && { items: body.TransactItems.length }),
    units: consumedUnits,
  }));
}

describe('the cost of a transfer', () => {
  it('is 5 items, 10 write units and one call on a warm instance', async () => {
    await warm.post(transfer('alice', 'bob', 1, { description: 'Lunch', metadata: { order: '7' } }), 5_000);
    expect(calls()).toEqual([{ operation: 'TransactWriteItems', items: 5, units: 10 }]);
  });

  it('is one read more on a cold instance: four items, consistently, of which one tells of fees', async () => {
    await open().post(transfer('alice', 'bob', 1), 5_000);
    expect(calls()).toEqual([
      { operation: 'BatchGetItem', units: 4 },
      { operation: 'TransactWriteItems', items: 5, units: 10 },
    ]);
  });

  it('is one read more again when it opens a balance, and an item for the balance and one for the account', async () => {
    await books.createAccount('dave');
    await warm.post(transfer('alice', 'bob', 1), 5_000);
    calls();
    await warm.post(transfer('alice', 'dave', 1), 5_000);
    expect(calls()).toEqual([
      { operation: 'BatchGetItem', units: 2 },
      // The account, and the asset, which is remembered from then on.
      { operation: 'BatchGetItem', units: 2 },
      // The thirteenth unit keeps the index of accounts, which follows every change of an account.
      { operation: 'TransactWriteItems', items: 6, units: 13 },
    ]);
  });

  it('is 41 items and 82 write units for ten from one account', async () => {
    for (let i = 0; i < 10; i++) await books.createAccount(`friend${i}`, { funds: 1n });
    const ten = Array.from({ length: 10 }, (_, i) => transfer('alice', `friend${i}`, 1));
    await warm.postAll(ten, 5_000);
    expect(calls().filter(({ operation }) => operation === 'TransactWriteItems')).toEqual([
      { operation: 'TransactWriteItems', items: 41, units: 82 },
    ]);
  });

  it('is one call for a replay, warm or cold', async () => {
    const command = transfer('alice', 'bob', 1);
    await warm.post(command, 5_000);
    calls();
    await open().post(command, 5_000);
    expect(calls()).toEqual([{ operation: 'BatchGetItem', units: 4 }]);
    await warm.post(command, 5_000);
    expect(calls()).toMatchObject([{ operation: 'TransactWriteItems', items: 5 }]);
  });

  it('is one consistent read and one put for a decline', async () => {
    await open().post(transfer('alice', 'bob', 1_000_000), 5_000);
    expect(calls()).toEqual([
      { operation: 'BatchGetItem', units: 4 },
      { operation: 'PutItem', units: 1 },
    ]);
  });
});

describe('the cost of a read', () => {
  it('is one read for a balance', async () => {
    await warm.balances.get(tenant, account('alice'), usd);
    expect(calls()).toEqual([{ operation: 'GetItem', units: 1 }]);
  });

  it('is one Query for a page of history, whichever side of the transfers, once the instance knows the account', async () => {
    for (const id of ['alice', 'bob']) {
      await warm.balances.get(tenant, account(id), usd);
      calls();
      const page = await warm.entries.page({ tenant, account: account(id), asset: usd, order: 'desc', limit: 20 });
      expect(page.entries.length).toBeGreaterThan(2);
      expect(calls()).toMatchObject([{ operation: 'Query' }]);
    }
  });

  it('is one read of the account beside it when the instance does not know it, since it might be spread', async () => {
    const cold = open();
    await cold.entries.page({ tenant, account: account('alice'), asset: usd, order: 'desc', limit: 20 });
    expect(new Set(calls().map(({ operation }) => operation))).toEqual(new Set(['Query', 'GetItem']));
    await cold.balances.at(tenant, account('alice'), usd, Date.now());
    expect(calls()).toEqual([{ operation: 'Query', units: 1 }]);
  });

  it('is one Query of one entry for the balance as of an instant', async () => {
    const { posted } = await warm.balances.at(tenant, account('alice'), usd, Date.now());
    expect(posted).toBe((await books.ledger.balances.get(tenant, account('alice'), usd)).posted);
    expect(calls()).toEqual([{ operation: 'Query', units: 1 }]);
  });

  it('does not grow with the history', async () => {
    const costOf = async () => {
      await warm.balances.get(tenant, account('carol'), usd);
      await warm.balances.at(tenant, account('carol'), usd, Date.now());
      await warm.entries.page({ tenant, account: account('carol'), asset: usd, order: 'desc', limit: 1 });
      return calls();
    };
    await warm.post(transfer('carol', 'bob', 1), 5_000);
    calls();
    const before = await costOf();
    await warm.postAll(
      Array.from({ length: 100 }, () => transfer('carol', 'bob', 1)),
      20_000,
    );
    calls();
    expect(await costOf()).toEqual(before);
  });
});
