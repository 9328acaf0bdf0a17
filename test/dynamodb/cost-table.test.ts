import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditLog } from '../../lib/audit/index.ts';
import { type Ledger, systemClock, type UpdateAccount } from '../../lib/dynamodb/index.ts';
import {
  type BatchMemberRequest,
  captureHold,
  createHold,
  expireHold,
  type HoldId,
  minFeeNoticeMs,
  postBatch,
  reverseTransaction,
  shardOf,
  type TransactionId,
  voidHold,
} from '../../lib/ledger/index.ts';
import { deadLetterItem } from '../../lib/platform/dead-letter-item.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { readDocument, tableRows } from '../docs/documents.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';

const timeMs = 5_000;

let books: LedgerFixture;
let proxy: FaultProxy;
let warm: Ledger;
beforeAll(async () => {
  books = await startLedger();
  await makeFees();
  proxy = await startFaultProxy({ target: books.database.endpoint, measureCapacity: true });
  warm = books.open(accepting());
});
afterAll(async () => {
  expect((await books.audit()).findings).toEqual([]);
  warm.client.destroy();
  await proxy.stop();
  await books.stop();
});

/** Options of an instance that is measured, and may accept transactions into lines. */
function accepting() {
  const audit = new AuditLog(openPlatformTable({ table: books.database.tables.platform, endpoint: proxy.url }));
  return { endpoint: proxy.url, wakeLine: async () => {}, audit };
}

/** Makes a schedule that is in force by now, for transactions of a type of their own. */
async function makeFees(): Promise<void> {
  await books.createAccount('fees', { unbounded: true });
  const past = books.open({ clock: { ...systemClock, now: () => Date.now() - minFeeNoticeMs - 1_000 } });
  const rule = { type: 'levied', asset: usd, flat: 1n, payer: 'source' as const, feeAccount: account('fees') };
  await past.fees.create({ tenant, rules: [rule], keyApplied: { mark: 'fees', requestHash: '' } });
  past.client.destroy();
}

/** Prepares an operation on accounts of its own, through the instance that then knows them, and says what to measure. */
type Operation = (by: Ledger) => Promise<(on: Ledger) => Promise<unknown>>;

/** A transfer whose key belongs to this shard of four. */
function transferOnShard(shard: number, source: string, destination: string) {
  for (;;) {
    const command = transfer(source, destination, 1n);
    if (shardOf(command.record, 4) === shard) return command;
  }
}

/** Accounts with funds, whose balances the instance has just written. */
async function funded(by: Ledger, count: number, funds = 100n): Promise<string[]> {
  const ids = Array.from({ length: count }, () => `a-${randomUUID()}`);
  for (const id of ids) {
    await books.createAccount(id);
    await by.post(transfer('world', id, funds), timeMs);
  }
  return ids;
}

/** An account with so many transfers in its line. */
async function waiting(count: number): Promise<string> {
  const [one, other] = (await funded(books.ledger, 2)) as [string, string];
  const entrance = books.open({ wakeLine: async () => {} });
  for (let i = 0; i < count; i++) {
    expect(await entrance.accept(transfer(one, other, 1n), timeMs)).toMatchObject({ kind: 'accepted' });
  }
  entrance.client.destroy();
  return one;
}

async function serve(on: Ledger, id: string, settled: number): Promise<void> {
  const deadLetters = { table: books.database.tables.platform, item: deadLetterItem };
  const run = await on.serveLine(tenant, account(id), timeMs, deadLetters);
  expect([run.settled.length, run.failed, run.isEmpty]).toEqual([settled, [], true]);
}

async function payment(by: Ledger): Promise<TransactionId> {
  const [customer, shop] = (await funded(by, 2)) as [string, string];
  const paid = transfer(customer, shop, 50n);
  await by.post(paid, timeMs);
  return paid.id;
}

function limiting(id: string): UpdateAccount {
  const limits = new Map([[usd, { hour: { amount: 50n, count: 5 }, day: { amount: 500n, count: 50 } }]]);
  const by = { actor: { tenant, client: 'operator' } };
  return { tenant, id: account(id), patch: { limits }, keyApplied: { mark: randomUUID(), requestHash: '' }, by };
}

function reversal(reverses: TransactionId, amount: bigint) {
  return reverseTransaction({ tenant, key: randomUUID(), reverses, amount });
}

function hold(id: string, amount: bigint, expiry?: Parameters<typeof createHold>[0]['expiry']) {
  return createHold({ tenant, key: randomUUID(), account: account(id), asset: usd, amount, expiry });
}

