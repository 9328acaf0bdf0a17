import { type AccountId, type AssetCode, type Entry, parseBalanceName, type TenantId } from '../../ledger/index.ts';
import { parseEntry } from '../items/items.ts';
import { balancePartition, entrySortKey, firstEntryAt, lastEntryAt } from '../items/keys.ts';
import type { Reader } from '../table/reader.ts';
import { readAccount } from './account-reader.ts';
import { type AccountSpread, furtherShards } from './account-spread.ts';

/** The last instant that 13 digits of milliseconds can say: in the year 2286. */
const lastInstant = 9_999_999_999_999;

/** An entry in the order of an account's entries: by time, then asset, then shard, then sequence. */
export interface EntryPosition {
  readonly createdAt: number;
  readonly asset: AssetCode;
  readonly shard: number;
  readonly sequence: number;
}

/** The last entry shown of one shard; of a shard without one, nothing was shown yet. */
export type ShardPosition = Omit<EntryPosition, 'asset'>;

/**
 * Where a page ended: with one entry, or on each shard with one of its own. The latter is needed to read forward along
 * several shards: what is still being committed on one may get an earlier time than what another shows already, and
 * would be skipped by whoever goes on behind a single entry.
 */
export type PageEnd = EntryPosition | readonly ShardPosition[];

export interface EntryPageRequest {
  readonly tenant: TenantId;
  readonly account: AccountId;
  /** All assets when absent. */
  readonly asset?: AssetCode | undefined;
  /** First and last instant, both included, in milliseconds since 1970. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  /** Continue where a page ended. */
  readonly after?: PageEnd | undefined;
}

export interface EntryPage {
  readonly entries: readonly Entry[];
  /** Present when there may be more. */
  readonly next?: PageEnd;
}

/** A balance of an account, or one shard of it. */
interface Source {
  readonly asset: AssetCode;
  readonly shard: number;
}

/** The history of an account. A page of one asset is one Query for each shard, whatever else the ledger holds. */
export class EntryReader {
  readonly #reader: Reader;
  readonly #spread: AccountSpread;

  constructor(reader: Reader, spread: AccountSpread) {
    this.#reader = reader;
    this.#spread = spread;
  }

  /**
   * One page. Of one asset: one Query for each shard, and a read of the account the first time this instance meets it
   * or when it is unbounded. Without an asset: a read of the account, then one Query for each balance it has, merged by time.
   *
   * @throws LedgerError `not_found` when the account does not exist, `unavailable`
   */
  async page(request: EntryPageRequest): Promise<EntryPage> {
    const { tenant, account, asset, limit, order } = request;
    const found = asset
      ? await this.#queryAsset(request, asset)
      : await this.#queryAll(
          request,
          [...(await readAccount(this.#reader, tenant, account)).balances].map(parseBalanceName),
        );
    const merged = found.flat().sort((a, b) => (order === 'asc' ? compare(a, b) : compare(b, a)));
    const entries = merged.slice(0, limit);
    const last = entries.at(-1);
    if (merged.length <= limit || !last) return { entries };
    const isAlongShards = asset !== undefined && order === 'asc' && found.length > 1;
    return { entries, next: isAlongShards ? endOfEach(entries, request.after) : positionOf(last) };
  }

  /** Shard 0 is read while it is found out whether there are others. */
  async #queryAsset(request: EntryPageRequest, asset: AssetCode): Promise<Entry[][]> {
    const [first, shards] = await Promise.all([
      this.#query(request, { asset, shard: 0 }),
      this.#spread.shardsOf(request.tenant, request.account),
    ]);
    const others = furtherShards(shards).map((shard) => ({ asset, shard }));
    return [first, ...(await this.#queryAll(request, others))];
  }

  #queryAll(request: EntryPageRequest, sources: readonly Source[]): Promise<Entry[][]> {
    return Promise.all(sources.map((source) => this.#query(request, source)));
  }

  /** Reads one entry more than the page holds, to know whether there are more. */
  async #query(request: EntryPageRequest, source: Source): Promise<Entry[]> {
    const { tenant, account, order, limit } = request;
    const [first, last] = rangeOf(request, source);
    if (first > last) return [];
    const { rows } = await this.#reader.query({
      KeyConditionExpression: 'PK = :pk AND SK BETWEEN :first AND :last',
      ExpressionAttributeValues: {
        ':pk': balancePartition(tenant, { account, shard: source.shard }),
        ':first': first,
        ':last': last,
      },
      ScanIndexForward: order === 'asc',
      Limit: limit + 1,
    });
    return rows.map(parseEntry);
  }
}

function positionOf({ createdAt, asset, shard, sequence }: Entry): EntryPosition {
  return { createdAt, asset, shard, sequence };
}

/** The last entry of each shard that this page or an earlier one showed. */
function endOfEach(entries: readonly Entry[], before: PageEnd | undefined): ShardPosition[] {
  const ends = new Map<number, ShardPosition>();
  for (const { createdAt, shard, sequence } of [...listOf(before), ...entries]) {
    ends.set(shard, { createdAt, shard, sequence });
  }
  return [...ends.values()];
}

function listOf(end: PageEnd | undefined): readonly ShardPosition[] {
  if (end === undefined) return [];
  return 'length' in end ? end : [end];
}

/** First and last key of a source that a page may show. */
function rangeOf({ after, order, from = 0, to = lastInstant }: EntryPageRequest, source: Source): [string, string] {
  const { asset, shard } = source;
  const whole: [string, string] = [firstEntryAt(asset, from), lastEntryAt(asset, to)];
  if (after === undefined) return whole;
  if ('asset' in after) return boundedBy(after, source, order, from, to);
  const own = after.find((position) => position.shard === shard);
  return own ? boundedBy({ ...own, asset }, source, order, from, to) : whole;
}

/** The keys of one balance that come behind a position in the account's order. */
function boundedBy(
  after: EntryPosition,
  source: Source,
  order: 'asc' | 'desc',
  from: number,
  to: number,
): [string, string] {
  const { asset } = source;
  // At the position's own millisecond, balances that sort behind are still wholly to come, and those before are done.
  const side = compareSources(source, after);
  const isBehind = order === 'asc' ? side > 0 : side < 0;
  const isSame = side === 0;
  if (order === 'asc') {
    const first = isSame
      ? entrySortKey(asset, after.createdAt, after.sequence + 1)
      : firstEntryAt(asset, after.createdAt + (isBehind ? 0 : 1));
    return [later(first, firstEntryAt(asset, from)), lastEntryAt(asset, to)];
  }
  const last = isSame
    ? entrySortKey(asset, after.createdAt, after.sequence - 1)
    : lastEntryAt(asset, after.createdAt - (isBehind ? 0 : 1));
  return [firstEntryAt(asset, from), earlier(last, lastEntryAt(asset, to))];
}

function compare(a: Entry, b: Entry): number {
  if (a.createdAt !== b.createdAt) return a.createdAt - b.createdAt;
  return compareSources(a, b) || a.sequence - b.sequence;
}

function compareSources(a: Source, b: Source): number {
  if (a.asset !== b.asset) return a.asset < b.asset ? -1 : 1;
  return a.shard - b.shard;
}

function later(a: string, b: string): string {
  return a > b ? a : b;
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}
