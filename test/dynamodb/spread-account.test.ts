import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { auditTable } from '../../lib/dynamodb/audit/table-audit.ts';
import { type Ledger, type PageEnd, systemClock, type TransactionResult } from '../../lib/dynamodb/index.ts';
import {
  type AccountPatch,
  captureHold,
  createHold,
  type Entry,
  type PostTransaction,
  postTransaction,
  shardOf,
  voidHold,
} from '../../lib/ledger/index.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { account, asset, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';

const write = 'TransactWriteItems';

let books: LedgerFixture;
let proxy: FaultProxy;
const opened: Ledger[] = [];
beforeAll(async () => {
  books = await startLedger();
  proxy = await startFaultProxy({ target: books.database.endpoint, measureCapacity: true });
  for (const id of ['alice', 'bob']) await books.createAccount(id, { funds: 1_000n });
});
beforeEach(() => {
  proxy.rules.length = 0;
  proxy.log.length = 0;
});
afterAll(async () => {
  const { client, tables } = books.database;
  expect((await books.audit()).findings).toEqual([]);
  expect((await auditTable({ client, table: tables.ledger, segments: 3 })).findings).toEqual([]);
  for (const ledger of opened) ledger.client.destroy();
  await proxy.stop();
  await books.stop();
});

/** An instance that remembers nothing, behind the proxy. */
function open(): Ledger {
  const ledger = books.open({ endpoint: proxy.url });
  opened.push(ledger);
  return ledger;
}

/** Calls since the last look: what was called, how many items it wrote, and the units DynamoDB counted. */
function calls(): { operation: string; items?: number; units: number | undefined }[] {
  return proxy.log.splice(0).map(({ operation, body, consumedUnits }) => ({
    operation,
    ...(Array.isArray(body.TransactItems) && { items: body.TransactItems.length }),
    units: consumedUnits,
  }));
}

let made = 0;

/** A transfer whose key belongs to this shard of so many. */
function transferOn(shard: number, shards: number, source: string, destination: string, amount = 1): PostTransaction {
  for (;;) {
    const command = transfer(source, destination, amount, { key: `made-${made++}` });
    if (shardOf(command.record, shards) === shard) return command;
  }
}

/** Posts on an instance of its own: one that remembers nothing goes where the key belongs. */
function postOn(shard: number, shards: number, source: string, destination: string, amount = 1) {
  return open().post(transferOn(shard, shards, source, destination, amount), 8_000);
}

function shardsOf(result: TransactionResult, id: string): number[] {
  if (result.kind !== 'settled' || result.transaction.status !== 'posted') throw new Error(JSON.stringify(result));
  return result.transaction.entries.filter((entry) => entry.account === id).map(({ shard }) => shard);
}

function change(id: string, patch: AccountPatch): Promise<unknown> {
  const keyApplied = { mark: `change-${made++}`, requestHash: '' };
  return books.ledger.accounts.update({ tenant, id: account(id), patch, keyApplied });
}

async function everyPage(id: string, order: 'asc' | 'desc', limit: number, ledger = books.ledger): Promise<Entry[]> {
  const seen: Entry[] = [];
  let after: PageEnd | undefined;
  do {
    const page = await ledger.entries.page({ tenant, account: account(id), asset: usd, order, limit, after });
    expect(page.entries.length).toBeLessThanOrEqual(limit);
    seen.push(...page.entries);
    after = page.next;
  } while (after);
  return seen;
}

/** An account with entries on each of its shards, the first of them on shard 0. */
async function spread(id: string, shards: number): Promise<void> {
  await books.createAccount(id, { unbounded: true, shards });
  await postOn(shards - 1, shards, id, 'alice');
  for (let shard = 0; shard < shards; shard++) await postOn(shard, shards, id, 'alice');
  proxy.log.length = 0;
}

