import { type AccountId, type AssetCode, assetsOf, type TenantId } from '../../ledger/index.ts';
import type { Cuts } from '../table/cuts.ts';
import type { Reader } from '../table/reader.ts';
import { listAccounts } from './account-reader.ts';
import type { BalanceReader } from './balance-reader.ts';

/** Balances added in one request, and how many of them are read at once. */
const balancesPerPage = 1_000;
const balancesAtOnce = 16;

/** Accounts listed at a time. */
const accountsPerQuery = 100;

/** What the balances of an asset come to, in minor units. */
export interface AssetSum {
  /** The sum of the balances above zero. */
  readonly credit: bigint;
  /** The sum of those below zero, without its sign. */
  readonly debit: bigint;
  /** Balances added, zero ones included. */
  readonly balances: number;
}

export type AssetSums = ReadonlyMap<AssetCode, AssetSum>;

export interface TrialBalanceRequest {
  readonly tenant: TenantId;
  /** Only this asset; all of them where absent. */
  readonly asset?: AssetCode | undefined;
  /** The instant, in milliseconds since 1970. It must be a cut. */
  readonly at: number;
  /** Continue behind this account, with these sums. */
  readonly from?: { readonly account: AccountId; readonly sums: AssetSums } | undefined;
}

export interface TrialBalancePage {
  readonly sums: AssetSums;
  /** The last account that was added; absent when all have been. */
  readonly next?: AccountId;
}

/**
 * Adds the balances of all accounts as they were at one instant. Nothing is taken on trust from what is stored as a
 * sum: each balance is what its last entry by then left.
 */
export class TrialBalance {
  readonly #reader: Reader;
  readonly #balances: BalanceReader;
  readonly #cuts: Cuts;

  constructor(reader: Reader, balances: BalanceReader, cuts: Cuts) {
    this.#reader = reader;
    this.#balances = balances;
    this.#cuts = cuts;
  }

  /**
   * Adds up to a thousand balances more, or fewer when `isTime` says so: one Query each, and one for each hundred accounts.
   *
   * @throws LedgerError `unavailable`
   */
  async page({ tenant, asset, at, from }: TrialBalanceRequest, isTime: () => boolean): Promise<TrialBalancePage> {
    const sums = new Map(from?.sums);
    let after = from?.account;
    let added = 0;
    for (;;) {
      const { accounts, next } = await listAccounts(this.#reader, tenant, accountsPerQuery, after);
      this.#cuts.confirm();
      const places = accounts.flatMap((account) =>
        [...assetsOf(account)]
          .filter((each) => asset === undefined || each === asset)
          .map((each) => ({ id: account.id, asset: each })),
      );
      for (let first = 0; first < places.length; first += balancesAtOnce) {
        const now = places.slice(first, first + balancesAtOnce);
        const read = await Promise.all(now.map((place) => this.#balances.lastBy(tenant, place.id, place.asset, at)));
        for (const [index, balance] of read.entries()) {
          const place = now[index];
          if (place && balance) sums.set(place.asset, plus(sums.get(place.asset), balance.posted));
        }
      }
      added += places.length;
      if (next === undefined) return { sums };
      if (added >= balancesPerPage || !isTime()) return { sums, next };
      after = next;
    }
  }
}

const nothing: AssetSum = { credit: 0n, debit: 0n, balances: 0 };

function plus({ credit, debit, balances }: AssetSum = nothing, posted: bigint): AssetSum {
  return {
    credit: posted > 0n ? credit + posted : credit,
    debit: posted < 0n ? debit - posted : debit,
    balances: balances + 1,
  };
}