/** An open hold of 50, and an account to capture it to. */
async function held(by: Ledger): Promise<{ readonly holdId: HoldId; readonly shop: string }> {
  const [customer, shop] = (await funded(by, 2)) as [string, string];
  const command = hold(customer, 50n);
  expect(await by.execute(command, timeMs)).toMatchObject({ kind: 'settled' });
  return { holdId: command.holdId, shop };
}

function capture({ holdId, shop }: { readonly holdId: HoldId; readonly shop: string }, amount: bigint) {
  return captureHold({ tenant, key: randomUUID(), holdId, destination: account(shop), amount });
}

function batch(transfers: readonly (readonly [string, string])[]) {
  const transactions = transfers.map(([source, destination]): BatchMemberRequest => {
    const posting = { source: account(source), destination: account(destination), asset: usd, amount: 1n };
    return { type: 'transfer', postings: [posting] };
  });
  return postBatch({ tenant, key: randomUUID(), transactions });
}

/** One for each row of the page, by its name there. */
const operations: Readonly<Record<string, Operation>> = {
  'A transfer': async (by) => {
    const [one, other] = (await funded(by, 2)) as [string, string];
    return (on) => on.post(transfer(one, other, 1n), timeMs);
  },
  'A transfer that opens a balance': async (by) => {
    const [one] = (await funded(by, 1)) as [string];
    const other = `a-${randomUUID()}`;
    await books.createAccount(other);
    return (on) => on.post(transfer(one, other, 1n), timeMs);
  },
  'A transfer with a fee': async (by) => {
    const [one, other] = (await funded(by, 2)) as [string, string];
    // The account that fees go to has had some before.
    await by.post(transfer(one, other, 1n, { type: 'levied' }), timeMs);
    return (on) => on.post(transfer(one, other, 1n, { type: 'levied' }), timeMs);
  },
  'A transfer from an account with limits of debits': async (by) => {
    const [one, other] = (await funded(by, 2)) as [string, string];
    await by.accounts.update(limiting(one));
    await by.post(transfer(one, other, 1n), timeMs);
    return (on) => on.post(transfer(one, other, 1n), timeMs);
  },
  'A change of the limits of an account with one balance': async (by) => {
    const [one] = (await funded(by, 1)) as [string];
    return (on) => on.accounts.update(limiting(one));
  },
  'A transfer from a spread account': async (by) => {
    const [one] = (await funded(by, 1)) as [string];
    const spread = `a-${randomUUID()}`;
    await books.createAccount(spread, { unbounded: true, shards: 4 });
    // The first goes to shard 0; from then on to where the key belongs, and an instance stays there.
    await by.post(transfer(spread, one, 1n), timeMs);
    await by.post(transferOnShard(1, spread, one), timeMs);
    return (on) => on.post(transferOnShard(1, spread, one), timeMs);
  },
  'A transfer that is declined': async (by) => {
    const [one, other] = (await funded(by, 2)) as [string, string];
    return (on) => on.post(transfer(one, other, 1_000n), timeMs);
  },
  'Ten transfers from one account, committed together': async (by) => {
    const [one, ...others] = (await funded(by, 11)) as [string, ...string[]];
    return (on) =>
      on.postAll(
        others.map((other) => transfer(one, other, 1n)),
        timeMs,
      );
  },
  'A reversal': async (by) => {
    const id = await payment(by);
    return (on) => on.post(reversal(id, 10n), timeMs);
  },
  'A reversal of a transaction that was reversed in part': async (by) => {
    const id = await payment(by);
    await by.post(reversal(id, 10n), timeMs);
    return (on) => on.post(reversal(id, 10n), timeMs);
  },
  'A reversal that is declined': async (by) => {
    const id = await payment(by);
    return (on) => on.post(reversal(id, 51n), timeMs);
  },
  'A batch of two transfers between two accounts': async (by) => {
    const [one, other] = (await funded(by, 2)) as [string, string];
    return (on) =>
      on.postBatch(
        batch([
          [one, other],
          [other, one],
        ]),
        timeMs,
      );
  },
  'A batch of ten transfers from one account': async (by) => {
    const [one, ...others] = (await funded(by, 11)) as [string, ...string[]];
    return (on) => on.postBatch(batch(others.map((other) => [one, other] as const)), timeMs);
  },
  'A hold': async (by) => {
    const [one] = (await funded(by, 1)) as [string];
    return (on) => on.execute(hold(one, 10n), timeMs);
  },
  'A hold that is declined': async (by) => {
    const [one] = (await funded(by, 1)) as [string];
    return (on) => on.execute(hold(one, 101n), timeMs);
  },
  'A capture of a part of a hold': async (by) => {
    const open = await held(by);
    return (on) => on.execute(capture(open, 10n), timeMs);
  },
  'A capture that ends a hold': async (by) => {
    const open = await held(by);
    return (on) => on.execute(capture(open, 50n), timeMs);
  },
  'A capture that is declined': async (by) => {
    const open = await held(by);
    return (on) => on.execute(capture(open, 51n), timeMs);
  },
  'A void of a hold': async (by) => {
    const { holdId } = await held(by);
    return (on) => on.execute(voidHold({ tenant, key: randomUUID(), holdId }), timeMs);
  },
  'The release of an expired hold': async (by) => {
    const [one] = (await funded(by, 1)) as [string];
    const command = hold(one, 10n, { expiresAt: Date.now() + 50 });
    expect(await by.execute(command, timeMs)).toMatchObject({ kind: 'settled' });
    await new Promise((resolve) => setTimeout(resolve, 60));
    return (on) => on.execute(expireHold(tenant, command.holdId), timeMs);
  },
  'A transfer that is accepted into a line': async (by) => {
    const [one, other] = (await funded(by, 2)) as [string, string];
    return (on) => on.accept(transfer(one, other, 1n), timeMs);
  },
  'The turn of one transfer in a line': async () => {
    const one = await waiting(1);
    return (on) => serve(on, one, 1);
  },
  'The turns of 19 transfers in a line': async () => {
    const one = await waiting(19);
    return (on) => serve(on, one, 19);
  },
  'A look at an empty line': async () => {
    const one = await waiting(0);
    return (on) => serve(on, one, 0);
  },
  'A transfer that is declined where something is held': async (by) => {
    const [one, other] = (await funded(by, 2)) as [string, string];
    await by.execute(hold(one, 10n), timeMs);
    return (on) => on.post(transfer(one, other, 1_000n), timeMs);
  },
};

