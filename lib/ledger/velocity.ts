import type { AssetCode } from './asset.ts';
import { LedgerError } from './errors.ts';
import { maxBalancesPerAccount } from './limits.ts';

/** The windows that debits are counted in: hours and days of UTC, each from its first millisecond on. */
export const debitWindows = ['hour', 'day'] as const;
export type DebitWindow = (typeof debitWindows)[number];

const windowMs: Readonly<Record<DebitWindow, number>> = { hour: 3_600_000, day: 86_400_000 };

/** What may go out within one window; a measure that is absent is not limited. */
export interface WindowLimit {
  /** The sum of the debits, in minor units. */
  readonly amount?: bigint;
  /** How many debits. */
  readonly count?: number;
}

/** What may go out of one balance. */
export type DebitLimits = Readonly<Partial<Record<DebitWindow, WindowLimit>>>;

/** What went out within the window that the latest debit fell into. */
export interface WindowUse {
  /** The first millisecond of the window, since 1970. */
  readonly startedAt: number;
  readonly amount: bigint;
  readonly count: number;
}

/**
 * What went out of a balance that has limits. Both windows are counted from the first limit on, so that a limit for
 * the other one, set later, finds what was used of it.
 */
export type DebitUse = Readonly<Record<DebitWindow, WindowUse>>;

/** Which limit a debit would have exceeded, by what was used before it. */
export interface ExceededLimit {
  readonly window: DebitWindow;
  readonly measure: keyof WindowLimit;
  readonly limit: bigint;
  readonly used: bigint;
}

/** What was used of the window that an instant falls into: nothing, where the last debit fell into an earlier one. */
export function usedAt(use: DebitUse | undefined, window: DebitWindow, at: number): WindowUse {
  const startedAt = at - (at % windowMs[window]);
  const last = use?.[window];
  return last?.startedAt === startedAt ? last : { startedAt, amount: 0n, count: 0 };
}

/** The first limit that a debit at an instant would exceed: hours before days, amounts before counts. */
export function findExceeded(
  limits: DebitLimits,
  use: DebitUse | undefined,
  amount: bigint,
  at: number,
): ExceededLimit | undefined {
  for (const window of debitWindows) {
    const limit = limits[window];
    if (!limit) continue;
    const used = usedAt(use, window, at);
    if (limit.amount !== undefined && used.amount + amount > limit.amount) {
      return { window, measure: 'amount', limit: limit.amount, used: used.amount };
    }
    if (limit.count !== undefined && used.count + 1 > limit.count) {
      return { window, measure: 'count', limit: BigInt(limit.count), used: BigInt(used.count) };
    }
  }
  return undefined;
}

/** What is used after a debit at an instant. */
export function useAfter(use: DebitUse | undefined, amount: bigint, at: number): DebitUse {
  const after = (window: DebitWindow): WindowUse => {
    const used = usedAt(use, window, at);
    return { ...used, amount: used.amount + amount, count: used.count + 1 };
  };
  return { hour: after('hour'), day: after('day') };
}

/** Whether two balances, or a balance and its account, are limited alike. */
export function isSameLimit(one: DebitLimits | undefined, other: DebitLimits | undefined): boolean {
  return debitWindows.every(
    (window) => one?.[window]?.amount === other?.[window]?.amount && one?.[window]?.count === other?.[window]?.count,
  );
}

/**
 * Checks the limits of an account. One that is spread over shards has none: no shard knows what goes out of the others.
 *
 * @throws LedgerError `invalid_request` for limits of a spread account, or of more assets than it may have balances
 */
export function checkLimits(shards: number, limits: ReadonlyMap<AssetCode, DebitLimits>): void {
  if (shards > 1 && limits.size > 0) {
    throw new LedgerError('invalid_request', 'an account that is spread over shards has no limits of debits');
  }
  if (limits.size > maxBalancesPerAccount) {
    throw new LedgerError('invalid_request', `an account has limits for at most ${maxBalancesPerAccount} assets`);
  }
}
