import { randomUUID } from 'node:crypto';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Clock, type Ledger, systemClock } from '../../lib/dynamodb/index.ts';
import {
  type LineCommand,
  postBatch,
  recordIdOfTransaction,
  reverseTransaction,
  type TransactionId,
} from '../../lib/ledger/index.ts';
import { account, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { type LineFixture, startLines } from './line-fixture.ts';

/** A process that dies at a call: before it is sent, or when it has had its effect and nobody hears of it. */
interface CrashPoint {
  readonly call: number;
  readonly when: 'before' | 'after';
}

/** Pauses between attempts are not what this is about. */
const hasty: Clock = { ...systemClock, sleep: async () => {} };

let lines: LineFixture;
let survivor: Ledger;
let runs = 0;
beforeAll(async () => {
  lines = await startLines();
  survivor = lines.open({ clock: hasty });
  for (const id of ['bob', 'carol']) await lines.books.createAccount(id, { funds: 1_000n });
});
afterAll(() => lines.stop());

/** Does something on an instance that dies at this point: from then on nothing it waits for ever comes. True where it died. */
async function diesAt({ call, when }: CrashPoint, act: (ledger: Ledger) => Promise<unknown>): Promise<boolean> {
  const ledger = lines.open({ clock: hasty });
  let calls = 0;
  let die = () => {};
  const death = new Promise<true>((resolve) => {
    die = () => resolve(true);
  });
  ledger.client.middlewareStack.add(
    (next) => async (args) => {
      calls++;
      const result = calls < call || (calls === call && when === 'after') ? await next(args) : undefined;
      if (result && calls < call) return result;
      die();
      return new Promise(() => {});
    },
    { step: 'finalizeRequest', name: 'die', priority: 'low' },
  );
  return Promise.race([death, act(ledger).then(() => false)]);
}

/** Every crash point of what is done afresh each time, until it is through without meeting one. */
async function forEachCrashPoint(attempt: (point: CrashPoint) => Promise<boolean>): Promise<number> {
  for (let call = 1; ; call++) {
    for (const when of ['before', 'after'] as const) {
      if (!(await attempt({ call, when }))) return call - 1;
    }
  }
}

const member = (source: string, amount: bigint) => ({
  type: 'transfer',
  postings: [{ source: account(source), destination: account('carol'), asset: usd, amount }],
});

/** A line with one of everything: what is posted, declined, refused late, made of several, opens a balance, and fails by itself. */
async function openLine(): Promise<{ id: string; commands: LineCommand[]; expected: string[] }> {
  const id = `payer${runs++}`;
  await lines.books.createAccount(id, { funds: 100n });
  await lines.books.createAccount(`${id}-new`);
  const ledger = lines.open();
  const paid = transfer('bob', id, 5);
  await ledger.post(paid, 5_000);
  const reversals = [1, 2].map(() => reverseTransaction({ tenant, key: randomUUID(), reverses: paid.id }));
  const poisoned = transfer(id, 'bob', 3);
  const commands: LineCommand[] = [
    transfer(id, 'bob', 1),
    transfer(id, `${id}-new`, 2),
    transfer(id, 'bob', 1_000),
    ...reversals,
    poisoned,
    postBatch({ tenant, key: randomUUID(), transactions: [member(id, 4n), member(id, 5n)] }),
    transfer(id, 'carol', 6),
  ];
  for (const command of commands) expect(await ledger.accept(command, 5_000)).toMatchObject({ kind: 'accepted' });
  const { client, tables } = lines.books.database;
  await client.send(
    new UpdateItemCommand({
      TableName: tables.ledger,
      Key: marshall({ PK: `T#${tenant}#X#${recordIdOfTransaction(poisoned.id)}`, SK: 'RECORD' }),
      UpdateExpression: 'SET command = :damaged',
      ExpressionAttributeValues: marshall({ ':damaged': 'nonsense' }),
    }),
  );
  // Two tries are as good as five: each is made of the same calls.
  const { places } = await ledger.lines.places(tenant, account(id), 20);
  const place = places.find(({ transaction }) => transaction === poisoned.id);
  const time = String(place?.acceptedAt).padStart(13, '0');
  const failures = { attempts: 3, errorClass: 'Error', errorMessage: '', firstFailedAt: 1, lastFailedAt: 2 };
  await client.send(
    new UpdateItemCommand({
      TableName: tables.ledger,
      Key: marshall({ PK: `T#${tenant}#L#${id}`, SK: `P#${time}#${poisoned.id}` }),
      UpdateExpression: 'SET failures = :failures',
      ExpressionAttributeValues: marshall({ ':failures': failures }),
    }),
  );
  ledger.client.destroy();
  const expected = [
    'posted',
    'posted',
    'insufficient_funds',
    'posted',
    'already_reversed',
    'failed',
    'batch',
    'posted',
  ];
  return { id, commands, expected };
}

async function outcomes(commands: readonly LineCommand[]): Promise<unknown[]> {
  const records = await Promise.all(commands.map((command) => lines.record(command)));
  return records.map((record) => (record?.status === 'rejected' ? record.reason : record?.status));
}

describe('a worker that dies at any of its calls', () => {
  it('leaves nothing half-done, and nothing that the next one does not finish in order', async () => {
    const through = await forEachCrashPoint(async (point) => {
      const { id, commands, expected } = await openLine();
      const hasDied = await diesAt(point, (ledger) => lines.drain(id, ledger));
      const where = `${point.when} call ${point.call}`;
      expect({ where, findings: await lines.findings() }).toEqual({ where, findings: [] });
      const reached = await outcomes(commands);
      // What has its outcome is the beginning of the line, and has the outcome it should have.
      const done = reached.filter((status) => status !== 'pending');
      expect({ where, done }).toEqual({ where, done: expected.slice(0, done.length) });
      expect(reached.slice(done.length).every((status) => status === 'pending')).toBe(true);
      await lines.drain(id, survivor);
      expect({ where, outcomes: await outcomes(commands) }).toEqual({ where, outcomes: expected });
      expect({ where, findings: await lines.findings() }).toEqual({ where, findings: [] });
      const letters = (await lines.deadLetters()).filter(({ account: of }) => of === id);
      expect(letters.map(({ transactionId }) => transactionId)).toEqual([commands[5]?.id]);
      const { entries } = await lines.books.ledger.entries.page({
        tenant,
        account: account(id),
        asset: usd,
        order: 'asc',
        limit: 20,
      });
      expect(entries.map(({ amount }) => amount)).toEqual([100n, 5n, -1n, -2n, -5n, -4n, -5n, -6n]);
      return hasDied;
    });
    // So many calls that this was about something.
    expect(through).toBeGreaterThan(15);
  }, 240_000);
});

describe('a request that dies at any of its calls', () => {
  it('has accepted its command or not, and the same key settles which', async () => {
    const through = await forEachCrashPoint(async (point) => {
      const id = `payer${runs++}`;
      await lines.books.createAccount(id, { funds: 10n });
      const command = transfer(id, 'bob', 10);
      const hasDied = await diesAt(point, (ledger) => ledger.accept(command, 5_000));
      expect(await lines.findings()).toEqual([]);
      const waiting = await lines.waiting(id);
      expect(await lines.open().accept(command, 5_000)).toMatchObject({
        kind: 'accepted',
        replayed: waiting.length > 0,
      });
      expect(await lines.waiting(id)).toEqual([command.id]);
      await lines.drain(id, survivor);
      expect(await lines.transaction(command.id)).toMatchObject({ status: 'posted' });
      return hasDied;
    });
    expect(through).toBe(3);
    expect(await lines.findings()).toEqual([]);
  });

  it('has reprocessed a failed transaction or not, and another try settles which', async () => {
    const through = await forEachCrashPoint(async (point) => {
      const id = `payer${runs++}`;
      await lines.books.createAccount(id, { funds: 10n });
      const command = transfer(id, 'bob', 10);
      await lines.open().accept(command, 5_000);
      await failByHand(id, command.id);
      const hasDied = await diesAt(point, (ledger) => ledger.reprocess(tenant, command.id, 5_000));
      expect(await lines.findings()).toEqual([]);
      const [known] = await lines.waiting(id);
      expect(await lines.transaction(command.id)).toEqual(
        expect.objectContaining({ status: 'failed', ...(known && { reprocessedBy: known }) }),
      );
      const again = await lines.open().reprocess(tenant, command.id, 5_000);
      expect(again).toMatchObject({ kind: known ? 'already' : 'accepted' });
      const made = (again as { transactionId: TransactionId }).transactionId;
      expect(await lines.transaction(command.id)).toMatchObject({ reprocessedBy: made });
      await lines.drain(id, survivor);
      expect(await lines.record({ id: made })).toMatchObject({ status: 'posted', reprocesses: command.id });
      return hasDied;
    });
    expect(through).toBe(4);
    expect(await lines.findings()).toEqual([]);
  });
});

/** Makes the head of a line fail as the worker would: what is stored of it is sound again afterwards. */
async function failByHand(id: string, transaction: TransactionId): Promise<void> {
  const record = await lines.record({ id: transaction });
  const { client, tables } = lines.books.database;
  const setCommand = (value: unknown) =>
    client.send(
      new UpdateItemCommand({
        TableName: tables.ledger,
        Key: marshall({ PK: record?.PK, SK: record?.SK }),
        UpdateExpression: 'SET command = :command',
        ExpressionAttributeValues: marshall({ ':command': value }),
      }),
    );
  await setCommand('nonsense');
  await lines.drain(id, survivor);
  await setCommand(record?.command);
}
