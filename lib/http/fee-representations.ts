import type * as z from 'zod';
import { type Fee, type FeeRule, type FeeSchedule, formatAmount } from '../ledger/index.ts';
import type { feeAnswer, feeScheduleAnswer } from './fee-schemas.ts';

/** How fees and fee schedules look on the wire. */

/** A rule as answers and canonical JSON take it. */
export function feeRuleTexts({ type, asset, flat, basisPoints, minimum, maximum, payer, feeAccount }: FeeRule) {
  return {
    type,
    asset,
    ...(flat !== undefined && { flat: formatAmount(flat) }),
    ...(basisPoints !== undefined && { basisPoints }),
    ...(minimum !== undefined && { minimum: formatAmount(minimum) }),
    ...(maximum !== undefined && { maximum: formatAmount(maximum) }),
    payer,
    feeAccount,
  };
}

export function feeScheduleOf({
  version,
  effectiveAt,
  rules,
  createdAt,
}: FeeSchedule): z.input<typeof feeScheduleAnswer> {
  return {
    version: String(version),
    effectiveAt: new Date(effectiveAt).toISOString(),
    rules: rules.map(feeRuleTexts),
    createdAt: new Date(createdAt).toISOString(),
  };
}

export function feeTexts({ amount, asset, payer, destination }: Fee): z.input<typeof feeAnswer> {
  return { amount: formatAmount(amount), asset, payer, feeAccount: destination };
}

/** Where a fee schedule is read, without stage or base path. */
export function feeScheduleLocation(version: number): string {
  return `/v1/fee-schedules/${version}`;
}
