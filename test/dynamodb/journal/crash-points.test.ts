import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../lib/dynamodb/index.ts';
import { JournalAppender } from '../../../lib/dynamodb/journal/journal-appender.ts';
import { readTable } from '../../support/books.ts';
import { auditJournal } from '../../support/journal-books.ts';
import { type LedgerFixture, startLedger } from '../../support/ledger-fixture.ts';
import { FailingClient, Killed } from './failing-client.ts';
import { type Deed, Doing } from './journal-deeds.ts';

const timeMs = 10_000;
const accounts = ['alice', 'bob', 'carol', 'spread'];

/** Some of everything, and more than one block of it. */
const deeds: readonly Deed[] = [
  { kind: 'hold', account: 'alice', amount: 50n },
  { kind: 'capture', which: 0, destination: 'bob', isFinal: false },
  { kind: 'capture', which: 0, destination: 'carol', isFinal: false },
  { kind: 'void', which: 0 },
  { kind: 'change', account: 'alice' },
  { kind: 'batch', accounts: ['alice', 'bob', 'spread'] },
  { kind: 'reverse', which: 2 },
  { kind: 'reverse', which: 2 },
  { kind: 'transfer', source: 'bob', destination: 'alice', amount: 100_000n },
  { kind: 'change', account: 'alice' },
  ...Array.from({ length: 100 }, (_, index): Deed => {
    const source = accounts[index % 4] as string;
    return {
      kind: 'transfer',
      source,
      destination: accounts[(index * 7 + 1) % 4 === index % 4 ? (index + 1) % 4 : (index * 7 + 1) % 4] as string,
      amount: 1n,
    };
  }),
];

let books: LedgerFixture;
beforeAll(async () => {
  books = await startLedger();
});
afterAll(() => books.stop());

/** Takes back what was appended, as if nobody had been there. */
async function forget({ tenant }: Doing): Promise<void> {
  const { client, tables } = books.database;
  const rows = await readTable(client, tables.ledger, tenant);
  const journaled = rows.filter(({ block }) => block !== undefined);
  const changes = [
    ...rows.filter(({ PK }) => PK === `T#${tenant}#J`).map(({ PK, SK }) => ({ Delete: keyed(PK, SK) })),
    ...journaled.map(({ PK, SK }) => ({ Update: { ...keyed(PK, SK), ...withoutBlock } })),
  ];
  for (let from = 0; from < changes.length; from += 100) {
    await books.database.documents.send(new TransactWriteCommand({ TransactItems: changes.slice(from, from + 100) }));
  }
}

const withoutBlock = { UpdateExpression: 'REMOVE #block', ExpressionAttributeNames: { '#block': 'block' } };

function keyed(PK: unknown, SK: unknown) {
  return { TableName: books.database.tables.ledger, Key: { PK, SK } };
}

function appenderOn({ client }: FailingClient): JournalAppender {
  return new JournalAppender({ client, table: books.database.tables.ledger, clock: systemClock });
}

async function auditOf({ tenant }: Doing) {
  const { client, tables } = books.database;
  return auditJournal(await readTable(client, tables.ledger, tenant), tenant);
}

/** The last few woke the appender, and the others were forgotten. */
function woken({ partitions }: Doing): string[] {
  return partitions.slice(-12).toReversed();
}

describe.each(['killed', 'refused', 'lost'] as const)('an appender that has a mishap (%s)', (kind) => {
  it('leaves nothing half done, whichever of its calls it is', async () => {
    const doing = await Doing.begin(books.ledger, kind, accounts);
    for (const deed of deeds) await doing.do(deed);
    let call = 0;
    for (let isOver = false; !isOver; ) {
      await forget(doing);
      const client = new FailingClient(books.ledger.client, { call: ++call, kind });
      const outcome = await appenderOn(client)
        .append(doing.tenant, woken(doing), timeMs)
        .catch((error: unknown) => error);
      isOver = client.calls < call;
      if (kind === 'killed' && !isOver) expect(outcome).toBeInstanceOf(Killed);
      else expect(outcome).toMatchObject({ isComplete: true });
      expect((await auditOf(doing)).findings).toEqual([]);

      await appenderOn(new FailingClient(books.ledger.client)).append(doing.tenant, woken(doing), timeMs);
      const audit = await auditOf(doing);
      expect(audit.findings).toEqual([]);
      expect(woken(doing).filter((partition) => !audit.places.has(partition))).toEqual([]);
      expect(audit.blocks).toBe(2);
    }
    // It read, looked for what precedes, and wrote two blocks: there was something to go wrong at each.
    expect(call).toBeGreaterThan(8);
  }, 300_000);
});