describe('a posting on a spread account', () => {
  it('goes to shard 0 as long as the asset has no balance, and then where its key belongs', async () => {
    await books.createAccount('fresh', { unbounded: true, shards: 4 });
    const shards: number[] = [];
    for (const shard of [3, 3, 1, 0, 2]) shards.push(...shardsOf(await postOn(shard, 4, 'fresh', 'alice'), 'fresh'));
    expect(shards).toEqual([0, 3, 1, 0, 2]);
  });

  it('stays on one shard of an instance as long as nobody else writes there', async () => {
    await spread('stays', 8);
    const ledger = open();
    const shards: number[] = [];
    const post = async (shard: number) => {
      shards.push(...shardsOf(await ledger.post(transferOn(shard, 8, 'stays', 'alice'), 5_000), 'stays'));
    };
    for (const shard of [5, 1, 2]) await post(shard);
    await postOn(5, 8, 'stays', 'bob');
    for (const shard of [3, 4, 6]) await post(shard);
    expect(shards).toEqual([5, 5, 5, 3, 3, 3]);
  });

  it('leaves a shard where its write meets another that is not done yet', async () => {
    await spread('conflict', 8);
    const ledger = open();
    await ledger.post(transferOn(5, 8, 'conflict', 'alice'), 5_000);
    proxy.rules.push({ operation: write, fault: { kind: 'conflict' }, count: 1 });
    const result = await ledger.post(transferOn(3, 8, 'conflict', 'alice'), 5_000);
    expect([shardsOf(result, 'conflict'), result.attempts]).toEqual([[3], 2]);
  });

  it('is 5 items and 10 units in one call on a warm instance, like any other', async () => {
    await spread('warm', 4);
    const ledger = open();
    await ledger.post(transferOn(2, 4, 'warm', 'alice'), 5_000);
    calls();
    await ledger.post(transferOn(2, 4, 'warm', 'alice'), 5_000);
    expect(calls()).toEqual([{ operation: write, items: 5, units: 10 }]);
  });

  it('is read after shard 0 by an instance that does not know of shards, and not at all by one that does', async () => {
    await spread('cold', 4);
    const ledger = open();
    await ledger.post(transferOn(1, 4, 'cold', 'alice'), 5_000);
    expect(calls().map(({ operation }) => operation)).toEqual(['BatchGetItem', 'BatchGetItem', write]);
    await ledger.post(transferOn(2, 4, 'cold', 'alice'), 5_000);
    expect(calls().map(({ operation }) => operation)).toEqual([write]);
  });

  it('uses one shard for a list, whatever its keys', async () => {
    await spread('list', 4);
    const ledger = open();
    await ledger.post(transferOn(2, 4, 'list', 'alice'), 5_000);
    calls();
    const commands = [2, 0, 1, 3].map((shard) => transferOn(shard, 4, 'list', 'alice'));
    const results = await ledger.postAll(commands, 5_000);
    expect(results.flatMap((result) => shardsOf(result, 'list'))).toEqual([2, 2, 2, 2]);
    expect(calls().filter(({ operation }) => operation === write)).toMatchObject([{ items: 14 }]);
  });

  it('opens a shard like a balance, and the account names it', async () => {
    await books.createAccount('named', { unbounded: true, shards: 4 });
    for (const shard of [0, 3, 1]) await postOn(shard, 4, 'named', 'alice');
    expect((await books.ledger.accounts.get(tenant, account('named'))).balances).toEqual(
      new Set(['USD/2', 'USD/2#3', 'USD/2#1']),
    );
  });

  it('opens the first balances of an asset once, whoever comes first', async () => {
    await books.createAccount('rush', { unbounded: true, shards: 8 });
    const results = await Promise.all(
      Array.from({ length: 24 }, (_, index) => open().post(transferOn(index % 8, 8, 'rush', 'alice'), 8_000)),
    );
    expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(['settled']));
    expect((await books.ledger.balances.get(tenant, account('rush'), usd)).posted).toBe(-24n);
  });

  it('is replayed as it was, on whatever shard a new one would go', async () => {
    await spread('replayed', 4);
    const command = transferOn(3, 4, 'replayed', 'alice');
    const first = await open().post(command, 5_000);
    await change('replayed', { shards: 32 });
    const again = await open().post(command, 5_000);
    if (first.kind !== 'settled' || again.kind !== 'settled') throw new Error('not settled');
    expect(again).toMatchObject({ replayed: true, transaction: first.transaction });
    expect(await books.ledger.transactions.get(tenant, command.id)).toEqual(first.transaction);
  });

  it('is done once where the answer is lost', async () => {
    await spread('lost', 4);
    const ledger = open();
    proxy.rules.push({ operation: write, fault: { kind: 'dropAnswer' }, count: 2 });
    const result = await ledger.post(transferOn(3, 4, 'lost', 'alice'), 8_000);
    expect(result).toMatchObject({ kind: 'settled', transaction: { status: 'posted' } });
    expect((await books.ledger.balances.get(tenant, account('lost'), usd)).posted).toBe(-6n);
  });
});

