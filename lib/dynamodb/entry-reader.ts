import type { AccountId, AssetCode, Entry, TenantId } from '../ledger/index.ts';
import { readAccount } from './account-reader.ts';
import { parseEntry } from './items.ts';
import { accountPartition, entrySortKey, firstEntryAt, lastEntryAt } from './keys.ts';
import type { Reader } from './reader.ts';

/** The last instant that 13 digits of milliseconds can say: in the year 2286. */
const lastInstant = 9_999_999_999_999;

/** Where a page ended: the entry it ended with. Entries of an account are ordered by time, then asset, then sequence. */
export interface EntryPosition {
  readonly createdAt: number;
  readonly asset: AssetCode;
  readonly sequence: number;
}

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
  /** Continue behind this entry. */
  readonly after?: EntryPosition | undefined;
}

export interface EntryPage {
  readonly entries: readonly Entry[];
  /** Present when there may be more. */
  readonly next?: EntryPosition;
}

/** The history of an account. A page of one asset is one Query, whatever else the ledger holds. */
export class EntryReader {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /**
   * One page. Without an asset: a read of the account, then one Query for each asset it has, merged by time.
   *
   * @throws LedgerError `not_found` when the account does not exist, `unavailable`
   */
  async page(request: EntryPageRequest): Promise<EntryPage> {
    const { tenant, account, asset, limit, order } = request;
    const assets = asset ? [asset] : [...(await readAccount(this.#reader, tenant, account)).balances];
    const found = await Promise.all(assets.map((each) => this.#queryAsset(request, each)));
    const merged = found.flat().sort((a, b) => (order === 'asc' ? compare(a, b) : compare(b, a)));
    if (merged.length === 0 && asset) await readAccount(this.#reader, tenant, account);
    const entries = merged.slice(0, limit);
    const last = entries.at(-1);
    if (merged.length <= limit || !last) return { entries };
    return { entries, next: { createdAt: last.createdAt, asset: last.asset, sequence: last.sequence } };
  }

  /** Reads one entry more than the page holds, to know whether there are more. */
  async #queryAsset(request: EntryPageRequest, asset: AssetCode): Promise<Entry[]> {
    const { tenant, account, from = 0, to = lastInstant, order, limit, after } = request;
    const range = after
      ? boundedBy(after, asset, order, from, to)
      : [firstEntryAt(asset, from), lastEntryAt(asset, to)];
    if ((range[0] as string) > (range[1] as string)) return [];
    const { rows } = await this.#reader.query({
      KeyConditionExpression: 'PK = :pk AND SK BETWEEN :first AND :last',
      ExpressionAttributeValues: { ':pk': accountPartition(tenant, account), ':first': range[0], ':last': range[1] },
      ScanIndexForward: order === 'asc',
      Limit: limit + 1,
    });
    return rows.map(parseEntry);
  }
}

/** The keys of one asset that come behind a position in the account's order. */
function boundedBy(
  after: EntryPosition,
  asset: AssetCode,
  order: 'asc' | 'desc',
  from: number,
  to: number,
): [string, string] {
  // At the position's own millisecond, assets that sort behind are still wholly to come, and those before are done.
  const isBehind = order === 'asc' ? asset > after.asset : asset < after.asset;
  const isSame = asset === after.asset;
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
  if (a.asset !== b.asset) return a.asset < b.asset ? -1 : 1;
  return a.sequence - b.sequence;
}

function later(a: string, b: string): string {
  return a > b ? a : b;
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}
