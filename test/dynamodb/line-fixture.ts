import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { DrainRun, Ledger, LedgerOptions } from '../../lib/dynamodb/index.ts';
import {
  type LineCommand,
  recordIdOfTransaction,
  type Transaction,
  type TransactionId,
} from '../../lib/ledger/index.ts';
import { deadLetterItem } from '../../lib/platform/dead-letter-item.ts';
import { audit, readTable } from '../support/books.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { account, type LedgerFixture, startLedger, tenant } from '../support/ledger-fixture.ts';

type Row = Record<string, unknown>;

/** A ledger with lines, instances that accept into them, and a proxy in front of the database for those that ask for it. */
export interface LineFixture {
  readonly books: LedgerFixture;
  readonly proxy: FaultProxy;
  /** The accounts whose lines were woken, in order. */
  readonly woken: string[];
  /** An instance that may accept commands; it remembers nothing, and is closed with the fixture. */
  open(options?: Partial<LedgerOptions>): Ledger;
  /** The same, behind the proxy. */
  openBehindProxy(options?: Partial<LedgerOptions>): Ledger;
  /** Serves a line to its end. */
  drain(id: string, ledger?: Ledger, timeMs?: number, longestMs?: number): Promise<DrainRun>;
  /** The ids of the transactions that wait in an account's line, in order. */
  waiting(id: string): Promise<TransactionId[]>;
  transaction(id: TransactionId): Promise<Transaction | undefined>;
  /** The row of a command's record as it is stored. */
  record(command: Pick<LineCommand, 'id'>): Promise<Row | undefined>;
  /**
   * Accepts a command and has it fail, what is stored of it being unreadable for a while. What is stored of it then is what it was, or what is
   * to be left instead.
   */
  fail(command: LineCommand, line: string, left?: unknown): Promise<TransactionId>;
  deadLetters(): Promise<Row[]>;
  /** What an audit finds, of the books and of the lines: nothing. */
  findings(): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startLines(): Promise<LineFixture> {
  const books = await startLedger();
  const { client, tables } = books.database;
  const proxy = await startFaultProxy({ target: books.database.endpoint, measureCapacity: true });
  const opened: Ledger[] = [];
  const woken: string[] = [];
  const wakeLine = async (_: unknown, id: string) => void woken.push(id);
  const open = (options: Partial<LedgerOptions> = {}) => {
    const ledger = books.open({ wakeLine, ...options });
    opened.push(ledger);
    return ledger;
  };
  const plain = open();
  const recordKeyOf = ({ id }: Pick<LineCommand, 'id'>) =>
    marshall({ PK: `T#${tenant}#X#${recordIdOfTransaction(id)}`, SK: 'RECORD' });
  const fixture: LineFixture = {
    books,
    proxy,
    woken,
    open,
    openBehindProxy: (options = {}) => open({ endpoint: proxy.url, ...options }),
    drain: (id, ledger = plain, timeMs = 20_000, longestMs = timeMs) =>
      ledger.serveLine(tenant, account(id), timeMs, { table: tables.platform, item: deadLetterItem }, longestMs),
    async waiting(id) {
      const { waiting } = await plain.lines.list(tenant, account(id), 100);
      return waiting.map(({ pending }) => pending.id);
    },
    transaction: (id) => plain.transactions.get(tenant, id),
    async record(command) {
      const Key = recordKeyOf(command);
      const { Item } = await client.send(new GetItemCommand({ TableName: tables.ledger, Key, ConsistentRead: true }));
      return Item && unmarshall(Item, { wrapNumbers: BigInt });
    },
    async fail(command, line, left) {
      const set = (value: unknown) =>
        client.send(
          new UpdateItemCommand({
            TableName: tables.ledger,
            Key: recordKeyOf(command),
            UpdateExpression: 'SET command = :command',
            ExpressionAttributeValues: marshall({ ':command': value }),
          }),
        );
      const { kind } = await open().accept(command, 8_000);
      if (kind !== 'accepted') throw new Error(`it is ${kind}, not accepted`);
      const stored = (await fixture.record(command))?.command;
      await set('nonsense');
      await fixture.drain(line);
      await set(left ?? stored);
      return command.id;
    },
    async deadLetters() {
      return (await readTable(client, tables.platform)).filter(({ PK }) => String(PK).endsWith('#DL'));
    },
    async findings() {
      const rows = await readTable(client, tables.ledger);
      return [...audit(rows).findings, ...auditLines(rows)];
    },
    async stop() {
      for (const ledger of opened) ledger.client.destroy();
      await proxy.stop();
      await books.stop();
    },
  };
  return fixture;
}

/** Holds places and records to each other, sharing no code with the ledger: each that waits has just its place. */
export function auditLines(rows: readonly Row[]): string[] {
  const pending = new Map(
    rows
      .filter(({ SK, status }) => SK === 'RECORD' && status === 'pending')
      .map(({ PK, line, acceptedAt }) => {
        const [, owner, , id] = String(PK).split('#');
        return [`T#${owner}#L#${line} P#${String(acceptedAt).padStart(13, '0')}#tx_${id}`, String(PK)];
      }),
  );
  const findings: string[] = [];
  for (const { PK, SK } of rows.filter(({ PK }) => String(PK).split('#')[2] === 'L')) {
    const name = `${PK} ${SK}`;
    if (!pending.delete(name)) findings.push(`${name}: nothing waits there`);
  }
  for (const [name, record] of pending) findings.push(`${record}: waits without its place ${name}`);
  return findings;
}
