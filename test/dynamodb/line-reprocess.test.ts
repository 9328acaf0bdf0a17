import { randomUUID } from 'node:crypto';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Ledger } from '../../lib/dynamodb/index.ts';
import {
  type LineCommand,
  postBatch,
  recordIdOf,
  recordIdOfTransaction,
  type TransactionId,
  transactionIdOf,
} from '../../lib/ledger/index.ts';
import { account, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { type LineFixture, startLines } from './line-fixture.ts';

let lines: LineFixture;
let ledger: Ledger;
let names = 0;
let id: string;
beforeAll(async () => {
  lines = await startLines();
  await lines.books.createAccount('bob', { funds: 100n });
});
beforeEach(async () => {
  id = `payer${names++}`;
  await lines.books.createAccount(id, { funds: 100n });
  ledger = lines.openBehindProxy();
  lines.woken.length = 0;
});
afterEach(async () => {
  lines.proxy.rules.length = 0;
  await lines.proxy.settled();
  expect(await lines.findings()).toEqual([]);
});
afterAll(() => lines.stop());

/** Accepts a command and makes it fail; what is stored of it is whole again afterwards, unless that is to stay. */
async function failed(command: LineCommand, isRepaired = true): Promise<TransactionId> {
  await lines.fail(command, id, isRepaired ? undefined : 'nonsense');
  expect(await lines.transaction(command.id)).toMatchObject({ status: 'failed' });
  lines.woken.length = 0;
  return command.id;
}

async function reprocessed(of: TransactionId, by: Ledger = ledger): Promise<TransactionId> {
  const result = await by.reprocess(tenant, of, 8_000, { correlationId: 'again' });
  if (result.kind !== 'accepted') throw new Error(`it is ${JSON.stringify(result)}`);
  return result.transactionId;
}

describe('reprocess', () => {
  it('accepts what failed as a new transaction, at the end of the line, linked both ways, and wakes the line', async () => {
    const command = transfer(id, 'bob', 5, { description: 'Rent', metadata: { month: '11' } });
    const original = await failed(command);
    const again = await reprocessed(original);
    expect(again).not.toBe(original);
    expect(lines.woken).toEqual([id]);
    expect(await lines.transaction(original)).toMatchObject({ status: 'failed', reprocessedBy: again });
    expect(await lines.record({ id: again })).toMatchObject({ status: 'pending', reprocesses: original });
    await lines.drain(id);
    expect(await lines.transaction(again)).toMatchObject({
      status: 'posted',
      postings: command.postings,
      description: 'Rent',
      metadata: { month: '11' },
    });
    expect(await lines.record({ id: again })).toMatchObject({ reprocesses: original, line: id });
    // The key is the failed one's for ever.
    expect(await ledger.post(command, 5_000)).toMatchObject({ replayed: true, transaction: { status: 'failed' } });
  });

  it('does so once, however often it is asked, also at one time and after it was executed', async () => {
    const original = await failed(transfer(id, 'bob', 5));
    const instances = [ledger, lines.open(), lines.open(), lines.open()];
    const results = await Promise.all(instances.map((one) => one.reprocess(tenant, original, 8_000)));
    expect(results.filter(({ kind }) => kind === 'accepted')).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === 'already')).toHaveLength(3);
    expect(new Set(results.map((result) => 'transactionId' in result && result.transactionId)).size).toBe(1);
    await lines.drain(id);
    expect(await lines.open().reprocess(tenant, original, 8_000)).toMatchObject({ kind: 'already' });
    expect((await ledger.balances.get(tenant, account(id), usd)).posted).toBe(95n);
  });

  it.each([
    ['a connection that breaks after the write', { kind: 'dropAnswer' }],
    ['a 500 after the write', { kind: 'serverError', when: 'after' }],
    ['conflicts', { kind: 'conflict' }],
  ] as const)('does so once where an answer is lost: %s', async (_, fault) => {
    const original = await failed(transfer(id, 'bob', 5));
    lines.proxy.rules.push({ operation: 'TransactWriteItems', fault, count: 1 });
    const again = await reprocessed(original);
    expect(await lines.waiting(id)).toEqual([again]);
    await lines.drain(id);
    expect((await ledger.balances.get(tenant, account(id), usd)).posted).toBe(95n);
  });

  it('takes what failed a second time as well, as a link more', async () => {
    const original = await failed(transfer(id, 'bob', 5));
    const second = await reprocessed(original);
    const { client, tables } = lines.books.database;
    const key = marshall({ PK: `T#${tenant}#X#${recordIdOfTransaction(second)}`, SK: 'RECORD' });
    const stored = (await lines.record({ id: second }))?.command;
    for (const [value, act] of [
      ['nonsense', () => lines.drain(id)],
      [stored, async () => undefined],
    ] as const) {
      await client.send(
        new UpdateItemCommand({
          TableName: tables.ledger,
          Key: key,
          UpdateExpression: 'SET command = :command',
          ExpressionAttributeValues: marshall({ ':command': value }),
        }),
      );
      await act();
    }
    const third = await reprocessed(second);
    await lines.drain(id);
    expect(await lines.transaction(original)).toMatchObject({ status: 'failed', reprocessedBy: second });
    expect(await lines.transaction(second)).toMatchObject({ status: 'failed', reprocessedBy: third });
    expect(await lines.transaction(third)).toMatchObject({ status: 'posted' });
  });

  it('takes a batch with its members, once', async () => {
    const member = {
      type: 'transfer',
      postings: [{ source: account(id), destination: account('bob'), asset: usd, amount: 5n }],
    };
    const batch = postBatch({ tenant, key: randomUUID(), transactions: [member, member] });
    const again = await reprocessed(await failed(batch));
    await lines.drain(id);
    expect(await lines.record({ id: again })).toMatchObject({
      status: 'batch',
      members: batch.members.map((one) => one.id),
    });
    expect((await ledger.balances.get(tenant, account(id), usd)).posted).toBe(90n);
  });

  it('does nothing with what did not fail, or is not there', async () => {
    const posted = transfer(id, 'bob', 5);
    await ledger.post(posted, 5_000);
    const waiting = transfer(id, 'bob', 5);
    await ledger.accept(waiting, 5_000);
    for (const one of [posted.id, waiting.id, transactionIdOf(recordIdOf(tenant, 'nothing'))]) {
      expect(await ledger.reprocess(tenant, one, 5_000)).toEqual({ kind: 'not_failed' });
    }
    await lines.drain(id);
  });

  it('says so where what is stored cannot be read', async () => {
    const original = await failed(transfer(id, 'bob', 5), false);
    expect(await ledger.reprocess(tenant, original, 5_000)).toEqual({ kind: 'unreadable' });
    expect(await lines.waiting(id)).toEqual([]);
  });
});
