import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Ledger, TransactionResult } from '../../lib/dynamodb/index.ts';
import type { AccountPatch } from '../../lib/ledger/index.ts';
import { readTable } from '../support/books.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { withinOne } from '../support/one-window.ts';

let books: LedgerFixture;
let proxy: FaultProxy;
let instances: Ledger[];
beforeAll(async () => {
  books = await startLedger();
});
beforeEach(async () => {
  await withinOne('hour', 60_000);
  proxy = await startFaultProxy({ target: books.database.endpoint, measureCapacity: true });
  instances = Array.from({ length: 6 }, (_, index) => books.open(index === 0 ? { endpoint: proxy.url } : {}));
});
afterEach(async () => {
  await proxy.settled();
  for (const ledger of instances) ledger.client.destroy();
  await proxy.stop();
  expect((await books.audit()).findings).toEqual([]);
});
afterAll(() => books.stop());

async function open(patch: AccountPatch, funds = 100_000n): Promise<string> {
  const id = `a${randomUUID()}`;
  await books.createAccount(id, { funds });
  await books.createAccount(`to_${id}`, { funds: 1n });
  await change(id, patch);
  return id;
}

function change(id: string, patch: AccountPatch) {
  const keyApplied = { mark: randomUUID(), requestHash: '' };
  return books.ledger.accounts.update({ tenant, id: account(id), patch, keyApplied });
}

/** One transfer after the other from each instance, all at once. */
async function spend(id: string, each: number, amount: bigint): Promise<TransactionResult[]> {
  const rounds = instances.map(async (ledger) => {
    const results: TransactionResult[] = [];
    for (let i = 0; i < each; i++) {
      const command = transfer(id, `to_${id}`, amount);
      let result = await ledger.post(command, 8_000);
      while (result.kind === 'failed') result = await ledger.post(command, 8_000);
      results.push(result);
    }
    return results;
  });
  return (await Promise.all(rounds)).flat();
}

function statusOf(result: TransactionResult): string {
  if (result.kind !== 'settled') return result.kind;
  return result.transaction.status === 'rejected' ? result.transaction.reason : result.transaction.status;
}

const faults = [
  { name: 'a quiet network', rules: [] },
  {
    name: 'lost answers and conflicts',
    rules: [
      { operation: 'TransactWriteItems', fault: { kind: 'dropAnswer' as const }, probability: 0.2 },
      { operation: 'TransactWriteItems', fault: { kind: 'conflict' as const }, probability: 0.2 },
    ],
  },
];

