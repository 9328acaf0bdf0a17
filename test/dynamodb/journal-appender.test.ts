import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../lib/dynamodb/index.ts';
import { type JournalAppender, openAppender } from '../../lib/dynamodb/journal/journal-appender.ts';
import { Journal } from '../../lib/events/index.ts';
import { createHold, InvariantViolation, type PostTransaction, voidHold } from '../../lib/ledger/index.ts';
import { readTable } from '../support/books.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { auditJournal } from '../support/journal-books.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';

const timeMs = 10_000;

let books: LedgerFixture;
let proxy: FaultProxy;
let appender: JournalAppender;
beforeAll(async () => {
  books = await startLedger();
  proxy = await startFaultProxy({ target: books.database.endpoint, measureCapacity: true });
  appender = openAppender({ table: books.database.tables.ledger, endpoint: proxy.url });
  for (const id of ['alice', 'bob']) await books.createAccount(id, { funds: 100_000n });
});
afterAll(async () => {
  expect((await audit()).findings).toEqual([]);
  expect((await books.audit()).findings).toEqual([]);
  await proxy.stop();
  await books.stop();
});

async function audit() {
  return auditJournal(await readTable(books.database.client, books.database.tables.ledger), tenant);
}

async function post(count: number): Promise<string[]> {
  const commands = Array.from({ length: count }, () => transfer('alice', 'bob', 1));
  for (let from = 0; from < count; from += 10) await books.ledger.postAll(commands.slice(from, from + 10), 5_000);
  return commands.map(partitionOf);
}

function partitionOf({ record }: Pick<PostTransaction, 'record'>): string {
  return `T#${tenant}#X#${record}`;
}

/** The calls of what is done, each by its operation with the units it took. */
async function callsOf(work: () => Promise<unknown>): Promise<(readonly [string, number | undefined])[]> {
  proxy.log.length = 0;
  await work();
  return proxy.log.map(({ operation, consumedUnits }) => [operation, consumedUnits] as const);
}

