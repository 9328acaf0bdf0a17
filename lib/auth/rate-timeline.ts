import { type RateTerms, strangeMicros } from './rate-terms.ts';

/** What all instances share of a client's allowance. */
export interface Timeline {
  /** The end of the last slot that was leased, in microseconds since 1970. In the past, or absent: the allowance is full. */
  readonly dealtUntil: number;
  /** The minute, counted from 1970, that `lent` is about. */
  readonly minute: number;
  /** Slots of the loan that instances took in that minute. */
  readonly lent: number;
}

/** What an instance would like to have. */
export interface LeaseWish {
  /** Fewer slots are not worth a call. */
  readonly atLeast: number;
  /** Without those that the loan is for. */
  readonly atMost: number;
  /** Requests that wait for slots. */
  readonly waiting: number;
  /** How many more slots it would like to keep beyond their time. */
  readonly loan: number;
}

/** Slots next to each other, from an instant on, and leave to keep some beyond their time until the minute is over. */
export interface Lease {
  readonly from: number;
  readonly slots: number;
  readonly minute: number;
  readonly loan: number;
}

/** What could be had of a timeline. */
export type LeasePlan =
  | PlannedLease
  /** Not even the fewest slots are there until then, in microseconds since 1970. */
  | { readonly kind: 'refused'; readonly until: number };

const microsInMinute = 60_000_000;

/** For what is only expected, a lease takes no more than this part of what is left: others come, too. */
const roomDivisor = 3;

/** A lease, and what it supposes of the timeline. */
export interface PlannedLease {
  readonly kind: 'lease';
  readonly lease: Lease;
  /** Nothing that was dealt lies in the future, or it cannot be right, so the slots begin now. */
  readonly restarts: boolean;
  /** Nobody has borrowed anything in this minute. */
  readonly borrowsFirst: boolean;
}

/** The minute that an instant lies in, counted from 1970. */
export function minuteOf(micros: number): number {
  return Math.floor(micros / microsInMinute);
}

/** The first instant after a minute. */
export function endOfMinute(minute: number): number {
  return (minute + 1) * microsInMinute;
}

/** The latest instant that slots may be dealt to. */
export function dealtAtMost({ reachMicros, aheadMicros }: RateTerms, now: number): number {
  return now + reachMicros + aheadMicros;
}

/**
 * From when on a timeline cannot be right: nobody whose clock is about right would have dealt so far. Whoever's clock was far ahead may
 * have; nobody is to wait until it would be true.
 */
export function strangeFrom(terms: RateTerms, now: number): number {
  return dealtAtMost(terms, now) + strangeMicros;
}

/**
 * Decides what an instance gets of a timeline. It may be out of date: then whoever writes finds out that what is supposed of it does not
 * hold. A refusal holds all the same, since `dealtUntil` only grows, but where it was wrong.
 */
export function planLease(timeline: Timeline | undefined, wish: LeaseWish, terms: RateTerms, now: number): LeasePlan {
  const dealtUntil = timeline?.dealtUntil ?? 0;
  const from = dealtUntil >= strangeFrom(terms, now) ? now : Math.max(dealtUntil, now);
  const room = Math.floor((dealtAtMost(terms, now) - from) / terms.slotMicros);
  if (room < wish.atLeast)
    return { kind: 'refused', until: now + from + wish.atLeast * terms.slotMicros - dealtAtMost(terms, now) };
  const minute = minuteOf(now);
  const loan = Math.min(wish.loan, terms.loan - lentIn(timeline, minute, terms));
  const slots = Math.min(
    wish.atMost + loan,
    room,
    Math.max(wish.atLeast, wish.waiting, Math.floor(room / roomDivisor)),
  );
  const lease = { from, slots, minute, loan };
  return { kind: 'lease', lease, restarts: from === now, borrowsFirst: !isLentIn(timeline, minute) };
}

/**
 * How much of the loan is out in a minute, as far as a timeline tells. Whoever's clock is a little behind finds a minute that has not come
 * yet, and borrows nothing.
 */
export function lentIn(timeline: Timeline | undefined, minute: number, { loan }: RateTerms): number {
  if (!timeline || !isLentIn(timeline, minute)) return 0;
  return timeline.minute === minute ? Math.min(timeline.lent, loan) : loan;
}

/** Whether `lent` is about a minute or the one after it; what is about others is past, or cannot be right. */
function isLentIn(timeline: Timeline | undefined, minute: number): boolean {
  return timeline?.minute === minute || timeline?.minute === minute + 1;
}
