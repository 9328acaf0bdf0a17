import * as z from 'zod';
import { type FeeSchedule, type FeeTimeline, feePayers, type TenantId } from '../../ledger/index.ts';
import { type AppliedKey, accountId, amount, assetCode, count, parseRow, type Row } from './items.ts';
import { feeHeadKey, feeVersionKey } from './keys.ts';

const rule = z.object({
  type: z.string(),
  asset: assetCode,
  flat: amount.optional(),
  basisPoints: count.optional(),
  minimum: amount.optional(),
  maximum: amount.optional(),
  payer: z.enum(feePayers),
  feeAccount: accountId,
});

const scheduleFields = z.object({ version: count, effectiveAt: count, createdAt: count, rules: z.array(rule) });

const headRow = z.object({
  version: count,
  schedules: z.array(scheduleFields),
  keysApplied: z.array(z.object({ mark: z.string(), requestHash: z.string(), version: count })),
});

/** What the versions of a tenant's fee schedule have in common: all that a commit needs of them, in one item. */
export interface FeeHead {
  /** The latest version. */
  readonly version: number;
  /** Those that are or may soon be in force. */
  readonly timeline: FeeTimeline;
  /** The last idempotency keys that made a version, each with the version it made. */
  readonly keysApplied: readonly (AppliedKey & { readonly version: number })[];
}

export function feeHeadItem(tenant: TenantId, { version, timeline, keysApplied }: FeeHead): Row {
  return { ...feeHeadKey(tenant), version, schedules: timeline, keysApplied };
}

/** @throws InvariantViolation for a damaged row */
export function parseFeeHead(row: Row): FeeHead {
  const { version, schedules, keysApplied } = parseRow(headRow, row);
  return { version, timeline: schedules as FeeTimeline, keysApplied };
}

/** One version, for good. */
export function feeVersionItem(tenant: TenantId, schedule: FeeSchedule): Row {
  return { ...feeVersionKey(tenant, schedule.version), ...schedule };
}

/** @throws InvariantViolation for a damaged row */
export function parseFeeVersion(row: Row): FeeSchedule {
  return parseRow(scheduleFields, row) as FeeSchedule;
}
