import type { PostTransaction } from './command.ts';
import {
  type FeePayer,
  type FeeRule,
  type FeeSchedule,
  type FeeTimeline,
  feePayers,
  scheduleAt,
} from './fee-schedule.ts';
import type { Posting } from './posting.ts';
import { divideRounded } from './rounding.ts';
import type { PostedTransaction } from './transaction.ts';

const basisPointsOfAll = 10_000n;

/** What a transaction costs by the version in force: its fees as further postings, behind what was asked for. */
export interface FeePlan {
  readonly version: number;
  readonly postings: readonly Posting[];
}

/** A fee of a transaction, as it was taken. */
export interface Fee extends Posting {
  readonly payer: FeePayer;
}

/** The fee of an amount by a rule, in minor units: flat and proportional part together, then minimum and maximum. */
export function feeOf({ flat = 0n, basisPoints = 0, minimum, maximum }: FeeRule, amount: bigint): bigint {
  const fee = flat + divideRounded(amount * BigInt(basisPoints), basisPointsOfAll, 'half_even');
  if (minimum !== undefined && fee < minimum) return minimum;
  if (maximum !== undefined && fee > maximum) return maximum;
  return fee;
}

/**
 * Whether a command can have a fee at all. Only a transaction with a single posting can: one with several is what its
 * client made of it, and carries whatever it is to cost as postings of its own.
 */
export function canHaveFee({ postings }: Pick<PostTransaction, 'postings'>): boolean {
  return postings.length === 1;
}

/**
 * The fees of a command by the version in force at an instant; undefined where no rule is for it. The source's comes
 * before the destination's. A fee of nothing is no posting, and neither is one that its payer would pay to itself.
 */
export function planFees(timeline: FeeTimeline, command: PostTransaction, at: number): FeePlan | undefined {
  const schedule = canHaveFee(command) ? scheduleAt(timeline, at) : undefined;
  const charged = schedule && chargesOf(schedule, command);
  if (!charged || charged.length === 0) return undefined;
  const postings = charged.filter(({ source, destination, amount }) => amount > 0n && source !== destination);
  return { version: schedule.version, postings };
}

/** The balances that fees of a command may touch, whichever version will be in force when it is decided. */
export function feeBalances(timeline: FeeTimeline, command: PostTransaction): Posting[] {
  if (!canHaveFee(command)) return [];
  return timeline.flatMap((schedule) => chargesOf(schedule, command));
}

/** What a client asked a transaction to move: its postings without the fees that were added. */
export function askedPostings({
  postings,
  feeVersion,
}: Pick<PostedTransaction, 'postings' | 'feeVersion'>): readonly Posting[] {
  return feeVersion === undefined ? postings : postings.slice(0, 1);
}

/** The fees that a transaction took, read back from its postings. */
export function feesOf(transaction: Pick<PostedTransaction, 'postings' | 'feeVersion'>): Fee[] {
  const [asked] = askedPostings(transaction);
  if (transaction.feeVersion === undefined || !asked) return [];
  const fees = transaction.postings.slice(1);
  return fees.map((fee) => ({ ...fee, payer: fee.source === asked.source ? 'source' : 'destination' }));
}

function chargesOf({ rules }: FeeSchedule, { type, postings }: PostTransaction): Posting[] {
  const [asked] = postings;
  if (!asked) return [];
  const { asset, amount } = asked;
  return feePayers.flatMap((payer) => {
    const rule = rules.find(
      (candidate) => candidate.type === type && candidate.asset === asset && candidate.payer === payer,
    );
    if (!rule) return [];
    return [{ source: asked[payer], destination: rule.feeAccount, asset, amount: feeOf(rule, amount) }];
  });
}