describe('many instances on one account', () => {
  const instances = 8;

  /** Lets the first write of every instance wait until all have decided theirs, so that each is decided on the same state. */
  async function postAtOnce(commandOf: (index: number) => PostTransaction): Promise<TransactionResult[]> {
    const ledgers = Array.from({ length: instances }, () => open());
    for (const [index, ledger] of ledgers.entries()) {
      const { kind } = await ledger.post(commandOf(index), 5_000);
      expect(kind).toBe('settled');
    }
    let decided = 0;
    let release = () => {};
    const all = new Promise<void>((resolve) => {
      release = resolve;
    });
    for (const { client } of ledgers) {
      let isFirst = true;
      client.middlewareStack.add(
        (next, { commandName }) =>
          async (args) => {
            if (isFirst && commandName === 'TransactWriteItemsCommand') {
              isFirst = false;
              decided++;
              if (decided === instances) release();
              await all;
            }
            return next(args);
          },
        { name: 'awaitAll', step: 'build', override: true },
      );
    }
    proxy.log.length = 0;
    const results = await Promise.all(ledgers.map((ledger, index) => ledger.post(commandOf(index), 8_000)));
    expect(decided).toBe(instances);
    return results;
  }

  /** Writes to DynamoDB beyond those that succeeded. */
  function failedWrites(): number {
    return proxy.log.filter(({ operation, targetError }) => operation === write && targetError !== undefined).length;
  }

  it('do not meet where each has a shard of its own: every write succeeds at once', async () => {
    await spread('wide', 16);
    for (let index = 0; index < instances; index++) await books.createAccount(`wide_${index}`, { funds: 1n });
    const results = await postAtOnce((index) => transferOn(2 * index, 16, 'wide', `wide_${index}`));
    expect(results.map(({ attempts }) => attempts)).toEqual(Array.from({ length: instances }, () => 1));
    expect(failedWrites()).toBe(0);
  });

  it('part ways where they meet: each loses one write at the most', async () => {
    await spread('parted', 16);
    const ledgers = Array.from({ length: 4 }, () => open());
    for (const ledger of ledgers) await ledger.post(transferOn(9, 16, 'parted', 'alice'), 5_000);
    proxy.log.length = 0;
    for (let round = 0; round < 4; round++) {
      // To where each goes once it has lost; the last one to write has lost nothing, and stays.
      for (const [index, ledger] of ledgers.entries()) {
        await books.createAccount(`parted_${round}_${index}`);
        const command = transferOn(index + 1, 16, 'parted', `parted_${round}_${index}`);
        expect(await ledger.post(command, 5_000)).toMatchObject({ kind: 'settled' });
      }
    }
    expect(failedWrites()).toBe(ledgers.length - 1);
  });

  it('fight for a single balance: one write succeeds, and all the others are made again', async () => {
    await books.createAccount('narrow', { unbounded: true });
    for (let index = 0; index < instances; index++) await books.createAccount(`narrow_${index}`, { funds: 1n });
    const results = await postAtOnce((index) => transfer('narrow', `narrow_${index}`, 1));
    const attempts = results.reduce((sum, result) => sum + result.attempts, 0);
    expect(attempts).toBeGreaterThanOrEqual(2 * instances - 1);
    expect(failedWrites()).toBe(attempts - instances);
  });
});