describe('a limit of debits', () => {
  it.each(faults)('lets out what it says and no more, under races, with $name', async ({ rules }) => {
    proxy.rules.push(...rules);
    const id = await open({ limits: new Map([[usd, { day: { amount: 200n } }]]) });
    const results = await spend(id, 6, 10n);
    const statuses = Map.groupBy(results.map(statusOf), (status) => status);
    expect(statuses.get('posted')).toHaveLength(20);
    expect(statuses.get('limit_exceeded')).toHaveLength(results.length - 20);
    expect((await books.ledger.balances.get(tenant, account(`to_${id}`), usd)).posted).toBe(201n);
  });

  it.each(faults)('counts each debit once, under races, with $name', async ({ rules }) => {
    proxy.rules.push(...rules);
    const id = await open({ limits: new Map([[usd, { day: { count: 7 } }]]) });
    const results = await spend(id, 3, 10n);
    expect(results.map(statusOf).filter((status) => status === 'posted')).toHaveLength(7);
    const row = await balanceRow(id);
    expect(row?.debits).toMatchObject({ day: { amount: 70n, count: 7n } });
  });

  it('says, for good, which limit it was and what was used', async () => {
    const id = await open({ limits: new Map([[usd, { day: { amount: 25n } }]]) });
    await books.ledger.post(transfer(id, `to_${id}`, 20), 5_000);
    const command = transfer(id, `to_${id}`, 6);
    const evidence = { account: id, asset: usd, window: 'day', measure: 'amount', limit: 25n, used: 20n, required: 6n };
    const rejected = { kind: 'settled', transaction: { status: 'rejected', reason: 'limit_exceeded', evidence } };
    expect(await books.ledger.post(command, 5_000)).toMatchObject({ ...rejected, replayed: false });
    await change(id, { limits: new Map([[usd, null]]) });
    expect(await books.open().post(command, 5_000)).toMatchObject({ ...rejected, replayed: true });
  });

  it('holds from the moment it was answered, however busy the account is', async () => {
    const id = await open({});
    const running = spend(id, 12, 1n);
    await change(id, { limits: new Map([[usd, { day: { count: 3 } }]]) });
    const atAnswer = Date.now();
    const results = await running;
    const after = results.flatMap((result) =>
      result.kind === 'settled' && result.transaction.status === 'posted' && result.transaction.createdAt > atAnswer
        ? [result.transaction]
        : [],
    );
    expect(after.length).toBeLessThanOrEqual(3);
    expect(results.map(statusOf)).toContain('limit_exceeded');
    expect((await balanceRow(id))?.debits).toMatchObject({ day: { count: 3n } });
  });

  it('finds what was used when it is changed, and forgets it when it goes', async () => {
    const id = await open({ limits: new Map([[usd, { hour: { amount: 1_000n } }]]) });
    await books.ledger.post(transfer(id, `to_${id}`, 20), 5_000);
    await change(id, { limits: new Map([[usd, { day: { amount: 30n } }]]) });
    expect(statusOf(await books.ledger.post(transfer(id, `to_${id}`, 11), 5_000))).toBe('limit_exceeded');
    expect(statusOf(await books.ledger.post(transfer(id, `to_${id}`, 10), 5_000))).toBe('posted');
    await change(id, { limits: new Map([[usd, null]]) });
    expect(await balanceRow(id)).not.toHaveProperty('debits');
    expect(await balanceRow(id)).not.toHaveProperty('limits');
    expect(statusOf(await books.ledger.post(transfer(id, `to_${id}`, 1_000), 5_000))).toBe('posted');
    expect(await balanceRow(id)).not.toHaveProperty('debits');
  });

  it('is on a balance from its opening, and costs a transfer no item and no unit', async () => {
    const id = `fresh${randomUUID()}`;
    await books.createAccount(id);
    await change(id, { limits: new Map([[usd, { day: { amount: 30n, count: 9 }, hour: { amount: 30n, count: 9 } }]]) });
    await books.createAccount(`to_${id}`, { funds: 1n });
    await books.ledger.post(transfer('world', id, 100), 5_000);
    const [warm] = instances as [Ledger];
    await warm.post(transfer(id, `to_${id}`, 1), 5_000);
    proxy.log.length = 0;
    await warm.post(transfer(id, `to_${id}`, 1), 5_000);
    expect(
      proxy.log.map(({ body, consumedUnits }) => [(body.TransactItems as unknown[]).length, consumedUnits]),
    ).toEqual([[5, 10]]);
    expect(statusOf(await warm.post(transfer(id, `to_${id}`, 29), 5_000))).toBe('limit_exceeded');
  });

  it('leaves a balance without one as it was', async () => {
    const id = await open({});
    await books.ledger.post(transfer(id, `to_${id}`, 1), 5_000);
    const row = await balanceRow(id);
    for (const name of ['limits', 'debits', 'freezes']) expect(row).not.toHaveProperty(name);
  });
});

describe('a freeze during transfers', () => {
  it.each([
    { freezes: 'debits' as const, stopped: 'debits' },
    { freezes: 'all' as const, stopped: 'debits' },
    { freezes: 'all' as const, stopped: 'credits' },
  ])(
    'of $freezes stops $stopped from the moment it was answered',
    async ({ freezes, stopped }) => {
      const id = await open({});
      const [source, destination] = stopped === 'debits' ? [id, `to_${id}`] : ['world', id];
      let isStopping = false;
      const running = instances.map(async (ledger) => {
        const results: TransactionResult[] = [];
        while (!isStopping) results.push(await ledger.post(transfer(source, destination, 1), 8_000));
        for (let i = 0; i < 3; i++) results.push(await ledger.post(transfer(source, destination, 1), 8_000));
        return results;
      });
      // Some must have gone through before, else nothing was frozen amid anything.
      while ((await movedOf(id)) < 20n) await new Promise((resolve) => setTimeout(resolve, 5));
      await change(id, { status: 'frozen', freezes });
      const atAnswer = await movedOf(id);
      isStopping = true;
      const results = (await Promise.all(running)).flat();
      expect(await movedOf(id)).toBe(atAnswer);
      const statuses = new Set(results.map(statusOf));
      expect(statuses).toContain('posted');
      expect(statuses).toContain('account_frozen');
      // What is not stopped goes on.
      const [back, forth] = stopped === 'debits' ? ['world', id] : [id, `to_${id}`];
      const other = statusOf(await books.ledger.post(transfer(back, forth, 1), 8_000));
      expect(other).toBe(freezes === 'all' ? 'account_frozen' : 'posted');
      await change(id, { status: 'active' });
      expect(statusOf(await books.ledger.post(transfer(source, destination, 1), 8_000))).toBe('posted');
    },
    30_000,
  );
});

/** Entries of the account's balance beyond the one that funded it. */
async function movedOf(id: string): Promise<bigint> {
  return ((await balanceRow(id))?.sequence as bigint) - 1n;
}

async function balanceRow(id: string): Promise<Record<string, unknown> | undefined> {
  const rows = await readTable(books.database.client, books.database.tables.ledger);
  return rows.find(({ PK, SK }) => SK === 'B#USD/2' && String(PK).endsWith(`#A#${id}`));
}
