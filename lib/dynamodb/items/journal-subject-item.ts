import * as z from 'zod';
import {
  changeSubject,
  type JournalSubject,
  type RecordId,
  recordIdOfTransaction,
  recordSubject,
  type TenantId,
} from '../../ledger/index.ts';
import { parseChange } from './change-record-item.ts';
import { count, lastPart, parseRow, type Row } from './items.ts';
import { changeKey, changeSortKey, type Key, recordKey } from './keys.ts';
import { parseRecord } from './record-item.ts';

const journaled = z.object({ PK: z.string(), SK: z.string(), block: count.optional() });

/** A row that is or will be in the journal. */
export interface JournalRow {
  readonly key: Key;
  readonly subject: JournalSubject;
  /** The items that must be in the journal before it, its balances' entries aside. */
  readonly behind: readonly Key[];
}

/** The number of the block that a record or change record is in; undefined while it is in none. */
export function blockOf(row: Row): number | undefined {
  return parseRow(journaled, row).block;
}

/** Reads a record or change record as the journal takes it; undefined while what it is about waits in a line. */
export function parseJournalRow(tenant: TenantId, row: Row): JournalRow | undefined {
  const { PK, SK } = parseRow(journaled, row);
  const subject = SK === changeSortKey ? changeSubject(tenant, parseChange(row).change) : subjectOfRecord(tenant, row);
  if (!subject) return undefined;
  const { records, change } = subject.precedence;
  return {
    key: { PK, SK },
    subject,
    behind: [
      ...records.map((record) => recordKey(tenant, record)),
      ...(change === undefined ? [] : [changeKey(tenant, change)]),
    ],
  };
}

function subjectOfRecord(tenant: TenantId, row: Row): JournalSubject | undefined {
  const { result, accepted } = parseRecord(row);
  const reprocesses = accepted?.reprocesses;
  const record = lastPart(String(row.PK)) as RecordId;
  return recordSubject(tenant, record, result, reprocesses && recordIdOfTransaction(reprocesses));
}