describe('JournalAppender', () => {
  it('appends what must come before, however much it is, and nothing twice', async () => {
    const last = (await post(250)).at(-1) as string;
    const numbers: number[] = [];
    const cold = openAppender({ table: books.database.tables.ledger, endpoint: books.database.endpoint });
    const onBlock = async (number: number) => void numbers.push(number);
    // The transfers before it, and the two that funded their accounts; accounts are no part of what it stands on.
    expect(await cold.append(tenant, [last], timeMs, onBlock)).toMatchObject({
      blocks: 3,
      events: 252,
      isComplete: true,
    });
    expect(numbers).toEqual([1, 2, 3]);
    expect(await cold.append(tenant, [last], timeMs)).toMatchObject({ blocks: 0, events: 0, isComplete: true });
    expect(await appender.append(tenant, [last], timeMs)).toMatchObject({ blocks: 0, events: 0, isComplete: true });
  });

  it('takes, warm, one read and two writes for a hundred transfers', async () => {
    await appender.append(tenant, await post(1), timeMs);
    const hundred = await post(100);
    const calls = await callsOf(() => appender.append(tenant, hundred.toReversed(), timeMs));
    // Each record takes the two units of a transaction, and a block two for each kilobyte: 13 KB with 99 events.
    expect(calls).toEqual([
      ['BatchGetItem', 100],
      ['TransactWriteItems', 99 * 2 + 13 * 2],
      ['TransactWriteItems', 2 + 2],
    ]);
  });

  it('takes, cold, two reads more for what stands behind something', async () => {
    const cold = openAppender({ table: books.database.tables.ledger, endpoint: proxy.url });
    const [one] = (await post(1)) as [string];
    const calls = await callsOf(() => cold.append(tenant, [one], timeMs));
    expect(calls.map(([operation]) => operation)).toEqual([
      'BatchGetItem',
      'BatchGetItem',
      'BatchGetItem',
      'Query',
      'TransactWriteItems',
    ]);
  });

  it('leaves out what is not there, is no item of a journal, or waits in a line', async () => {
    const strangers = [`T#${tenant}#X#nothing`, `T#${tenant}#A#alice`, 'T#other', ''];
    expect(await appender.append(tenant, strangers, timeMs)).toMatchObject({ blocks: 0, isComplete: true });
  });

  it('ends in time with what it has, and goes on from there', async () => {
    const last = (await post(300)).at(-1) as string;
    let now = 0;
    const clock = { ...systemClock, elapsed: () => now };
    const hurried = openAppender({ table: books.database.tables.ledger, endpoint: books.database.endpoint, clock });
    const first = await hurried.append(tenant, [last], timeMs, async () => {
      now += timeMs - 1_000;
    });
    expect(first).toMatchObject({ blocks: 1, events: 99, isComplete: false });
    const again = await appender.append(tenant, [last], timeMs);
    expect(again).toMatchObject({ events: 201, isComplete: true });
  });

  it('takes nothing for appended whose block was refused', async () => {
    // No two in a row share more than one balance, which alone says in which order they come.
    const shops = ['one', 'two', 'three'];
    for (const shop of shops) await books.createAccount(shop);
    const commands = Array.from({ length: 150 }, (_, index) => transfer('alice', shops[index % 3] as string, 1));
    for (const command of commands) await books.ledger.post(command, 5_000);
    const last = partitionOf(commands.at(-1) as PostTransaction);
    const cold = openAppender({ table: books.database.tables.ledger, endpoint: proxy.url });
    proxy.rules.push({ operation: 'TransactWriteItems', fault: { kind: 'throttle' }, skip: 1, count: 1 });
    expect(await cold.append(tenant, [last], timeMs)).toMatchObject({ blocks: 2, events: 150 });
    proxy.rules.length = 0;
    expect((await audit()).findings).toEqual([]);
  });

  it('finds its place where two append at once', async () => {
    const other = openAppender({ table: books.database.tables.ledger, endpoint: books.database.endpoint });
    for (let round = 0; round < 5; round++) {
      const wanted = await post(40);
      const both = [appender.append(tenant, wanted, timeMs), other.append(tenant, wanted.toReversed(), timeMs)];
      const [one, two] = await Promise.all(both);
      expect((one?.events ?? 0) + (two?.events ?? 0)).toBe(40);
    }
    expect((await audit()).findings).toEqual([]);
  });

  it('tells what nobody woke it for, when it meets that an hour later', async () => {
    const [forgotten, woken] = (await post(2)) as [string, string];
    const clock = { ...systemClock, now: () => Date.now() + 3_700_000 };
    const late = openAppender({ table: books.database.tables.ledger, endpoint: books.database.endpoint, clock });
    expect(await late.append(tenant, [woken], timeMs)).toMatchObject({ events: 2, forgotten: 1 });
    expect((await audit()).places.has(forgotten)).toBe(true);
  });

  it('puts the operations of a hold in their order, and demands the one before', async () => {
    const made = createHold({ tenant, key: 'made', account: account('alice'), asset: usd, amount: 5n });
    await books.ledger.execute(made, 5_000);
    const voided = voidHold({ tenant, key: 'voided', holdId: made.holdId });
    await books.ledger.execute(voided, 5_000);
    expect(await appender.append(tenant, [partitionOf(voided)], timeMs)).toMatchObject({ events: 2 });
    const { places } = await audit();
    expect(places.get(partitionOf(made))).toBe((places.get(partitionOf(voided)) ?? 0) - 1);
  });

  it('goes no further where something that must come before is gone', async () => {
    const change = { tenant, id: account('alice'), patch: { metadata: { a: '1' } } };
    await books.ledger.accounts.update({ ...change, keyApplied: { mark: 'a', requestHash: '' } });
    await books.ledger.accounts.update({ ...change, keyApplied: { mark: 'b', requestHash: '' } });
    const rows = await readTable(books.database.client, books.database.tables.ledger);
    const changes = rows.filter(({ SK, subject }) => SK === 'CHANGE' && subject === 'account/alice');
    const [, second, third] = changes.toSorted((a, b) => Number(a.number) - Number(b.number));
    const TableName = books.database.tables.ledger;
    const Key = marshall({ PK: String(second?.PK), SK: 'CHANGE' });
    await books.database.client.send(new DeleteItemCommand({ TableName, Key }));
    await expect(appender.append(tenant, [String(third?.PK)], timeMs)).rejects.toThrow(InvariantViolation);
    await books.database.client.send(new PutItemCommand({ TableName, Item: marshall({ ...second }) }));
    expect(await appender.append(tenant, [String(third?.PK)], timeMs)).toMatchObject({ events: 3 });
  });
});

describe('EventFeed', () => {
  it('takes one Query and one BatchGetItem for a page behind a cursor, and halves for a mere sequence', async () => {
    const { feed } = new Journal({ table: books.database.tables.ledger, endpoint: proxy.url });
    const { end } = await feed.page(tenant, { after: { sequence: 0 }, limit: 150 });
    const page = await callsOf(() => feed.page(tenant, { after: end, limit: 20 }));
    expect(page.map(([operation]) => operation)).toEqual(['Query', 'BatchGetItem']);
    const fresh = new Journal({ table: books.database.tables.ledger, endpoint: proxy.url });
    const halving = await callsOf(() => fresh.feed.page(tenant, { after: { sequence: 150 }, limit: 20 }));
    const operations = halving.map(([operation]) => operation);
    expect(operations.at(0)).toBe('Query');
    expect(operations.slice(-2)).toEqual(['Query', 'BatchGetItem']);
    expect(operations.slice(1, -2).every((operation) => operation === 'GetItem')).toBe(true);
    expect(operations.length).toBeLessThan(8);
  });
});
