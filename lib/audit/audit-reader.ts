import type { Row } from '../dynamodb/items/items.ts';
import type { TenantId } from '../ledger/index.ts';
import { auditKey, auditLogPartition } from '../platform/keys.ts';
import type { PlatformTable } from '../platform/platform-table.ts';
import type { ActionName } from './act.ts';
import { parseAudit, parseMark } from './audit-item.ts';
import type { AuditMark, AuditRecord } from './audit-record.ts';

/** Records looked at for one page where only some are wanted: a few hundred kilobytes. */
const lookedAtPerPage = 500;

/** Which records are wanted: those of which all that is said here is true. */
export interface AuditFilter {
  readonly action?: ActionName | undefined;
  readonly client?: string | undefined;
  readonly target?: string | undefined;
  /** The first and the last instant, both included, in milliseconds since 1970. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface AuditPage {
  readonly records: readonly AuditRecord[];
  /** The number to go on behind, in the order of the page; absent at the end. */
  readonly next?: number;
}

/**
 * Reads audit logs. Since times never go back from one record to the next, the records of a period stand together, and where they begin is
 * found with as many reads as the number of records has binary digits.
 *
 * All throw LedgerError `unavailable`, and InvariantViolation for damaged rows.
 */
export class AuditReader {
  readonly #platform: PlatformTable;

  constructor(platform: PlatformTable) {
    this.#platform = platform;
  }

  async get(tenant: TenantId, number: number): Promise<AuditRecord | undefined> {
    const row = await this.#platform.reader.get(auditKey(tenant, number));
    return row && parseAudit(row);
  }

  /**
   * The newest that match, newest first; with `before`, only those with lower numbers. It looks at a bounded number of records, so it may
   * find few or none and still name where to go on.
   */
  async newest(tenant: TenantId, filter: AuditFilter, limit: number, before?: number): Promise<AuditPage> {
    const last = before === undefined ? await this.lastUntil(tenant, filter.to) : before - 1;
    const isChosen = filter.action !== undefined || filter.client !== undefined || filter.target !== undefined;
    const looked = await this.#range(tenant, 1, last, 'newest first', isChosen ? lookedAtPerPage : limit);
    const records: AuditRecord[] = [];
    for (const [index, row] of looked.rows.entries()) {
      const record = parseAudit(row);
      if (filter.from !== undefined && record.at < filter.from) return { records };
      if (matches(record, filter)) records.push(record);
      const isMore = looked.isCut || index + 1 < looked.rows.length;
      if (records.length === limit || index + 1 === looked.rows.length) {
        return isMore ? { records, next: record.number } : { records };
      }
    }
    return { records };
  }

  /** Those after one number and up to another, oldest first. */
  async oldest(tenant: TenantId, after: number, through: number, limit: number): Promise<AuditPage> {
    const { rows, isCut } = await this.#range(tenant, after + 1, through, 'oldest first', limit);
    const records = rows.map(parseAudit);
    const last = records.at(-1);
    return last && isCut ? { records, next: last.number } : { records };
  }

  /** The number of the last record at or before an instant, or of the last of all; 0 where there is none. */
  async lastUntil(tenant: TenantId, instant: number | undefined): Promise<number> {
    let high = await this.#nearest(tenant, Number.MAX_SAFE_INTEGER);
    let low = 0;
    if (instant === undefined || !high || high.at <= instant) return high?.number ?? 0;
    let highest = high.number - 1;
    while (low < highest) {
      const middle = Math.ceil((low + highest) / 2);
      high = await this.#nearest(tenant, middle);
      if (!high || high.at <= instant) low = middle;
      else highest = high.number - 1;
    }
    return Math.max(0, Math.min(low, highest));
  }

  /** The last record up to a number, whether or not there is one of that very number. */
  async #nearest(tenant: TenantId, number: number): Promise<AuditMark | undefined> {
    const { rows } = await this.#range(tenant, 1, number, 'newest first', 1);
    return rows[0] && parseMark(rows[0]);
  }

  async #range(
    tenant: TenantId,
    first: number,
    last: number,
    order: 'newest first' | 'oldest first',
    limit: number,
  ): Promise<{ readonly rows: readonly Row[]; readonly isCut: boolean }> {
    if (last < first) return { rows: [], isCut: false };
    const end = Math.min(last, largestNumber);
    const { rows, lastKey } = await this.#platform.reader.query({
      KeyConditionExpression: 'PK = :pk AND SK BETWEEN :first AND :last',
      ExpressionAttributeValues: {
        ':pk': auditLogPartition(tenant),
        ':first': auditKey(tenant, first).SK,
        ':last': auditKey(tenant, end).SK,
      },
      ScanIndexForward: order === 'oldest first',
      Limit: limit,
    });
    return { rows, isCut: lastKey !== undefined };
  }
}

/** As many as its sort keys have digits for. */
const largestNumber = 999_999_999_999;

function matches({ at, action, actor, target }: AuditRecord, filter: AuditFilter): boolean {
  return (
    (filter.action === undefined || action === filter.action) &&
    (filter.client === undefined || actor.client === filter.client) &&
    (filter.target === undefined || target === filter.target) &&
    (filter.to === undefined || at <= filter.to)
  );
}
