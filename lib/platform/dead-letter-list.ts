import type { Row } from '../dynamodb/items/items.ts';
import type { TenantId } from '../ledger/index.ts';
import type { DeadLetterKind, DeadLetterSource, DeadLetterStatus } from './dead-letter.ts';
import type { DeadLetterId } from './dead-letter-id.ts';
import { parseDeadLetter, type StoredDeadLetter } from './dead-letter-item.ts';
import { deadLetterPartition } from './keys.ts';
import type { PlatformTable } from './platform-table.ts';

/** Reads of each partition for one page: with a filter that few match, a page may be short and still have a next one. */
const maxReads = 5;

const defaultLookedAtPerRead = 500;

export interface DeadLetterFilter {
  readonly status?: DeadLetterStatus | undefined;
  readonly kind?: DeadLetterKind | undefined;
  readonly source?: DeadLetterSource | undefined;
}

export interface DeadLetterQuery {
  /** Whose dead letters; undefined for those that do not say whose they are. */
  readonly tenants: readonly (TenantId | undefined)[];
  readonly filter: DeadLetterFilter;
  readonly order: 'newest first' | 'oldest first';
  readonly limit: number;
  /** Goes on behind this id. */
  readonly after?: DeadLetterId | undefined;
  /** Beside those of the filter's status, also those that were resolved under this mark of an idempotency key. */
  readonly orResolvedUnder?: string;
  /** Items that one read looks at where there is a filter. */
  readonly lookedAtPerRead?: number;
}

export interface DeadLetterPage {
  readonly letters: readonly StoredDeadLetter[];
  /** Where to go on; absent at the end. */
  readonly next?: DeadLetterId;
}

/** One read of each partition: what it found, in order, and behind which id more may lie. */
interface Stretch {
  readonly rows: readonly Row[];
  /** Up to here, and no further, all partitions were read; undefined when all were read to their ends. */
  readonly readTo: DeadLetterId | undefined;
}

/** A page of dead letters of all the tenants, in order of time; consistent. @throws LedgerError `unavailable` */
export async function listDeadLetters(table: PlatformTable, query: DeadLetterQuery): Promise<DeadLetterPage> {
  const { limit } = query;
  const letters: StoredDeadLetter[] = [];
  let { after } = query;
  for (let read = 0; read < maxReads; read++) {
    const { rows, readTo } = await readStretch(table, { ...query, after });
    letters.push(...rows.map(parseDeadLetter));
    const last = letters[limit - 1];
    if (last && (letters.length > limit || readTo !== undefined)) {
      return { letters: letters.slice(0, limit), next: last.id };
    }
    if (readTo === undefined) return { letters };
    after = readTo;
  }
  return { letters, ...(after !== undefined && { next: after }) };
}

async function readStretch(table: PlatformTable, query: DeadLetterQuery): Promise<Stretch> {
  const isForward = query.order === 'oldest first';
  const pages = await Promise.all(query.tenants.map((tenant) => table.reader.query(queryOf(tenant, query))));
  const ends = pages.flatMap(({ lastKey }) => (lastKey ? [String(lastKey.SK)] : [])).toSorted();
  // What lies behind the nearest end is not known of that partition yet.
  const readTo = (isForward ? ends[0] : ends.at(-1)) as DeadLetterId | undefined;
  const rows = pages
    .flatMap((page) => page.rows)
    .filter(({ SK }) => readTo === undefined || (isForward ? String(SK) <= readTo : String(SK) >= readTo))
    .toSorted((left, right) => (String(left.SK) < String(right.SK) ? -1 : 1));
  return { rows: isForward ? rows : rows.toReversed(), readTo };
}

function queryOf(tenant: TenantId | undefined, query: DeadLetterQuery) {
  const { order, limit, after, lookedAtPerRead = defaultLookedAtPerRead } = query;
  const { conditions, names, values } = conditionsOf(query);
  const isFiltered = conditions.length > 0;
  return {
    KeyConditionExpression: `PK = :pk${after === undefined ? '' : ` AND SK ${order === 'oldest first' ? '>' : '<'} :after`}`,
    ...(isFiltered && { FilterExpression: conditions.join(' AND '), ExpressionAttributeNames: names }),
    ExpressionAttributeValues: {
      ':pk': deadLetterPartition(tenant),
      ...(after !== undefined && { ':after': after }),
      ...values,
    },
    ScanIndexForward: order === 'oldest first',
    Limit: isFiltered ? lookedAtPerRead : limit + 1,
  };
}

function conditionsOf({ filter, orResolvedUnder }: DeadLetterQuery) {
  const conditions: string[] = [];
  const names: Record<string, string> = {};
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(filter)) {
    if (value === undefined) continue;
    names[`#${name}`] = name;
    values[`:${name}`] = value;
    if (name !== 'status' || orResolvedUnder === undefined) conditions.push(`#${name} = :${name}`);
    else {
      values[':mark'] = orResolvedUnder;
      conditions.push('(#status = :status OR resolution.keyApplied.mark = :mark)');
    }
  }
  return { conditions, names, values };
}
