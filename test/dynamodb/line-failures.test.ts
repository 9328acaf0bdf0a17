import { DeleteItemCommand, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Ledger } from '../../lib/dynamodb/index.ts';
import { type LineCommand, recordIdOfTransaction, type TransactionId } from '../../lib/ledger/index.ts';
import { account, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { type LineFixture, startLines } from './line-fixture.ts';

type Row = Record<string, unknown>;
const write = 'TransactWriteItems';

let lines: LineFixture;
let ledger: Ledger;
let worker: Ledger;
let names = 0;
/** The account whose line a test serves. */
let id: string;
beforeAll(async () => {
  lines = await startLines();
  for (const other of ['bob', 'carol']) await lines.books.createAccount(other, { funds: 1_000n });
});
beforeEach(async () => {
  ledger = lines.open();
  worker = lines.openBehindProxy();
  id = `payer${names++}`;
  await lines.books.createAccount(id, { funds: 1_000n });
});
afterEach(async () => {
  lines.proxy.rules.length = 0;
  await lines.proxy.settled();
  expect(await lines.findings()).toEqual([]);
});
afterAll(() => lines.stop());

async function accepted(...commands: LineCommand[]): Promise<TransactionId[]> {
  for (const command of commands) expect(await ledger.accept(command, 5_000)).toMatchObject({ kind: 'accepted' });
  return commands.map((command) => command.id);
}

async function statuses(ids: readonly TransactionId[]): Promise<(string | undefined)[]> {
  return Promise.all(ids.map(async (one) => (await lines.transaction(one))?.status));
}

async function postedOn(of: string): Promise<TransactionId[]> {
  const page = await ledger.entries.page({ tenant, account: account(of), asset: usd, order: 'asc', limit: 200 });
  return page.entries.slice(1).map(({ transactionId }) => transactionId);
}

const recordKeyOf = (one: TransactionId) => ({ PK: `T#${tenant}#X#${recordIdOfTransaction(one)}`, SK: 'RECORD' });

/** Changes a row behind the ledger's back; returns how to take that back. */
async function damage(key: Row, change: (row: Row) => Row | undefined): Promise<() => Promise<void>> {
  const { client, tables } = lines.books.database;
  const found = await client.send(new GetItemCommand({ TableName: tables.ledger, Key: marshall(key) }));
  const { Item } = found;
  if (!Item) throw new Error(`nothing at ${key.PK} ${key.SK}`);
  const changed = change(unmarshall(Item, { wrapNumbers: BigInt }));
  if (changed) await client.send(new PutItemCommand({ TableName: tables.ledger, Item: marshall(changed) }));
  else await client.send(new DeleteItemCommand({ TableName: tables.ledger, Key: marshall(key) }));
  return async () => void (await client.send(new PutItemCommand({ TableName: tables.ledger, Item })));
}

async function deadLettersOf(one: TransactionId): Promise<Row[]> {
  return (await lines.deadLetters()).filter(({ transactionId }) => transactionId === one);
}

/** Notes on the head of the line that it has failed so often. */
async function countedAlready(attempts: number): Promise<void> {
  const { client, tables } = lines.books.database;
  const { places } = await ledger.lines.places(tenant, account(id), 1);
  const [head] = places;
  if (!head) throw new Error('nobody waits');
  const failures = { attempts, errorClass: 'Error', errorMessage: '', firstFailedAt: 1_000, lastFailedAt: 2_000 };
  await client.send(
    new UpdateItemCommand({
      TableName: tables.ledger,
      Key: marshall({
        PK: `T#${tenant}#L#${id}`,
        SK: `P#${String(head.acceptedAt).padStart(13, '0')}#${head.transaction}`,
      }),
      UpdateExpression: 'SET failures = :failures',
      ExpressionAttributeValues: marshall({ ':failures': failures }),
    }),
  );
}

/** An instance that does something before its first call of an operation. */
function pausingBefore(commandName: string, act: () => Promise<unknown>): Ledger {
  const paused = lines.open();
  let isDone = false;
  paused.client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName === commandName && !isDone) {
        isDone = true;
        await act();
      }
      return next(args);
    },
    { step: 'finalizeRequest', name: 'pauseBefore' },
  );
  return paused;
}

