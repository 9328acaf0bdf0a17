import { BatchWriteItemCommand, DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Ledger, systemClock } from '../../lib/dynamodb/index.ts';
import { placeItem } from '../../lib/dynamodb/items/line-item.ts';
import { recordIdOf, type TenantId, transactionIdOf } from '../../lib/ledger/index.ts';
import { account, tenant, transfer } from '../support/ledger-fixture.ts';
import { type LineFixture, startLines } from './line-fixture.ts';

let lines: LineFixture;
let ledger: Ledger;
beforeAll(async () => {
  lines = await startLines();
  ledger = lines.open();
  await lines.books.createAccount('bob', { funds: 1n });
});
afterAll(() => lines.stop());

/** An instance whose clock is ahead by so many milliseconds, so that nothing has to be waited for. */
function later(ms: number): Ledger {
  return lines.open({ clock: { ...systemClock, now: () => Date.now() + ms } });
}

const names = (overdue: readonly { tenant: TenantId; account: string }[]) =>
  overdue.map(({ tenant: of, account: id }) => `${of} ${id}`).sort();

describe('a sweep of the lines', () => {
  it('finds nothing where nothing waits, and nothing that has not waited for long', async () => {
    expect(await later(60_000).overdueLines(30_000)).toEqual({ lines: [], overdue: 0, oldestAgeMs: 0 });
    await lines.books.createAccount('young', { funds: 1n });
    await ledger.accept(transfer('young', 'bob', 1), 5_000);
    expect(await later(20_000).overdueLines(30_000)).toEqual({ lines: [], overdue: 0, oldestAgeMs: 0 });
    await lines.drain('young');
  });

  it('finds each line once, in whichever bucket, with how many wait and for how long', async () => {
    // So many that their hashes meet most of the sixteen buckets.
    const ids = Array.from({ length: 40 }, (_, i) => `payer${String(i).padStart(2, '0')}`);
    let first = Number.POSITIVE_INFINITY;
    for (const id of ids) {
      await lines.books.createAccount(id, { funds: 10n });
      for (let i = 0; i < 2; i++) {
        const accepted = await ledger.accept(transfer(id, 'bob', 1), 5_000);
        first = Math.min(first, (accepted as { acceptedAt: number }).acceptedAt);
      }
    }
    const now = Date.now() + 100_000;
    const swept = lines.open({ clock: { ...systemClock, now: () => now } });
    const { lines: overdue, ...rest } = await swept.overdueLines(30_000);
    expect(names(overdue)).toEqual(ids.map((id) => `${tenant} ${id}`));
    expect(rest).toEqual({ overdue: 80, oldestAgeMs: now - first });
    // What it woke is served, and is overdue no more.
    for (const { account: id } of overdue) await lines.drain(id);
    expect(await swept.overdueLines(30_000)).toEqual({ lines: [], overdue: 0, oldestAgeMs: 0 });
    expect(await lines.findings()).toEqual([]);
  });

  it('is not kept from a line by another that has waited longer with thousands', async () => {
    const { client, tables } = lines.books.database;
    // Two accounts of one bucket: the second waits behind all of the first.
    const bucketOf = (id: string) =>
      placeItem(tenant, { account: account(id), transaction: transactionIdOf(recordIdOf(tenant, id)), acceptedAt: 0 })
        .dueBucket;
    const [stuck, other] = Map.groupBy(
      Array.from({ length: 40 }, (_, i) => `line${i}`),
      bucketOf,
    )
      .values()
      .find((ids) => ids.length > 1) as [string, string];
    const items = Array.from({ length: 1_301 }, (_, i) => {
      const id = i === 1_300 ? other : stuck;
      const transaction = transactionIdOf(recordIdOf(tenant, `${id} ${i}`));
      return placeItem(tenant, { account: account(id), transaction, acceptedAt: 1_000 + i });
    });
    for (let from = 0; from < items.length; from += 25) {
      const requests = items.slice(from, from + 25).map((item) => ({ PutRequest: { Item: marshall(item) } }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [tables.ledger]: requests } }));
    }
    const run = await ledger.overdueLines(30_000);
    expect(names(run.lines)).toEqual([`${tenant} ${other}`, `${tenant} ${stuck}`].sort());
    expect(run.overdue).toBe(1_301);
    for (const { PK, SK } of items) {
      await client.send(new DeleteItemCommand({ TableName: tables.ledger, Key: marshall({ PK, SK }) }));
    }
  });

  it('is unavailable where the ledger is', async () => {
    const behind = lines.openBehindProxy();
    lines.proxy.rules.push({ fault: { kind: 'throttle' } });
    await expect(behind.overdueLines(30_000)).rejects.toMatchObject({ name: 'LedgerError', code: 'unavailable' });
  });
});
