import type * as z from 'zod';
import type { BalanceMonitor, MonitorId, Threshold } from '../ledger/balance-monitor.ts';
import { type AccountId, formatAmount } from '../ledger/index.ts';
import type { monitorAnswer } from './monitor-schemas.ts';
import { timeText } from './representations.ts';

/** How balance monitors look on the wire. */

export function monitorOf(monitor: BalanceMonitor): z.input<typeof monitorAnswer> {
  const { id, account, asset, threshold, description, state, crossings, crossedAt, createdAt, version } = monitor;
  return {
    id,
    account,
    asset,
    ...thresholdText(threshold),
    ...(description !== undefined && { description }),
    state,
    crossings,
    ...(crossedAt !== undefined && { crossedAt: timeText(crossedAt) }),
    createdAt: timeText(createdAt),
    version: String(version),
  };
}

export function thresholdText({ side, amount }: Threshold): { below: string } | { above: string } {
  const text = formatAmount(amount);
  return side === 'below' ? { below: text } : { above: text };
}

/** The path of a monitor, without stage or base path. */
export function monitorLocation(account: AccountId, id: MonitorId): string {
  return `/v1/accounts/${account}/monitors/${id}`;
}
