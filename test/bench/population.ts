/** Who is in the ledger that is measured; the same on every side. */

export const assetCode = 'USD/2';

/** Unbounded; where the funds come from. */
export const fundingAccount = 'system:external';

/** One account that everybody pays from at once. */
export const hotAccount = 'bench:hot';

/** Accounts that nobody pays to or from after their history was written: what everybody else does should not slow them down. */
export const idleAccounts = numbered('bench:idle', 10);

/** Enough that transfers between random ones seldom meet. */
export const busyAccounts = numbered('bench:busy', 1_000);

/** A ledger's accounts, by what is measured in it. A history needs few, so that their funding adds little to it. */
export const transferAccounts: readonly string[] = [hotAccount, ...busyAccounts];
export const historyAccounts: readonly string[] = [...idleAccounts, ...busyAccounts.slice(0, 100)];

/** What each account starts with, in minor units: more than any run can spend. */
export const funding = 1_000_000_000_000n;

/** A page of history is this long. */
export const pageLength = 20;

const TRANSFERS_OF_AN_IDLE_ACCOUNT = 25;

/**
 * The pairs (source, destination) which bring a ledger of `historyAccounts`, funded already, to `entries` entries: first those
 * of the idle accounts, then everybody else's, so that an idle account's newest entries lie deep under the rest.
 */
export function* historyPairs(entries: number): Generator<readonly [source: string, destination: string]> {
  const transfers = entries / 2 - historyAccounts.length;
  const idle = idleAccounts.length * TRANSFERS_OF_AN_IDLE_ACCOUNT;
  const busy = historyAccounts.slice(idleAccounts.length);
  for (let n = 0; n < transfers; n += 1) {
    // 7n + 1 and n differ by an odd number, so an even number of accounts keeps the two sides apart.
    yield [n < idle ? pick(idleAccounts, n) : pick(busy, n * 7 + 1), pick(busy, n)];
  }
}

function numbered(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}_${String(index).padStart(4, '0')}`);
}

function pick(from: readonly string[], n: number): string {
  const picked = from[n % from.length];
  if (picked === undefined) throw new RangeError('Nothing to pick from.');
  return picked;
}
