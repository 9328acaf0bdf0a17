import { randomUUID } from 'node:crypto';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BatchResult, Ledger } from '../../lib/dynamodb/index.ts';
import { recordKey } from '../../lib/dynamodb/items/keys.ts';
import { type PostBatch, postBatch, recordIdOfTransaction, reverseTransaction } from '../../lib/ledger/index.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import type { Fault } from '../support/faults.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { type LedgerInstances, startLedgerInstances } from '../support/ledger-instances.ts';

const timeMs = 5_000;

let started: LedgerInstances;
let books: LedgerFixture;
let proxy: FaultProxy;
let instances: readonly Ledger[];
beforeAll(async () => {
  started = await startLedgerInstances(4);
  ({ books, proxy, instances } = started);
});
afterAll(async () => {
  expect((await books.audit()).findings).toEqual([]);
  await started.stop();
});

type Transfer = readonly [source: string, destination: string, amount: bigint];

function batch(transfers: readonly Transfer[], key: string = randomUUID()): PostBatch {
  const transactions = transfers.map(([source, destination, amount]) => ({
    type: 'transfer',
    postings: [{ source: account(source), destination: account(destination), asset: usd, amount }],
  }));
  return postBatch({ tenant, key, transactions });
}

async function open(count: number, funds = 0n): Promise<string[]> {
  const ids = Array.from({ length: count }, () => `a-${randomUUID()}`);
  await Promise.all(ids.map((id) => books.createAccount(id, { funds })));
  return ids;
}

async function posted(id: string): Promise<bigint> {
  return (await books.ledger.balances.get(tenant, account(id), usd)).posted;
}

async function untilFinal(ledger: Ledger, command: PostBatch): Promise<BatchResult> {
  for (let tries = 0; tries < 20; tries++) {
    const result = await ledger.postBatch(command, timeMs);
    if (result.kind !== 'failed') return result;
  }
  throw new Error('no final answer');
}

describe('a batch', () => {
  it('is replayed as it was, by whoever remembers it or does not, whatever was reversed since', async () => {
    const [one, other] = (await open(2, 100n)) as [string, string];
    const command = batch([
      [one, other, 5n],
      [other, one, 7n],
    ]);
    const first = await books.ledger.postBatch(command, timeMs);
    if (first.kind !== 'posted') throw new Error(`not posted: ${first.kind}`);
    const [member] = command.members;
    const undo = reverseTransaction({ tenant, key: randomUUID(), reverses: member?.id as never });
    expect(await books.ledger.post(undo, timeMs)).toMatchObject({ transaction: { status: 'posted' } });
    const cold = books.open();
    for (const ledger of [...instances, cold]) {
      expect(await ledger.postBatch(command, timeMs)).toMatchObject({
        kind: 'posted',
        transactions: first.transactions,
        replayed: true,
      });
    }
    cold.client.destroy();
  });

  it('goes beside other commands in one write, in their order', async () => {
    const [one, other] = (await open(2)) as [string, string];
    const results = await Promise.all([
      books.ledger.post(transfer('world', one, 10n), timeMs),
      books.ledger.postBatch(
        batch([
          [one, other, 10n],
          [other, one, 4n],
        ]),
        timeMs,
      ),
      books.ledger.post(transfer(one, 'world', 4n), timeMs),
      books.ledger.postBatch(batch([[other, 'world', 7n]]), timeMs),
    ]);
    expect(results.map(({ kind }) => kind)).toEqual(['settled', 'posted', 'settled', 'rejected']);
    expect([await posted(one), await posted(other)]).toEqual([0n, 6n]);
  });

  it('is told from the key of a single transaction', async () => {
    const [one, other] = (await open(2, 10n)) as [string, string];
    const single = transfer(one, other, 1n, { key: `both-${one}` });
    const several = batch([[one, other, 1n]], `both-${one}`);
    const results = await Promise.all([books.ledger.post(single, timeMs), books.ledger.postBatch(several, timeMs)]);
    expect(results.map(({ kind }) => kind)).toEqual(['settled', 'key_reused']);
    expect(await posted(other)).toBe(11n);
  });

  it('leaves no transaction of a declined one', async () => {
    const [one, other] = (await open(2, 10n)) as [string, string];
    const command = batch([
      [one, other, 10n],
      [one, other, 1n],
    ]);
    expect(await books.ledger.postBatch(command, timeMs)).toMatchObject({
      kind: 'rejected',
      transaction: { id: command.id, reason: 'insufficient_funds', evidence: { index: 1 } },
    });
    for (const { id } of command.members) expect(await books.ledger.transactions.get(tenant, id)).toBeUndefined();
  });
});

