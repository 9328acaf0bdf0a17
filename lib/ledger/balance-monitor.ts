import type { AccountId } from './account.ts';
import type { AssetCode } from './asset.ts';
import { availableOf, type Balance } from './balance.ts';

declare const monitorId: unique symbol;

/** `mon_` and 26 characters that follow from the account and the idempotency key alone. */
export type MonitorId = string & { readonly [monitorId]: true };

export const monitorIdPattern = /^mon_[a-z2-7]{26}$/;

/** On which side of its amount a threshold is crossed. The amount itself is on the quiet side. */
export const thresholdSides = ['below', 'above'] as const;
export type ThresholdSide = (typeof thresholdSides)[number];

export interface Threshold {
  readonly side: ThresholdSide;
  /** In minor units. */
  readonly amount: bigint;
}

/** `quiet` on the one side of the threshold, `crossed` on the other. */
export const monitorStates = ['quiet', 'crossed'] as const;
export type MonitorState = (typeof monitorStates)[number];

/** Watches what an account has of an asset. It is in one state at a time, and each change from `quiet` to `crossed` is an event. */
export interface BalanceMonitor {
  readonly id: MonitorId;
  readonly account: AccountId;
  readonly asset: AssetCode;
  readonly threshold: Threshold;
  readonly description?: string;
  /** As it was found at the last look that changed it. */
  readonly state: MonitorState;
  /** How often its threshold was found crossed: the number of its events. */
  readonly crossings: number;
  /** When that was last, in milliseconds since 1970; absent before the first time. */
  readonly crossedAt?: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Counts its changes, from 1; every write of it is conditioned on the version it was decided on. */
  readonly version: number;
}

/** What is watched of a balance, in minor units: what is available, or what is posted where there is no floor. */
export function watchedAmount(balance: Pick<Balance, 'posted' | 'held' | 'floor'>): bigint {
  return availableOf(balance) ?? balance.posted;
}

/** The state of a monitor whose balance has this amount. */
export function monitorStateAt({ side, amount }: Threshold, watched: bigint): MonitorState {
  return (side === 'below' ? watched < amount : watched > amount) ? 'crossed' : 'quiet';
}

/**
 * What a look at the balance makes of a monitor: itself where nothing is to be changed, else the monitor in its other state.
 * Only the last look counts, so looks may come as often and in whatever order they like; what happened between two of them
 * is seen together, and a threshold that was crossed and left again meanwhile was not crossed.
 *
 * @param watched what the balance has, read after whatever asked for the look
 * @param now milliseconds since 1970
 */
export function lookAt(monitor: BalanceMonitor, watched: bigint, now: number): BalanceMonitor {
  const state = monitorStateAt(monitor.threshold, watched);
  if (state === monitor.state) return monitor;
  const version = monitor.version + 1;
  if (state === 'quiet') return { ...monitor, state, version };
  return { ...monitor, state, version, crossings: monitor.crossings + 1, crossedAt: now };
}

/** What a client may change of a monitor. */
export interface MonitorPatch {
  readonly threshold?: Threshold | undefined;
  /** Null takes it away. */
  readonly description?: string | null | undefined;
}

/** The monitor as changed; with another threshold it begins anew in the state that the balance is in, which is no event. */
export function changeMonitor(monitor: BalanceMonitor, patch: MonitorPatch, watched: bigint): BalanceMonitor {
  const { threshold = monitor.threshold, description = monitor.description } = patch;
  const { description: _, ...rest } = monitor;
  return {
    ...rest,
    threshold,
    ...(description != null && { description }),
    state: patch.threshold ? monitorStateAt(threshold, watched) : monitor.state,
    version: monitor.version + 1,
  };
}
