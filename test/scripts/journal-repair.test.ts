import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openAppender } from '../../lib/dynamodb/journal/journal-appender.ts';
import { repairJournals } from '../../scripts/journal-repair/repair.ts';
import { type Deed, Doing } from '../dynamodb/journal/journal-deeds.ts';
import { readTable } from '../support/books.ts';
import { auditJournal } from '../support/journal-books.ts';
import { type LedgerFixture, startLedger, tenant } from '../support/ledger-fixture.ts';

const script = fileURLToPath(new URL('../../scripts/repair-journal.ts', import.meta.url));
const deeds: readonly Deed[] = [
  { kind: 'hold', account: 'alice', amount: 50n },
  { kind: 'capture', which: 0, destination: 'bob', isFinal: false },
  { kind: 'batch', accounts: ['alice', 'bob'] },
  { kind: 'change', account: 'bob' },
  { kind: 'transfer', source: 'bob', destination: 'alice', amount: 1n },
  { kind: 'reverse', which: 1 },
];

let books: LedgerFixture;
const doings: Doing[] = [];
beforeAll(async () => {
  books = await startLedger();
  for (const name of ['one', 'two']) {
    const doing = await Doing.begin(books.ledger, name, ['alice', 'bob']);
    for (const deed of deeds) await doing.do(deed);
    doings.push(doing);
  }
});
afterAll(() => books.stop());

function repair(options: object = {}, surroundings: object = {}) {
  const lines: string[] = [];
  const said = {
    now: Date.now() + 60_000,
    say: (line: string) => void lines.push(line),
    endpoint: books.database.endpoint,
  };
  const wanted = { table: books.database.tables.ledger, olderThanMs: 0, isDryRun: false };
  return repairJournals({ ...wanted, ...options }, { ...said, ...surroundings });
}

async function run(...args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, AWS_ENDPOINT_URL_DYNAMODB: books.database.endpoint },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  return { code, output };
}

describe('repairJournals', () => {
  it('leaves out what is young', async () => {
    expect(await repair({ olderThanMs: 3_600_000 })).toMatchObject({ missing: 0, appended: 0 });
  });

  it('says what is missing, and in a dry run appends nothing', async () => {
    const { missing, appended, tenants } = await repair({ isDryRun: true });
    // Each tenant has three accounts, one of them changed once.
    const items = doings.map(({ partitions }) => partitions.length + 4);
    expect(missing).toBe(items.reduce((sum, count) => sum + count) + 1);
    expect(appended).toBe(0);
    expect([...tenants].sort()).toEqual(['default', 'one', 'two']);
    const dry = await run('--table', books.database.tables.ledger, '--older-than-minutes', '0', '--dry-run');
    expect(dry).toMatchObject({ code: 1, output: expect.stringContaining('are missing') });
  });

  it('appends all that is missing, in order, and wakes publication', async () => {
    const appender = openAppender({ table: books.database.tables.ledger, endpoint: books.database.endpoint });
    const [first] = doings as [Doing];
    await appender.append(first.tenant, first.partitions.slice(0, 2), 5_000);
    const woken: string[] = [];
    const { missing, appended } = await repair({}, { wakePublication: async (of: string) => void woken.push(of) });
    expect(appended).toBe(missing);
    expect(new Set(woken)).toEqual(new Set(['default', 'one', 'two']));
    const rows = await readTable(books.database.client, books.database.tables.ledger);
    for (const doing of doings) {
      const { findings, places } = auditJournal(rows, doing.tenant);
      expect(findings).toEqual([]);
      expect(doing.partitions.filter((partition) => !places.has(partition))).toEqual([]);
    }
    expect(auditJournal(rows, tenant).findings).toEqual([]);
    expect(await repair()).toMatchObject({ missing: 0, appended: 0 });
  });
});

describe('npm run repair:journal', () => {
  it('tells what it did, and how it is used', async () => {
    const again = await run('--table', books.database.tables.ledger, '--older-than-minutes', '0');
    expect(again).toMatchObject({ code: 0, output: expect.stringContaining('0 events were appended.') });
    expect(await run()).toMatchObject({ code: 2, output: expect.stringContaining('--table is missing') });
    const resumed = await run('--table', books.database.tables.ledger, '--resume', 'x');
    expect(resumed).toMatchObject({ code: 2, output: expect.stringContaining('--resume is no token') });
  });
});
