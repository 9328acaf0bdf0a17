import type { AuditFinding } from '../../ledger/audit-finding.ts';
import { recordIdOfTransaction } from '../../ledger/index.ts';
import { withoutPlace, withoutWaiting } from '../../ledger/line-audit.ts';
import type { Row } from '../items/items.ts';
import { type Key, placeKey, recordKey } from '../items/keys.ts';
import type { Reader } from '../table/reader.ts';
import { type AuditedRow, auditedRow } from './table-audit-rows.ts';

/** A row of a line, with the key it was found at and that of the row it must agree with. */
interface Half {
  readonly own: Key;
  /** Undefined where the row does not say. */
  readonly other: Key | undefined;
  readonly finding: AuditFinding;
}

/**
 * Holds records that wait to their places in line, and places to their records.
 *
 * Both go in one write, so a row whose other half is not there is either damaged or has gone with it since it was seen:
 * it is read once more, after its other half was found missing.
 */
export async function lookAtLines(reader: Reader, rows: readonly AuditedRow[]): Promise<AuditFinding[]> {
  const halves = rows.flatMap(halfOf);
  const others = await readWaiting(
    reader,
    halves.flatMap(({ other }) => other ?? []),
  );
  const alone = halves.filter(({ other }) => other === undefined || !others.has(nameOf(other)));
  const stillThere = await readWaiting(
    reader,
    alone.map(({ own }) => own),
  );
  return alone.filter(({ own }) => stillThere.has(nameOf(own))).map(({ finding }) => finding);
}

function halfOf(row: AuditedRow): Half[] {
  const { kind } = row;
  if (kind === 'place') {
    const { tenant, place } = row;
    const own = placeKey(tenant, place.account, place.acceptedAt, place.transaction);
    const other = recordKey(tenant, recordIdOfTransaction(place.transaction));
    return [{ own, other, finding: withoutWaiting(tenant, place) }];
  }
  if (kind !== 'record' || row.result.kind !== 'pending') return [];
  const { tenant, accepted } = row;
  const { id } = row.result.pending;
  const other = accepted && placeKey(tenant, accepted.account, accepted.at, id);
  return [{ own: recordKey(tenant, recordIdOfTransaction(id)), other, finding: withoutPlace(tenant, id, accepted) }];
}

/** Which of these are there: places, and records that wait. What cannot be read is told where it is met, and counts as there. */
async function readWaiting(reader: Reader, keys: readonly Key[]): Promise<ReadonlySet<string>> {
  if (keys.length === 0) return new Set();
  const rows: Row[] = await reader.getAll(keys);
  return new Set(rows.filter(isWaiting).map((row) => nameOf(row as Key)));
}

function isWaiting(row: Row): boolean {
  const audited = auditedRow(row);
  return audited.kind !== 'record' || audited.result.kind === 'pending';
}

function nameOf({ PK, SK }: Key): string {
  return `${PK}\n${SK}`;
}
