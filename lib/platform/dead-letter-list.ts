import type { Row } from '../dynamodb/items.ts';
import type { TenantId } from '../ledger/index.ts';
import type { DeadLetterKind, DeadLetterSource, DeadLetterStatus } from './dead-letter.ts';
import type { DeadLetterId } from './dead-letter-id.ts';
import { parseDeadLetter, type StoredDeadLetter } from './dead-letter-item.ts';
import { deadLetterPartition } from './keys.ts';
import type { PlatformTable } from './platform-table.ts';

/** Reads of each partition for one page: with a filter that few match, a page may be short and still have a next one. */
const maxReads = 5;

/** Items that one read looks at where there is a filter. */
const lookedAtPerRead = 500;

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
  /** Which of them count, beyond the filter, by what a filter cannot say. */
  readonly counts?: (letter: StoredDeadLetter) => boolean;
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
  const { limit, counts = () => true } = query;
  const letters: StoredDeadLetter[] = [];
  let { after } = query;
  for (let read = 0; read < maxReads; read++) {
    const { rows, readTo } = await readStretch(table, { ...query, after });
    for (const row of rows) {
      const letter = parseDeadLetter(row);
      if (counts(letter)) letters.push(letter);
    }
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

function queryOf(tenant: TenantId | undefined, { filter, order, limit, after }: DeadLetterQuery) {
  const wanted = Object.entries(filter).filter(([, value]) => value !== undefined);
  const comparison = order === 'oldest first' ? '>' : '<';
  return {
    KeyConditionExpression: `PK = :pk${after === undefined ? '' : ` AND SK ${comparison} :after`}`,
    ...(wanted.length > 0 && {
      FilterExpression: wanted.map(([name]) => `#${name} = :${name}`).join(' AND '),
      ExpressionAttributeNames: Object.fromEntries(wanted.map(([name]) => [`#${name}`, name])),
    }),
    ExpressionAttributeValues: {
      ':pk': deadLetterPartition(tenant),
      ...(after !== undefined && { ':after': after }),
      ...Object.fromEntries(wanted.map(([name, value]) => [`:${name}`, value])),
    },
    ScanIndexForward: order === 'oldest first',
    Limit: wanted.length > 0 ? lookedAtPerRead : limit + 1,
  };
}