/** An instance for which DynamoDB finds each write wrong that has a certain transaction in it. */
function refusing(one: TransactionId, message = 'Item size has exceeded the maximum allowed size'): Ledger {
  const refused = lines.open();
  refused.client.middlewareStack.add(
    (next, context) => (args) => {
      const body =
        context.commandName === 'TransactWriteItemsCommand'
          ? String((args as { request: { body: unknown } }).request.body)
          : '';
      // Marking the record as failed is another write than putting it.
      if (body.includes(`${recordKeyOf(one).PK}"},"SK":{"S":"RECORD"},"requestHash`)) {
        throw Object.assign(new Error(message), {
          name: 'ValidationException',
          $fault: 'client',
          $metadata: { httpStatusCode: 400 },
        });
      }
      return next(args);
    },
    { step: 'finalizeRequest', name: 'refuse' },
  );
  return refused;
}

describe('a line whose balances others write all the time', () => {
  it("is taken on by another message when time is up, and is nobody's failure", async () => {
    const ids = await accepted(transfer(id, 'bob', 1), transfer(id, 'bob', 2));
    lines.proxy.rules.push({ operation: write, fault: { kind: 'conflict' } });
    expect(await lines.drain(id, worker, 3_000)).toEqual({ settled: [], failed: [], isEmpty: false });
    expect(await statuses(ids)).toEqual([undefined, undefined]);
    lines.proxy.rules.length = 0;
    expect(await lines.drain(id, worker)).toMatchObject({ isEmpty: true });
    expect(await statuses(ids)).toEqual(['posted', 'posted']);
  });
});