describe('batches at one time', () => {
  it('happen once under one key, however many ask at once', async () => {
    const [one, other] = (await open(2, 100n)) as [string, string];
    const command = batch([
      [one, other, 10n],
      [one, other, 20n],
    ]);
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, i) => untilFinal(instances[i % 4] as Ledger, command)),
    );
    expect(results.every(({ kind }) => kind === 'posted')).toBe(true);
    expect(results.filter((result) => result.kind === 'posted' && !result.replayed)).toHaveLength(1);
    expect(await posted(other)).toBe(130n);
  });

  it('each happen whole or not at all, and take no more than is there', async () => {
    const [purse, left, right] = (await open(3)) as [string, string, string];
    await books.ledger.post(transfer('world', purse, 100n), timeMs);
    const pairs = Array.from({ length: 40 }, () =>
      batch([
        [purse, left, 2n],
        [purse, right, 1n],
      ]),
    );
    const results = await Promise.all(pairs.map((pair, i) => untilFinal(instances[i % 4] as Ledger, pair)));
    const done = BigInt(results.filter(({ kind }) => kind === 'posted').length);
    expect(done).toBe(33n);
    expect([await posted(purse), await posted(left), await posted(right)]).toEqual([1n, 66n, 33n]);
  });

  it('cross each other over the same accounts without losing anything', async () => {
    const ring = await open(6, 50n);
    const turn = (step: number) =>
      batch(ring.map((id, i) => [id, ring[(i + step) % ring.length] as string, BigInt(step)] as const));
    const results = await Promise.all(
      Array.from({ length: 24 }, (_, i) => untilFinal(instances[i % 4] as Ledger, turn(1 + (i % 5)))),
    );
    expect(results.every(({ kind }) => kind === 'posted')).toBe(true);
    expect(await Promise.all(ring.map(posted))).toEqual(ring.map(() => 50n));
  });
});

describe('a batch under faults', () => {
  const faults: readonly (readonly [string, Fault])[] = [
    ['a lost answer', { kind: 'dropAnswer' }],
    ['an error after the write', { kind: 'serverError', when: 'after' }],
    ['an error before the write', { kind: 'serverError', when: 'before' }],
    ['a conflict', { kind: 'conflict' }],
    ['a throttle', { kind: 'throttle' }],
  ];
  it.each(faults)('happens once after %s', async (_, fault) => {
    const [one, other] = (await open(2, 100n)) as [string, string];
    const ledger = books.open({ endpoint: proxy.url });
    proxy.rules.push({ operation: 'TransactWriteItems', fault, count: 1 });
    const command = batch([
      [one, other, 10n],
      [one, other, 20n],
    ]);
    const first = await ledger.postBatch(command, timeMs);
    expect(first).toMatchObject({ kind: 'posted', replayed: false });
    expect(await ledger.postBatch(command, timeMs)).toEqual({ ...first, replayed: true, attempts: expect.any(Number) });
    expect(await posted(other)).toBe(130n);
    proxy.rules.length = 0;
    ledger.client.destroy();
  });

  it('does not say that nothing was decided, when only its transactions cannot be read', async () => {
    const [one, other] = (await open(2, 100n)) as [string, string];
    const command = batch([
      [one, other, 10n],
      [one, other, 20n],
    ]);
    const first = await books.ledger.postBatch(command, timeMs);
    const ledger = books.open({ endpoint: proxy.url });
    proxy.rules.push({ operation: 'BatchGetItem', fault: { kind: 'serverError', when: 'before' }, skip: 1 });
    expect(await ledger.postBatch(command, timeMs)).toMatchObject({ kind: 'failed', code: 'outcome_unknown' });
    proxy.rules.length = 0;
    expect(await ledger.postBatch(command, timeMs)).toMatchObject({ ...first, replayed: true, attempts: 1 });
    ledger.client.destroy();
  });

  it('is found damaged where its transactions exist without it', async () => {
    const damaged = await startLedger();
    await damaged.createAccount('one', { funds: 100n });
    await damaged.createAccount('other', { funds: 100n });
    const command = batch([
      ['one', 'other', 10n],
      ['one', 'other', 20n],
    ]);
    await damaged.ledger.postBatch(command, timeMs);
    const Key = recordKey(tenant, recordIdOfTransaction(command.id));
    await damaged.database.documents.send(new DeleteCommand({ TableName: damaged.database.tables.ledger, Key }));
    await expect(damaged.ledger.postBatch(command, timeMs)).rejects.toThrow('without the batch');
    expect(await damaged.ledger.post(transfer('one', 'other', 1n), timeMs)).toMatchObject({ kind: 'settled' });
    await damaged.stop();
  });
});
