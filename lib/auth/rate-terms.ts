import type { RatePolicy } from './caller.ts';

/**
 * How a policy deals out time. Each request takes one *slot* of a client's timeline, and a slot is as long as the policy lets a
 * request last. Slots are dealt from left to right: whoever leases some moves `dealtUntil` to the right, by one update of one item.
 *
 * A slot is good until the instant at which it begins, and not before its end is within `reachMicros`. So all slots that are used in a
 * window lie between its beginning and its end plus the reach, however many instances hold them and however long: rate × window + reach
 * bounds them exactly. (This is the generic cell rate algorithm, with the theoretical arrival time as what is shared; a token that is
 * kept for later is a slot whose time has not come.) Source: ITU-T I.371, "Generic cell rate algorithm".
 *
 * A client far below its rate would lose most of what an instance has leased, and pay a call for almost every request. So a fifth of the
 * burst is not reach but *loan*: so many slots, of all instances together, may be kept beyond their time, until the full minute.
 * All times are whole microseconds since 1970.
 */
export interface RateTerms {
  readonly policy: RatePolicy;
  /** The length of a slot; rounded up, so that no more than the rate is ever dealt. */
  readonly slotMicros: number;
  readonly reachMicros: number;
  /** How far beyond the reach slots may be leased that can be used only later: so instances under pressure need not ask and be refused. */
  readonly aheadMicros: number;
  /** Slots that may be kept beyond their time, by all instances together. */
  readonly loan: number;
  /** What one instance takes of the loan at a time, so that others find some. */
  readonly loanShare: number;
  /** How far ahead an instance leases for what it expects; it must come while the slots are good. */
  readonly expectationMicros: number;
  /** The most slots that one lease has for what is expected: a second’s worth. */
  readonly longestLease: number;
}

const microsInSecond = 1_000_000;

/** How much of the burst may be on loan. */
const loanDivisor = 5;
/** Leases by which one instance alone gets the whole loan. */
const loanShares = 4;

const longestLeaseSeconds = 1;
const longestAheadMicros = microsInSecond;
const longestExpectationMicros = microsInSecond;
/** What must a timeline, or a clock, be off to be taken for wrong: more than twice what the ledger bears. In microseconds. */
export const strangeMicros = 5 * microsInSecond;

export function rateTermsOf(policy: RatePolicy): RateTerms {
  const { requestsPerSecond, burst } = policy;
  const slotMicros = Math.ceil(microsInSecond / requestsPerSecond);
  const loan = Math.floor(burst / loanDivisor);
  const reachMicros = (burst - loan) * slotMicros;
  // A slot is good from its end less the reach until its beginning: what is leased ahead must find somebody in that time.
  const aheadMicros = Math.min(longestAheadMicros, Math.floor((reachMicros - slotMicros) / 2));
  const dealtAtMost = Math.floor((reachMicros + aheadMicros) / slotMicros);
  const expected = Math.floor(requestsPerSecond * longestLeaseSeconds);
  return {
    policy,
    slotMicros,
    reachMicros,
    aheadMicros,
    loan,
    loanShare: Math.ceil(loan / loanShares),
    expectationMicros: Math.min(longestExpectationMicros, Math.ceil(reachMicros / 2)),
    longestLease: Math.max(1, Math.min(expected, dealtAtMost)),
  };
}
