import type { AccountId, AssetCode, Entry, TenantId } from '../../ledger/index.ts';
import type { Cuts } from '../table/cuts.ts';
import type { BalanceReader } from './balance-reader.ts';
import type { EntryReader, PageEnd } from './entry-reader.ts';

export interface StatementRequest {
  readonly tenant: TenantId;
  readonly account: AccountId;
  readonly asset: AssetCode;
  /** The first instant of the period, in milliseconds since 1970; the beginning of the account where absent. */
  readonly from?: number | undefined;
  /** The last instant of the period, included. It must be a cut. */
  readonly to: number;
  readonly limit: number;
  /** Continue where a page ended. */
  readonly after?: PageEnd | undefined;
}

/** A page of a statement, with the balances at both ends of the whole period. */
export interface StatementPage {
  /** The posted balance before the first entry of the period, in minor units. */
  readonly opening: bigint;
  /** The posted balance after its last: the opening and all amounts of the period. */
  readonly closing: bigint;
  /** Oldest first. */
  readonly entries: readonly Entry[];
  readonly next?: PageEnd;
}

/** What moved a balance in a period, from what to what. */
export class StatementReader {
  readonly #entries: EntryReader;
  readonly #balances: BalanceReader;
  readonly #cuts: Cuts;

  constructor(entries: EntryReader, balances: BalanceReader, cuts: Cuts) {
    this.#entries = entries;
    this.#balances = balances;
    this.#cuts = cuts;
  }

  /**
   * Three Queries side by side, however long the history: one entry at each end of the period, and the page.
   *
   * @throws LedgerError `not_found` when the account or the asset does not exist, `unavailable`
   */
  async page({ tenant, account, asset, from, to, limit, after }: StatementRequest): Promise<StatementPage> {
    const [opening, closing, { entries, next }] = await Promise.all([
      from === undefined ? undefined : this.#balances.lastBy(tenant, account, asset, from - 1),
      this.#balances.at(tenant, account, asset, to),
      this.#entries.page({ tenant, account, asset, from, to, order: 'asc', limit, after }),
    ]);
    this.#cuts.confirm();
    return { opening: opening?.posted ?? 0n, closing: closing.posted, entries, ...(next && { next }) };
  }
}
