import { DeleteItemCommand, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { LedgerAudit } from '../../lib/dynamodb/audit/ledger-audit.ts';
import { RollingWalk } from '../../lib/dynamodb/audit/rolling-walk.ts';
import { auditTable } from '../../lib/dynamodb/audit/table-audit.ts';
import type { Ledger } from '../../lib/dynamodb/index.ts';
import { systemClock } from '../../lib/dynamodb/index.ts';
import { Reader } from '../../lib/dynamodb/table/reader.ts';
import { recordIdOfTransaction, type TransactionId } from '../../lib/ledger/index.ts';
import { account, tenant, transfer } from '../support/ledger-fixture.ts';
import { type LineFixture, startLines } from './line-fixture.ts';

type Row = Record<string, unknown>;

let lines: LineFixture;
let ledger: Ledger;
/** One that waits, one that failed, and one that was posted from the line. */
let waiting: TransactionId;
beforeAll(async () => {
  lines = await startLines();
  ledger = lines.open();
  for (const id of ['alice', 'bob']) await lines.books.createAccount(id, { funds: 100n });
  const [posted, failed, last] = [
    transfer('alice', 'bob', 1),
    transfer('alice', 'bob', 2),
    transfer('alice', 'bob', 3),
  ];
  await ledger.accept(posted, 5_000);
  await ledger.accept(failed, 5_000);
  await whileRow(
    recordKeyOf(failed.id),
    (row) => ({ ...row, command: 'nonsense' }),
    async () => void (await lines.drain('alice')),
    false,
  );
  await ledger.accept(last, 5_000);
  waiting = last.id;
});
afterEach(async () => expect(await found()).toEqual([[], []]));
afterAll(() => lines.stop());

const recordKeyOf = (id: TransactionId) => ({ PK: `T#${tenant}#X#${recordIdOfTransaction(id)}`, SK: 'RECORD' });

async function placeKeyOf(id: string): Promise<{ PK: string; SK: string }> {
  const { places } = await ledger.lines.places(tenant, account(id), 1);
  const [place] = places;
  return { PK: `T#${tenant}#L#${id}`, SK: `P#${String(place?.acceptedAt).padStart(13, '0')}#${place?.transaction}` };
}

/** Looks while a row is another or gone, and puts it back. */
async function whileRow(key: Row, change: (row: Row) => Row | undefined, look: () => Promise<void>, isPutBack = true) {
  const { client, tables } = lines.books.database;
  const TableName = tables.ledger;
  const { Item } = await client.send(new GetItemCommand({ TableName, Key: marshall(key) }));
  if (!Item) throw new Error(`nothing at ${key.PK}`);
  const changed = change(unmarshall(Item, { wrapNumbers: BigInt }));
  await client.send(new DeleteItemCommand({ TableName, Key: marshall(key) }));
  if (changed) await client.send(new PutItemCommand({ TableName, Item: marshall(changed) }));
  await look();
  if (!isPutBack) return;
  if (changed) {
    await client.send(new DeleteItemCommand({ TableName, Key: marshall({ PK: changed.PK, SK: changed.SK }) }));
  }
  await client.send(new PutItemCommand({ TableName, Item }));
}

/** What the audit of a table at rest names, and what the audit of the running ledger does. */
async function found(): Promise<[string[], string[]]> {
  const { client, tables, endpoint } = lines.books.database;
  const { findings } = await auditTable({ client, table: tables.ledger, segments: 2 });
  const running = await new LedgerAudit({ table: tables.ledger, endpoint }).run(20_000);
  const named = ({ kind, subject }: { kind: string; subject: string }) => `${kind}: ${subject}`;
  return [[...new Set(findings.map(named))].sort(), [...new Set(running.findings.map(named))].sort()];
}

async function subject(): Promise<string> {
  const { places } = await ledger.lines.places(tenant, account('alice'), 1);
  return `${waiting} in the line of alice at ${places[0]?.acceptedAt}`;
}

describe('an audit', () => {
  it('finds nothing wrong with what waits, what failed and what was posted out of a line', async () => {
    const { client, tables } = lines.books.database;
    expect((await auditTable({ client, table: tables.ledger })).rows).toMatchObject({
      place: 1,
      unknown: 0,
      unreadable: 0,
    });
  });

  it('names a transaction that waits without its place', async () => {
    const name = await subject();
    await whileRow(
      await placeKeyOf('alice'),
      () => undefined,
      async () => {
        expect(await found()).toEqual([[`wrong_line: ${name}`], [`wrong_line: ${name}`]]);
      },
    );
  });

  it('names a place at which nothing waits, whatever became of the transaction', async () => {
    const name = await subject();
    await whileRow(
      recordKeyOf(waiting),
      () => undefined,
      async () => {
        expect(await found()).toEqual([[`wrong_line: ${name}`], [`wrong_line: ${name}`]]);
      },
    );
    await whileRow(
      recordKeyOf(waiting),
      (row) => ({ ...row, status: 'failed', failedAt: 1n }),
      async () => {
        expect(await found()).toEqual([[`wrong_line: ${name}`], [`wrong_line: ${name}`]]);
      },
    );
  });

  it('names both where a place is in another line, or at another time, than its transaction says', async () => {
    const key = await placeKeyOf('alice');
    for (const moved of [{ PK: `T#${tenant}#L#bob` }, { SK: key.SK.replace(/^P#\d{13}/, 'P#0000000000001') }]) {
      const name = await subject();
      await whileRow(
        key,
        (row) => ({ ...row, ...moved }),
        async () => {
          const [atRest, running] = await found();
          expect(atRest).toHaveLength(2);
          expect(atRest).toContain(`wrong_line: ${name}`);
          expect(running).toContain(`wrong_line: ${name}`);
        },
      );
    }
  });

  it('names a transaction that waits and does not say where', async () => {
    await whileRow(
      recordKeyOf(waiting),
      ({ line: _, ...row }) => row,
      async () => {
        const [atRest, running] = await found();
        expect(atRest).toContain(`wrong_line: ${waiting} in no line`);
        expect(running).toEqual([`wrong_line: ${waiting} in no line`]);
      },
    );
  });

  it('names a place that cannot be read', async () => {
    await whileRow(
      await placeKeyOf('alice'),
      (row) => ({ ...row, failures: 'many' }),
      async () => {
        const [atRest] = await found();
        expect(atRest).toContainEqual(expect.stringMatching(/^unreadable_row: T#default#L#alice P#/));
      },
    );
  });

  it('of the running ledger takes nothing for damage that leaves its line while it looks', async () => {
    const { tables } = lines.books.database;
    // Between the scan and the reads of the other halves the worker takes everything out of the line.
    const looking = lines.open();
    let isDrained = false;
    looking.client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName === 'BatchGetItemCommand' && !isDrained) {
          isDrained = true;
          await lines.drain('alice');
        }
        return next(args);
      },
      { step: 'finalizeRequest', name: 'drainFirst' },
    );
    const walk = new RollingWalk(new Reader(looking.client, tables.ledger, systemClock));
    expect((await walk.step({})).findings).toEqual([]);
    expect(isDrained).toBe(true);
    expect(await lines.waiting('alice')).toEqual([]);
  });
});