/** What one run of an operation cost: calls, read units, items written and write units, as DynamoDB counted them. */
async function costOf(act: (on: Ledger) => Promise<unknown>, on: Ledger): Promise<[number, number, number, number]> {
  proxy.log.length = 0;
  await act(on);
  const calls = proxy.log.splice(0);
  const isRead = ({ operation }: { operation: string }) => ['BatchGetItem', 'GetItem', 'Query'].includes(operation);
  const units = (some: typeof calls) => some.reduce((sum, { consumedUnits = 0 }) => sum + consumedUnits, 0);
  const writes = calls.filter((call) => !isRead(call));
  const items = writes.map(({ body }) => (Array.isArray(body.TransactItems) ? body.TransactItems.length : 1));
  return [calls.length, units(calls.filter(isRead)), items.reduce((sum, count) => sum + count, 0), units(writes)];
}

describe('docs/reference/cost.md', () => {
  const rows = new Map(tableRows(readDocument('docs/reference/cost.md')).map(([name, ...cells]) => [name, cells]));

  it('has a row for each operation that is measured, and no other', () => {
    expect([...rows.keys()].sort()).toEqual(Object.keys(operations).sort());
  });

  it.each(Object.entries(operations))('says what it costs: %s', async (name, operation) => {
    const cold = books.open(accepting());
    const [coldCalls, coldReads, coldItems, coldWrites] = await costOf(await operation(books.ledger), cold);
    cold.client.destroy();
    // What this instance remembers of fee schedules is a matter of half minutes, and not of the operation.
    await warm.post(transfer('world', (await funded(warm, 1))[0] as string, 1n), timeMs);
    const [warmCalls, warmReads, items, writes] = await costOf(await operation(warm), warm);
    expect([coldItems, coldWrites]).toEqual([items, writes]);
    const measured = [coldCalls, coldReads, warmCalls, warmReads, items, writes].map(String);
    expect({ [name]: measured }).toEqual({ [name]: rows.get(name) });
  });

  it('says what the replay of a batch costs: what its record took to find, and one unit for each transaction', async () => {
    const [one, other] = (await funded(books.ledger, 2)) as [string, string];
    const command = batch(Array.from({ length: 10 }, () => [one, other] as const));
    await books.ledger.postBatch(command, timeMs);
    const cold = books.open({ endpoint: proxy.url });
    expect(await costOf((on) => on.postBatch(command, timeMs), cold)).toEqual([2, 4 + 10, 0, 0]);
    cold.client.destroy();
  });
});
