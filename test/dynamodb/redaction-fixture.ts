import { randomUUID } from 'node:crypto';
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { AuditLog } from '../../lib/audit/index.ts';
import { LedgerAudit } from '../../lib/dynamodb/audit/ledger-audit.ts';
import { auditTable } from '../../lib/dynamodb/audit/table-audit.ts';
import { type Ledger, type RedactionStore, systemClock } from '../../lib/dynamodb/index.ts';
import { parseJournalRow } from '../../lib/dynamodb/items/journal-subject-item.ts';
import { openAppender } from '../../lib/dynamodb/journal/journal-appender.ts';
import { openPlatformTable } from '../../lib/platform/platform-table.ts';
import { readTable } from '../support/books.ts';
import { auditJournal } from '../support/journal-books.ts';
import { account, type LedgerFixture, tenant } from '../support/ledger-fixture.ts';

type Row = Record<string, unknown>;

/** Who asks in these tests. */
export const by = { actor: { tenant, client: 'officer' }, correlationId: 'request-7' };

let canaries = 0;

/** A text that nothing else has, to be found wherever it lies. */
export function canary(): string {
  return `canary-${canaries++}-Jane-Doe`;
}

export interface Redactions {
  readonly ledger: Ledger;
  readonly store: RedactionStore;
  /** A request for a redaction; of an account with a key of its own unless one is given. */
  ask(key?: string): Parameters<RedactionStore['account']>[0];
  stop(): void;
}

/** Redactions over an endpoint, which may be that of a proxy. */
export function openRedactions(books: LedgerFixture, endpoint = books.database.endpoint): Redactions {
  const ledger = books.open({ endpoint });
  const platform = openPlatformTable({ table: books.database.tables.platform, endpoint, clock: systemClock });
  return {
    ledger,
    store: ledger.redactions(new AuditLog(platform)),
    ask: (key = randomUUID()) => ({
      tenant,
      by,
      reason: 'erasure request 4711',
      timeMs: 10_000,
      owner: false,
      keyApplied: { mark: key, requestHash: 'hash' },
    }),
    stop() {
      ledger.client.destroy();
      platform.client.destroy();
    },
  };
}

export function ledgerRows(books: LedgerFixture): Promise<Row[]> {
  return readTable(books.database.client, books.database.tables.ledger);
}

/** What the audit log says was done. */
export async function acts(books: LedgerFixture): Promise<string[]> {
  const rows = await readTable(books.database.client, books.database.tables.platform);
  return rows.filter(({ PK }) => String(PK).endsWith('#AUDIT')).map(({ action, target }) => `${action} ${target}`);
}

/** Everything that lies in the tables, as one text; bytes as the characters they are. */
export async function contents(books: LedgerFixture): Promise<string> {
  const { ledger, platform } = books.database.tables;
  const rows = [
    ...(await readTable(books.database.client, ledger)),
    ...(await readTable(books.database.client, platform)),
  ];
  return JSON.stringify(rows, (_, value) => {
    if (typeof value === 'bigint') return String(value);
    if (value instanceof Set) return [...value];
    return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
  });
}

/** Has everything that is in no block yet appended to the journal. */
export async function appendJournal(books: LedgerFixture): Promise<void> {
  const { endpoint, tables } = books.database;
  const appender = openAppender({ table: tables.ledger, endpoint });
  const rows = (await ledgerRows(books)).filter(
    ({ SK, status, block }) => (SK === 'CHANGE' || (SK === 'RECORD' && status !== 'pending')) && block === undefined,
  );
  const partitions = rows.map(({ PK }) => String(PK));
  for (let run = 1; run <= 20 && partitions.length > 0; run++) {
    if ((await appender.append(tenant, partitions, 10_000)).isComplete) return;
  }
}

/** What the self-audit finds that begins from nothing. */
export async function selfAudit({ database: { client, tables, endpoint } }: LedgerFixture): Promise<string[]> {
  for (const { PK, SK } of await readTable(client, tables.ledger)) {
    if (!String(PK).startsWith('AUDIT')) continue;
    await client.send(new DeleteItemCommand({ TableName: tables.ledger, Key: marshall({ PK, SK }) }));
  }
  const { findings, interrupted } = await new LedgerAudit({ table: tables.ledger, endpoint }).run(20_000);
  if (interrupted) throw interrupted;
  return findings.map(({ kind, subject, detail }) => `${kind} ${subject}: ${detail}`);
}

/** All that the verifiers find wrong: of the books by three programs, of the journal's order, and of the hash of each of its events. */
export async function damage(books: LedgerFixture): Promise<string[]> {
  const rows = await ledgerRows(books);
  const table = await auditTable({ client: books.database.client, table: books.database.tables.ledger });
  const hashes = new Map(
    rows
      .filter(({ SK }) => String(SK).startsWith('BLOCK#'))
      .flatMap(({ events }) => events as { readonly id: string; readonly hash: Uint8Array }[])
      .map(({ id, hash }) => [id, Buffer.from(hash).toString('hex')]),
  );
  const unlike = rows
    .filter(({ SK, block }) => (SK === 'RECORD' || SK === 'CHANGE') && block !== undefined)
    .filter((row) => {
      const event = parseJournalRow(tenant, row)?.subject.event;
      return event === undefined || hashes.get(event.id.slice('evt_'.length)) !== event.hash;
    });
  return [
    ...(await books.audit()).findings,
    ...(await selfAudit(books)),
    ...table.findings.map(({ kind, subject, detail }) => `${kind} ${subject}: ${detail}`),
    ...auditJournal(rows, tenant).findings,
    ...unlike.map(({ PK }) => `${PK}: has another hash than its block says`),
  ];
}

/** Gives an account metadata and an owner, as one of its changes. */
export async function describe(ledger: Ledger, id: string, text: string): Promise<void> {
  const keyApplied = { mark: randomUUID(), requestHash: 'hash' };
  await ledger.accounts.update({
    tenant,
    id: account(id),
    patch: { owner: `${text}-owner`, metadata: { note: text } },
    keyApplied,
  });
}
