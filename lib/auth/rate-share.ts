import { type RateTerms, strangeMicros } from './rate-terms.ts';
import {
  dealtAtMost,
  endOfMinute,
  type Lease,
  type LeaseWish,
  lentIn,
  minuteOf,
  type Timeline,
} from './rate-timeline.ts';

/** What became of a request for a slot: taken, refused until an instant, or nothing is left and more has to be leased. */
export type Take = { readonly kind: 'taken' | 'empty' } | { readonly kind: 'refused'; readonly until: number };

/**
 * What one instance holds of a client's allowance. It knows no clock and makes no calls: all times are given, in microseconds since
 * 1970. An instant that is given may be earlier than one given before.
 */
export class RateShare {
  readonly terms: RateTerms;
  /** The slots that are leased and not used yet: from here, … */
  #next = 0;
  /** … to here. */
  #end = 0;
  /** The end of the last slot that was used in its time. What lies before it is used, whoever has leased it again. */
  #usedUntil = 0;
  /** Slots whose time is over and which may be used all the same, and how many of them there may be. */
  #kept = 0;
  #loan = 0;
  #minute = -1;
  #refusedUntil = 0;
  /** As it was seen last. */
  #timeline: Timeline | undefined;
  #askedSince = 0;
  #asked = 0;

  constructor(terms: RateTerms) {
    this.terms = terms;
  }

  /** The timeline as this instance saw it last. */
  get timeline(): Timeline | undefined {
    return this.#timeline;
  }

  /** Notes that somebody asks: what is expected, and so the size of leases, follows from that. */
  noteRequest(): void {
    this.#asked += 1;
  }

  take(at: number): Take {
    this.#settle(at);
    if (this.#next < this.#end && this.#usableFrom() <= at) {
      this.#next += this.terms.slotMicros;
      this.#usedUntil = this.#next;
      return { kind: 'taken' };
    }
    if (this.#kept > 0) {
      this.#kept -= 1;
      return { kind: 'taken' };
    }
    if (this.#next < this.#end) return { kind: 'refused', until: this.#usableFrom() };
    return at < this.#refusedUntil ? { kind: 'refused', until: this.#refusedUntil } : { kind: 'empty' };
  }

  /** @param waiting how many requests wait for the lease */
  wish(now: number, waiting: number): LeaseWish {
    const { longestLease, loanShare, expectationMicros } = this.terms;
    const minute = minuteOf(now);
    const loan = Math.min(loanShare, this.terms.loan - lentIn(this.#timeline, minute, this.terms));
    const lastedMicros = Math.max(1, now - this.#askedSince);
    const expected = Math.min(longestLease, Math.ceil((this.#asked * expectationMicros) / lastedMicros));
    const needed = Math.max(1, waiting, expected);
    const held = this.#minute === minute ? this.#loan - this.#kept : 0;
    return {
      // Half of it is worth a call; who waits for all of it waits longer than he must.
      atLeast: Math.max(1, Math.min(longestLease, Math.ceil(needed / 2))),
      atMost: needed + held,
      waiting,
      loan,
    };
  }

  /** @param timeline as it is after the lease */
  add({ from, slots, minute, loan }: Lease, timeline: Timeline, now: number): void {
    this.#settle(now);
    if (minute !== this.#minute) this.#kept = 0;
    this.#loan = minute === this.#minute ? this.#loan + loan : loan;
    this.#minute = minute;
    const { slotMicros } = this.terms;
    // After a time on its own some of what is leased has been used already.
    const used = Math.min(slots, Math.max(0, Math.ceil((this.#usedUntil - from) / slotMicros)));
    this.#next = from + used * slotMicros;
    this.#end = from + slots * slotMicros;
    this.#timeline = timeline;
    this.#refusedUntil = 0;
    this.#startCounting(now);
  }

  /** Makes this instance deal slots by itself, as if there were no other: for a while in which it can ask nobody. */
  lendItself(micros: number, now: number): void {
    this.#next = Math.max(now, this.#usedUntil);
    this.#end = this.#next + Math.floor(micros / this.terms.slotMicros + 1) * this.terms.slotMicros;
    this.#startCounting(now);
  }

  /** Notes that nothing can be leased until an instant. */
  refuse(until: number, timeline: Timeline | undefined, now: number): void {
    this.#refusedUntil = until;
    this.#timeline = timeline;
    this.#startCounting(now);
  }

  /** How many requests could follow at once, if other instances leased nothing. */
  remaining(at: number): number {
    const { slotMicros, reachMicros, policy } = this.terms;
    const slotsWithin = (from: number, to: number) => Math.max(0, Math.floor((to - from) / slotMicros));
    const own = slotsWithin(this.#next, Math.min(this.#end, at + reachMicros));
    const shared = slotsWithin(Math.max(at, this.#timeline?.dealtUntil ?? 0), at + reachMicros);
    return Math.min(policy.burst, own + this.#kept + shared);
  }

  /** When the allowance is full again, if nobody takes anything. */
  fullAt(): number {
    return Math.max(this.#timeline?.dealtUntil ?? 0, this.#end);
  }

  #usableFrom(): number {
    return this.#next + this.terms.slotMicros - this.terms.reachMicros;
  }

  /** Gives up what has had its time, but for what is on loan; and everything, if it is of a time that this instance's clock has left. */
  #settle(at: number): void {
    if (Math.max(this.#next, this.#refusedUntil) > dealtAtMost(this.terms, at) + strangeMicros) {
      this.#next = 0;
      this.#end = 0;
      this.#usedUntil = 0;
      this.#refusedUntil = 0;
    }
    if (at >= endOfMinute(this.#minute)) {
      this.#loan = 0;
      this.#kept = 0;
    }
    if (this.#next >= at || this.#next >= this.#end) return;
    const { slotMicros } = this.terms;
    const left = (this.#end - this.#next) / slotMicros;
    const passed = Math.min(left, Math.ceil((at - this.#next) / slotMicros));
    this.#kept = Math.min(this.#loan, this.#kept + passed);
    this.#next += passed * slotMicros;
  }

  #startCounting(now: number): void {
    this.#asked = 0;
    this.#askedSince = now;
  }
}