describe('a transaction that fails by itself', () => {
  it('for what is stored of it, fails alone after five tries, with a dead letter, and the line goes on in order', async () => {
    const ids = await accepted(...Array.from({ length: 9 }, () => transfer(id, 'bob', 1)));
    const poisoned = ids[4] as TransactionId;
    await damage(recordKeyOf(poisoned), (row) => ({ ...row, command: { kind: 'nonsense' } }));
    const startedAt = Date.now();
    const run = await lines.drain(id, worker);
    expect(run.isEmpty).toBe(true);
    expect(run.settled).toHaveLength(8);
    expect(run.failed).toMatchObject([{ transactionId: poisoned, account: id, attempts: 5 }]);
    expect(await statuses(ids)).toEqual(ids.map((one) => (one === poisoned ? 'failed' : 'posted')));
    expect(await postedOn(id)).toEqual(ids.filter((one) => one !== poisoned));
    const [letter, ...others] = await deadLettersOf(poisoned);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({
      kind: 'transaction',
      source: 'lines',
      status: 'open',
      attempts: 5n,
      account: id,
      failure: { errorClass: 'InvariantViolation', errorMessage: `what is stored of ${poisoned} cannot be read` },
    });
    expect(letter?.firstFailureAt as bigint).toBeGreaterThanOrEqual(startedAt);
    expect(letter?.lastFailureAt as bigint).toBeGreaterThanOrEqual(letter?.firstFailureAt as bigint);
    expect(await lines.record({ id: poisoned })).toMatchObject({ status: 'failed', failedAt: letter?.lastFailureAt });
  });

  it('for a balance that is damaged, fails, and those that do not need it do not', async () => {
    await lines.books.createAccount(`${id}-broken`, { funds: 1n });
    const ids = await accepted(
      transfer(id, 'bob', 1),
      transfer(id, `${id}-broken`, 1),
      transfer(id, 'carol', 1),
      transfer(id, 'bob', 1),
    );
    const restore = await damage({ PK: `T#${tenant}#A#${id}-broken`, SK: `B#${usd}` }, (row) => ({
      ...row,
      posted: 'much',
    }));
    const run = await lines.drain(id, worker);
    expect(await statuses(ids)).toEqual(['posted', 'failed', 'posted', 'posted']);
    expect(run.failed).toMatchObject([{ transactionId: ids[1], attempts: 5 }]);
    expect(await postedOn(id)).toEqual([ids[0], ids[2], ids[3]]);
    expect((await deadLettersOf(ids[1] as TransactionId))[0]).toMatchObject({
      failure: { errorClass: 'InvariantViolation', errorMessage: expect.stringContaining('damaged item') },
    });
    await restore();
  });

  it('for a write that DynamoDB finds wrong, fails with what DynamoDB said', async () => {
    const ids = await accepted(...Array.from({ length: 4 }, () => transfer(id, 'bob', 1)));
    const run = await lines.drain(id, refusing(ids[2] as TransactionId));
    expect(await statuses(ids)).toEqual(['posted', 'posted', 'failed', 'posted']);
    expect(run.failed).toMatchObject([{ transactionId: ids[2] }]);
    expect((await deadLettersOf(ids[2] as TransactionId))[0]).toMatchObject({
      failure: { errorClass: 'ValidationException', errorMessage: 'Item size has exceeded the maximum allowed size' },
    });
  });

  it('fails also where what was said has characters of two halves, and one of them is cut', async () => {
    const ids = await accepted(transfer(id, 'bob', 1), transfer(id, 'bob', 2));
    const run = await lines.drain(id, refusing(ids[0] as TransactionId, `${'x'.repeat(999)}😀`));
    expect(run).toMatchObject({ isEmpty: true, failed: [{ transactionId: ids[0], attempts: 5 }] });
    expect(await statuses(ids)).toEqual(['failed', 'posted']);
  });

  it('is posted where what kept it from that is repaired in time, in its place', async () => {
    await lines.books.createAccount(`${id}-broken`, { funds: 1n });
    const ids = await accepted(transfer(id, `${id}-broken`, 1), transfer(id, 'bob', 1));
    const restore = await damage({ PK: `T#${tenant}#A#${id}-broken`, SK: `B#${usd}` }, (row) => ({
      ...row,
      posted: 'much',
    }));
    await countedAlready(2);
    let tries = 0;
    const clock = {
      now: Date.now,
      elapsed: () => performance.now(),
      sleep: async (ms: number) => {
        if (ms > 0 && ++tries === 2) await restore();
      },
    };
    const run = await lines.drain(id, lines.open({ clock }));
    expect(run.failed).toEqual([]);
    expect(await postedOn(id)).toEqual(ids);
    expect(await deadLettersOf(ids[0] as TransactionId)).toEqual([]);
  });

  it('is answered as failed to whoever asks, for ever', async () => {
    const command = transfer(id, 'bob', 1);
    await accepted(command);
    await damage(recordKeyOf(command.id), (row) => ({ ...row, command: { kind: 'nonsense' } }));
    const asked = ledger.post(command, 8_000);
    await lines.drain(id, worker);
    const answer = await asked;
    expect(answer).toMatchObject({
      kind: 'settled',
      replayed: true,
      transaction: { id: command.id, status: 'failed' },
    });
    expect(await lines.open().post(command, 5_000)).toMatchObject({
      transaction: { status: 'failed', postings: [], type: 'transfer' },
    });
    expect(await ledger.accept(command, 5_000)).toMatchObject({ kind: 'accepted', replayed: true });
  });
});

