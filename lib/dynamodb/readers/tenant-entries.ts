import type { AccountId, Entry, TenantId } from '../../ledger/index.ts';
import type { Cuts } from '../table/cuts.ts';
import type { Reader } from '../table/reader.ts';
import { listAccounts } from './account-reader.ts';
import type { EntryReader, PageEnd } from './entry-reader.ts';

/** Accounts looked at for one page: those without an entry in the period cost reads too. */
const accountsPerPage = 100;

/** Where a page ended: in an account, behind one of its entries or before all of them. */
export interface ExportPosition {
  readonly account: AccountId;
  readonly after?: PageEnd | undefined;
}

export interface ExportRequest {
  readonly tenant: TenantId;
  /** First and last instant, both included, in milliseconds since 1970. The last must be a cut. */
  readonly from?: number | undefined;
  readonly to: number;
  readonly limit: number;
  readonly at?: ExportPosition | undefined;
}

/** A page may have few entries, or none, and still not be the last. */
export interface ExportPage {
  readonly entries: readonly Entry[];
  readonly next?: ExportPosition;
}

/**
 * All entries of a tenant in a period, account by account in order of id, those of an account oldest first.
 *
 * The accounts come from an index that is behind by a moment. Every entry of the period is older than a cut, so an
 * account could only be missed where the index is further behind than that.
 */
export class TenantEntries {
  readonly #reader: Reader;
  readonly #entries: EntryReader;
  readonly #cuts: Cuts;

  constructor(reader: Reader, entries: EntryReader, cuts: Cuts) {
    this.#reader = reader;
    this.#entries = entries;
    this.#cuts = cuts;
  }

  /**
   * One page, ended early when `isTime` says so: a Query of the index, and for each account a read of it and one Query
   * for each asset it has.
   *
   * @throws LedgerError `unavailable`
   */
  async page({ tenant, from, to, limit, at }: ExportRequest, isTime: () => boolean): Promise<ExportPage> {
    const entries: Entry[] = [];
    const { accounts, next } = await this.#accounts(tenant, at);
    this.#cuts.confirm();
    for (const [index, account] of accounts.entries()) {
      if (index > 0 && !isTime()) return { entries, next: { account } };
      let after = index === 0 ? at?.after : undefined;
      do {
        const left = limit - entries.length;
        if (left === 0) return { entries, next: { account, after } };
        const page = await this.#entries.page({ tenant, account, from, to, order: 'asc', limit: left, after });
        entries.push(...page.entries);
        after = page.next;
      } while (after);
    }
    return next ? { entries, next: { account: next } } : { entries };
  }

  /** The accounts to look at, beginning with the one where the last page ended, and the one behind them. */
  async #accounts(
    tenant: TenantId,
    at: ExportPosition | undefined,
  ): Promise<{ accounts: AccountId[]; next?: AccountId }> {
    const listed = await listAccounts(this.#reader, tenant, accountsPerPage, at?.account);
    const behind = listed.accounts.map(({ id }) => id);
    const accounts = at ? [at.account, ...behind] : behind;
    const last = listed.next && accounts.pop();
    return { accounts, ...(last && { next: last }) };
  }
}