describe('the number of shards', () => {
  it('can be raised while the account is used, also by instances that do not know it yet', async () => {
    await books.createAccount('raised', { unbounded: true });
    const users = [0, 1, 2].map((index) => ({ ledger: open(), destination: `raised_${index}` }));
    for (const { destination } of users) await books.createAccount(destination);
    let isDone = false;
    let posted = 0;
    const use = async ({ ledger, destination }: { ledger: Ledger; destination: string }) => {
      while (!isDone) {
        const result = await ledger.post(transfer('raised', destination, 1), 8_000);
        expect(result).toMatchObject({ kind: 'settled', transaction: { status: 'posted' } });
        posted++;
      }
    };
    const using = users.map(use);
    for (const shards of [2, 5, 16]) {
      await change('raised', { shards });
      // A good number of postings on each, by every instance.
      const until = posted + 30;
      while (posted < until) await new Promise((resolve) => setImmediate(resolve));
    }
    isDone = true;
    await Promise.all(using);
    const { balances } = await books.ledger.balances.shards(tenant, account('raised'));
    // One for each instance at least, once they have parted ways.
    expect(balances.length).toBeGreaterThanOrEqual(users.length);
    expect(new Set(balances.map(({ shards }) => shards))).toEqual(new Set([16]));
    expect((await books.ledger.balances.get(tenant, account('raised'), usd)).posted).toBe(BigInt(-posted));
  });

  it('is never lowered, and belongs to unbounded accounts', async () => {
    await spread('lowered', 4);
    await expect(change('lowered', { shards: 3 })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(change('alice', { shards: 2 })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(books.createAccount('bounded', { shards: 2 })).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('a frozen or closed spread account', () => {
  it('takes no debits on any shard, also from an instance that saw them active', async () => {
    await spread('frozen', 4);
    const ledgers = [0, 1, 2, 3].map(() => open());
    for (const [shard, ledger] of ledgers.entries()) {
      await ledger.post(transferOn(shard, 4, 'frozen', 'alice'), 5_000);
    }
    await change('frozen', { status: 'frozen' });
    for (const [shard, ledger] of ledgers.entries()) {
      const result = await ledger.post(transferOn(shard, 4, 'frozen', 'alice'), 5_000);
      expect(result).toMatchObject({ transaction: { status: 'rejected', reason: 'account_frozen' } });
    }
  });

  it('is closed when its shards add up to zero', async () => {
    await books.createAccount('ended', { unbounded: true, shards: 4 });
    const { ledger } = books;
    await postOn(0, 4, 'ended', 'alice', 3);
    await postOn(2, 4, 'ended', 'alice', 2);
    await expect(change('ended', { status: 'closed' })).rejects.toMatchObject({ code: 'balance_conflict' });
    await postOn(1, 4, 'alice', 'ended', 5);
    await change('ended', { status: 'closed' });
    const { balances } = await ledger.balances.shards(tenant, account('ended'));
    expect(balances.map(({ posted }) => posted).sort()).toEqual([-2n, -3n, 5n]);
    expect(new Set(balances.map(({ status }) => status))).toEqual(new Set(['closed']));
  });
});

describe('reading a spread account', () => {
  beforeAll(async () => {
    await spread('read', 4);
  });

  it('adds up its shards, in two reads', async () => {
    const ledger = open();
    expect(await ledger.balances.get(tenant, account('read'), usd)).toMatchObject({
      posted: -5n,
      sequence: 5,
      version: 5,
      shards: 4,
    });
    expect(calls().map(({ operation }) => operation)).toEqual(['GetItem', 'BatchGetItem']);
    const { balances } = await ledger.balances.list(tenant, account('read'));
    expect(balances).toMatchObject([{ asset: usd, posted: -5n, sequence: 5 }]);
    expect(calls().map(({ operation }) => operation)).toEqual(['Query', 'BatchGetItem']);
  });

  it('adds up what they were at an instant', async () => {
    const entries = await everyPage('read', 'asc', 100);
    for (const { createdAt } of entries) {
      const by = entries.filter((entry) => entry.createdAt <= createdAt);
      expect(await books.ledger.balances.at(tenant, account('read'), usd, createdAt)).toEqual({
        account: 'read',
        asset: usd,
        posted: BigInt(-by.length),
        sequence: by.length,
        updatedAt: createdAt,
      });
    }
    const before = await books.ledger.balances.at(tenant, account('read'), usd, (entries[0]?.createdAt ?? 0) - 1);
    expect(before).toEqual({ account: 'read', asset: usd, posted: 0n, sequence: 0 });
  });

  it.each([1, 2, 3, 5, 100])('shows all its entries in order of time, %i at a time, both ways', async (limit) => {
    const forward = await everyPage('read', 'asc', limit);
    expect(forward).toHaveLength(5);
    expect(forward.map(({ createdAt }) => createdAt)).toEqual(forward.map(({ createdAt }) => createdAt).sort());
    expect(new Set(forward.map(({ shard }) => shard)).size).toBe(4);
    expect(await everyPage('read', 'desc', limit)).toEqual(forward.toReversed());
    const everyAsset = await books.ledger.entries.page({ tenant, account: account('read'), order: 'asc', limit: 100 });
    expect(everyAsset.entries).toEqual(forward);
  });

  it('takes one Query for each shard', async () => {
    const ledger = open();
    await ledger.entries.page({ tenant, account: account('read'), asset: usd, order: 'desc', limit: 20 });
    const operations = calls().map(({ operation }) => operation);
    expect(operations.filter((operation) => operation === 'Query')).toHaveLength(4);
    expect(operations.filter((operation) => operation === 'GetItem')).toHaveLength(1);
  });

  it('shows entries made since an instance last looked, on shards it did not know', async () => {
    await books.createAccount('grown', { unbounded: true });
    const ledger = open();
    await ledger.post(transfer('grown', 'alice', 1), 5_000);
    expect(await everyPage('grown', 'desc', 20, ledger)).toHaveLength(1);
    await change('grown', { shards: 8 });
    for (let shard = 1; shard < 8; shard++) await postOn(shard, 8, 'grown', 'bob');
    expect(await everyPage('grown', 'desc', 20, ledger)).toHaveLength(8);
    expect(await everyPage('grown', 'asc', 3, ledger)).toHaveLength(8);
  });

  it('misses no entry that is committed while it goes forward, whatever the clock of who commits it', async () => {
    await books.createAccount('tail', { unbounded: true, shards: 3 });
    let now = Date.now() - 500;
    let posted = 0;
    // Each goes to an account of its own, whose last entry cannot keep a late one from getting its own time.
    const post = async (shard: number, createdAt: number) => {
      now = createdAt;
      const destination = `quiet_${posted++}`;
      await books.createAccount(destination);
      const ledger = books.open({ clock: { ...systemClock, now: () => now } });
      opened.push(ledger);
      const outcome = await ledger.post(transferOn(shard, 3, 'tail', destination), 5_000);
      expect(outcome).toMatchObject({ transaction: { status: 'posted', createdAt } });
    };
    const start = now;
    for (const [index, shard] of [0, 1, 2, 0].entries()) await post(shard, start + 10 * index);
    const seen: Entry[] = [];
    let after: PageEnd | undefined;
    do {
      const request = { tenant, account: account('tail'), asset: usd, order: 'asc' as const, limit: 3, after };
      const page = await books.ledger.entries.page(request);
      seen.push(...page.entries);
      after = page.next;
      // Behind the last entry of its own shard, and before one of another that has been shown.
      if (posted === 4) await post(1, start + 15);
    } while (after);
    expect(seen.map(({ shard, createdAt }) => [shard, createdAt - start])).toEqual([
      [0, 0],
      [1, 10],
      [2, 20],
      [1, 15],
      [0, 30],
    ]);
    for (const entries of Map.groupBy(seen, ({ shard }) => shard).values()) {
      expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, index) => index + 1));
    }
  });
});

describe('a hold on a spread account', () => {
  it('lies on shard 0, is captured there, and leaves the other shards alone', async () => {
    await spread('holder', 4);
    const ledger = open();
    expect(shardsOf(await ledger.post(transferOn(2, 4, 'holder', 'alice'), 5_000), 'holder')).toEqual([2]);
    const hold = createHold({ tenant, key: 'hold-on-shards', account: account('holder'), asset: usd, amount: 9n });
    expect(await ledger.execute(hold, 5_000)).toMatchObject({ kind: 'settled', result: { kind: 'hold' } });
    const heldNow = async () => {
      const { balances } = await books.ledger.balances.shards(tenant, account('holder'));
      return balances.filter(({ held }) => held > 0n).map(({ shard, held }) => [shard, held]);
    };
    expect(await heldNow()).toEqual([[0, 9n]]);
    const capture = { tenant, key: 'capture-on-shards', holdId: hold.holdId, destination: account('bob'), amount: 4n };
    expect(shardsOf(await ledger.post(captureHold(capture), 5_000), 'holder')).toEqual([0]);
    expect(await heldNow()).toEqual([[0, 5n]]);
    expect(shardsOf(await ledger.post(transferOn(1, 4, 'holder', 'alice'), 5_000), 'holder')).toEqual([2]);
    await ledger.execute(voidHold({ tenant, key: 'void-on-shards', holdId: hold.holdId }), 5_000);
    expect(await heldNow()).toEqual([]);
  });
});

describe('damage on a shard', () => {
  const place = { PK: 'T#default#A#damaged#S#2', SK: 'B#USD/2' };
  const home = { PK: 'T#default#A#damaged', SK: 'ACCOUNT' };

  /** What the audit of the table and that of the tests find while a row says something else. */
  async function foundWith(key: typeof place, attribute: string, value: unknown): Promise<string[]> {
    const { client, tables } = books.database;
    const table = { TableName: tables.ledger, Key: key };
    const { Item: sound } = await books.database.documents.send(new GetCommand({ ...table, ConsistentRead: true }));
    const put = (Item: Record<string, unknown>) =>
      books.database.documents.send(new PutCommand({ TableName: tables.ledger, Item }));
    await put({ ...sound, [attribute]: value });
    const { findings } = await auditTable({ client, table: tables.ledger, segments: 2 });
    expect((await books.audit()).findings).not.toEqual([]);
    await put(sound as Record<string, unknown>);
    return findings.map(({ kind, subject }) => `${kind}: ${subject}`).sort();
  }

  beforeAll(() => spread('damaged', 4));

  it.each([
    [
      'a balance that is off',
      place,
      'posted',
      -2n,
      ['unbalanced_asset: USD/2', 'wrong_balance: damaged USD/2 shard 2'],
    ],
    ['a number of shards that is not the account’s', place, 'shards', 8, ['wrong_copy: damaged USD/2 shard 2']],
    ['a status that is not the account’s', place, 'status', 'frozen', ['wrong_copy: damaged USD/2 shard 2']],
    [
      'an account that does not name it',
      home,
      'balances',
      new Set(['USD/2', 'USD/2#1', 'USD/2#3']),
      ['wrong_balance_set: damaged'],
    ],
  ])('is found and named: %s', async (_, key, attribute, value, expected) => {
    expect(await foundWith(key, attribute, value)).toEqual(expected);
  });
});

describe('an asset that is new on a spread account', () => {
  it('begins on shard 0 too, though the instance knows of shards in another', async () => {
    const gold = asset('GOLD');
    await books.ledger.assets.create({ tenant, code: gold, keyApplied: { mark: 'gold', requestHash: '' } });
    await spread('two', 4);
    const ledger = open();
    await ledger.post(transferOn(3, 4, 'two', 'alice'), 5_000);
    const inGold = (key: string) =>
      postTransaction({
        tenant,
        key,
        operation: 'createTransfer',
        type: 'transfer',
        postings: [{ source: account('two'), destination: account('alice'), asset: gold, amount: 1n }],
      });
    const { key } = { key: 'gold-first' };
    expect(shardsOf(await ledger.post(inGold(key), 5_000), 'two')).toEqual([0]);
    const { balances } = await ledger.balances.list(tenant, account('two'));
    expect(balances.map(({ asset: code, posted }) => [code, posted])).toEqual([
      [gold, -1n],
      [usd, -6n],
    ]);
  });
});