describe('counting failures', () => {
  it('counts one for two workers that met it at once', async () => {
    const [one] = await accepted(transfer(id, 'bob', 1));
    await damage(recordKeyOf(one as TransactionId), (row) => ({ ...row, command: { kind: 'nonsense' } }));
    const runs = await Promise.all([lines.drain(id, worker), lines.drain(id)]);
    expect(runs.flatMap(({ failed }) => failed)).toHaveLength(1);
    expect(await deadLettersOf(one as TransactionId)).toHaveLength(1);
  });

  it('leaves no dead letter of a transaction that another worker has just posted', async () => {
    const [one] = await accepted(transfer(id, 'bob', 1));
    await countedAlready(4);
    const late = pausingBefore('BatchGetItemCommand', () => lines.drain(id));
    const run = await lines.drain(id, late);
    expect(run).toEqual({ settled: [], failed: [], isEmpty: true });
    expect(await statuses([one as TransactionId])).toEqual(['posted']);
    expect(await deadLettersOf(one as TransactionId)).toEqual([]);
  });

  it('tells of it once although the answer is lost', async () => {
    const [one] = await accepted(transfer(id, 'bob', 1));
    await damage(recordKeyOf(one as TransactionId), (row) => ({ ...row, command: { kind: 'nonsense' } }));
    lines.proxy.rules.push({ operation: ['UpdateItem', write], fault: { kind: 'dropAnswer' }, count: 2 });
    lines.proxy.rules.push({ operation: write, fault: { kind: 'dropAnswer' }, count: 1 });
    const run = await lines.drain(id, worker);
    expect(run.failed).toMatchObject([{ transactionId: one, attempts: 5 }]);
    expect(await deadLettersOf(one as TransactionId)).toHaveLength(1);
  });

  it.each([
    ['conflicts', { kind: 'conflict' }],
    ['throttling of one item', { kind: 'conflict', reason: 'ThrottlingError' }],
    ['throttling', { kind: 'throttle' }],
  ] as const)('is interrupted, and goes on, where the ledger has trouble of its own: %s', async (_, fault) => {
    const [one] = await accepted(transfer(id, 'bob', 1));
    await damage(recordKeyOf(one as TransactionId), (row) => ({ ...row, command: { kind: 'nonsense' } }));
    await countedAlready(4);
    lines.proxy.rules.push({ operation: write, fault });
    await expect(lines.drain(id, worker)).rejects.toMatchObject({ name: 'LedgerError', code: 'unavailable' });
    lines.proxy.rules.length = 0;
    expect(await statuses([one as TransactionId])).toEqual([undefined]);
    const run = await lines.drain(id, worker);
    expect(run.failed).toMatchObject([{ transactionId: one, attempts: 5, firstFailureAt: 1_000 }]);
    expect(await deadLettersOf(one as TransactionId)).toHaveLength(1);
  });
});

describe('a damaged line', () => {
  it('loses a place that has no record, with a dead letter that tells of it, and goes on', async () => {
    const ids = await accepted(transfer(id, 'bob', 1), transfer(id, 'bob', 1));
    await damage(recordKeyOf(ids[0] as TransactionId), () => undefined);
    const run = await lines.drain(id, worker);
    expect(run.failed).toMatchObject([{ transactionId: ids[0] }]);
    expect(await statuses(ids)).toEqual([undefined, 'posted']);
    expect((await deadLettersOf(ids[0] as TransactionId))[0]).toMatchObject({
      failure: { errorMessage: `${ids[0]} waits in a line and has no record` },
    });
  });

  it('loses a place whose transaction has its outcome, which stays what it is', async () => {
    const [one, other] = await accepted(transfer(id, 'bob', 1), transfer(id, 'bob', 1));
    const [place] = (await ledger.lines.places(tenant, account(id), 1)).places;
    const restore = await damage(
      { PK: `T#${tenant}#L#${id}`, SK: `P#${String(place?.acceptedAt).padStart(13, '0')}#${one}` },
      (row) => row,
    );
    await lines.drain(id, worker);
    await restore();
    const run = await lines.drain(id, worker);
    expect(run.failed).toMatchObject([{ transactionId: one }]);
    expect(await statuses([one as TransactionId, other as TransactionId])).toEqual(['posted', 'posted']);
    expect(await postedOn(id)).toEqual([one, other]);
    expect((await deadLettersOf(one as TransactionId))[0]).toMatchObject({
      failure: { errorMessage: `${one} waits in a line and has its outcome` },
    });
  });

  it('loses a record that cannot be read at all, and goes on', async () => {
    const ids = await accepted(transfer(id, 'bob', 1), transfer(id, 'bob', 1));
    const restore = await damage(recordKeyOf(ids[0] as TransactionId), (row) => ({ ...row, nonce: 7n }));
    const run = await lines.drain(id, worker);
    expect(run.failed).toMatchObject([{ transactionId: ids[0] }]);
    expect(await postedOn(id)).toEqual([ids[1]]);
    expect(await lines.record({ id: ids[0] as TransactionId })).toMatchObject({ status: 'failed' });
    await restore();
    // What was put back for the sake of the audit: it waits again, and has no place.
    await damage(recordKeyOf(ids[0] as TransactionId), () => undefined);
  });
});
