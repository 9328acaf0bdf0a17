import type { AccountId } from './account.ts';
import type { AssetCode } from './asset.ts';
import { LedgerError } from './errors.ts';
import { maxFeeRules } from './limits.ts';
import type { TransactionType } from './transaction.ts';

/** Which side of the posting pays: `source` on top of what it sends, `destination` out of what it has, once credited. */
export const feePayers = ['source', 'destination'] as const;
export type FeePayer = (typeof feePayers)[number];

/** What a transaction of a type costs in an asset. Amounts are in minor units. */
export interface FeeRule {
  /** Transactions of just this type. */
  readonly type: TransactionType;
  readonly asset: AssetCode;
  /** Charged whatever the amount. */
  readonly flat?: bigint;
  /** Hundredths of a per cent of the amount, rounded half to even. */
  readonly basisPoints?: number;
  /** The fee is at least this. */
  readonly minimum?: bigint;
  /** The fee is at most this. */
  readonly maximum?: bigint;
  readonly payer: FeePayer;
  readonly feeAccount: AccountId;
}

/** A tenant's fee rules from an instant on, until the next version's. It is never changed. */
export interface FeeSchedule {
  /** 1, 2, 3 … per tenant, without gaps. */
  readonly version: number;
  /** Milliseconds since 1970; later than that of the version before. */
  readonly effectiveAt: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly rules: readonly FeeRule[];
}

/** The versions that are or may soon be in force, in order of version and so of time. Empty for a tenant without any. */
export type FeeTimeline = readonly FeeSchedule[];

/** The version in force at an instant, if any. */
export function scheduleAt(timeline: FeeTimeline, at: number): FeeSchedule | undefined {
  return timeline.findLast(({ effectiveAt }) => effectiveAt <= at);
}

/**
 * What is left of a timeline when versions that are over are dropped, and a new one is added.
 *
 * The one in force is kept, and so are those over for less than `keepMs`: whoever decides at a slower clock still
 * needs them.
 */
export function extendTimeline(timeline: FeeTimeline, added: FeeSchedule, at: number, keepMs: number): FeeTimeline {
  const inForce = timeline.findLastIndex(({ effectiveAt }) => effectiveAt <= at - keepMs);
  return [...timeline.slice(Math.max(0, inForce)), added];
}

/** @throws LedgerError `invalid_request` for too many rules, two for one case, or one whose amounts contradict each other */
export function checkFeeRules(rules: readonly FeeRule[]): void {
  if (rules.length > maxFeeRules) throw invalid(`a fee schedule has at most ${maxFeeRules} rules`);
  const cases = new Set<string>();
  for (const rule of rules) {
    const fault = faultOfRule(rule);
    if (fault) throw invalid(fault);
    const named = `${rule.type} ${rule.asset} ${rule.payer}`;
    if (cases.has(named)) throw invalid(`there are two rules for ${named}`);
    cases.add(named);
  }
}

/** What contradicts itself in a rule, if anything does. */
export function faultOfRule({ flat, basisPoints, minimum, maximum }: FeeRule): string | undefined {
  if (flat === undefined && basisPoints === undefined) return 'a rule has a flat amount, basis points, or both';
  if (minimum !== undefined && maximum !== undefined && minimum > maximum) return 'the minimum is above the maximum';
  return undefined;
}

function invalid(message: string): LedgerError {
  return new LedgerError('invalid_request', message);
}
