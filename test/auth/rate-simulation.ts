import { type Caller, callerOf, type RatePolicy } from '../../lib/auth/index.ts';
import { RateAllowances } from '../../lib/auth/rate-allowances.ts';
import type { LeaseAnswer, RateLeases } from '../../lib/auth/rate-leases.ts';
import { planLease, type Timeline } from '../../lib/auth/rate-timeline.ts';
import type { TenantId } from '../../lib/ledger/index.ts';
import { recorder } from '../observability/recorder.ts';

/** A little before a full minute, so that loans end in the middle of what is simulated. */
export const simulationStart = 1_700_000_030_000;

/** Time that stands still until everything that can happen at an instant has happened. */
export class SimulatedTime {
  #now = simulationStart;
  /** The latest first. */
  readonly #waiting: { readonly until: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  until(instant: number): Promise<void> {
    const until = Math.max(instant, this.#now);
    return new Promise((wake) => {
      let place = this.#waiting.length;
      while (place > 0 && (this.#waiting[place - 1]?.until ?? 0) <= until) place -= 1;
      this.#waiting.splice(place, 0, { until, wake });
    });
  }

  sleep(milliseconds: number): Promise<void> {
    return this.until(this.#now + milliseconds);
  }

  /** Runs until nobody waits for anything. */
  async run(): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      const next = this.#waiting.at(-1);
      if (!next) return;
      this.#now = next.until;
      while ((this.#waiting.at(-1)?.until ?? Number.POSITIVE_INFINITY) <= this.#now) this.#waiting.pop()?.wake();
    }
  }
}

/** The shared items, in memory: what DynamoDB does is decided by the same function, at one instant of each call. */
export class SimulatedLeases implements RateLeases {
  readonly #time: SimulatedTime;
  readonly #latencyMs: number;
  readonly #timelines = new Map<string, Timeline>();
  calls = 0;
  /** Set to make every call fail. */
  isDown = false;
  /** Told of each call by its number, from 1 on: whether it fails. */
  isFailing: (call: number) => boolean = () => this.isDown;

  constructor(time: SimulatedTime, latencyMs: number) {
    this.#time = time;
    this.#latencyMs = latencyMs;
  }

  lease: RateLeases['lease'] = async (key, _known, wish, terms, now): Promise<LeaseAnswer> => {
    this.calls += 1;
    const isFailing = this.isFailing(this.calls);
    await this.#time.sleep(this.#latencyMs / 2);
    if (isFailing) throw new Error('nobody answers');
    const name = `${key.PK} ${key.SK}`;
    const before = this.#timelines.get(name);
    const plan = planLease(before, wish, terms, now);
    if (plan.kind === 'lease') {
      const { from, slots, minute, loan } = plan.lease;
      const lent = before?.minute === minute ? before.lent + loan : loan;
      const isLate = before !== undefined && !plan.borrowsFirst && before.minute > minute;
      this.#timelines.set(name, {
        dealtUntil: from + slots * terms.slotMicros,
        ...(isLate ? { minute: before.minute, lent: before.lent } : { minute, lent }),
      });
    }
    await this.#time.sleep(this.#latencyMs / 2);
    const timeline = this.#timelines.get(name);
    if (plan.kind === 'refused') return { ...plan, timeline };
    if (!timeline) throw new Error('a lease leaves a timeline');
    return { kind: 'lease', lease: plan.lease, timeline };
  };
}

/** One request of a simulation, with the instants at which it came and was decided, in milliseconds. */
export interface SimulatedRequest {
  readonly arrivedAt: number;
  readonly decidedAt: number;
  readonly isAllowed: boolean;
}

export function client(name: string, rate: RatePolicy): Caller {
  return callerOf({ tenant: 'default' as TenantId, client: name, roles: ['writer'], scopes: [], rate });
}

export interface SimulationOptions {
  readonly latencyMs?: number;
  readonly instances?: number;
  readonly skewsMs?: readonly number[];
}

/** Instances of a function with one database, in simulated time. */
export class Simulation {
  readonly time = new SimulatedTime();
  readonly leases: SimulatedLeases;
  readonly log = recorder();
  readonly #instances: readonly RateAllowances[];
  /** How far the clock of each instance is off, in milliseconds; 0 where nothing is said. */
  readonly skewsMs: number[];

  constructor({ latencyMs = 4, instances = 1, skewsMs = [] }: SimulationOptions = {}) {
    this.leases = new SimulatedLeases(this.time, latencyMs);
    this.skewsMs = [...skewsMs];
    this.#instances = Array.from({ length: instances }, (_, i) => {
      const clock = { now: () => this.time.now() + (this.skewsMs[i] ?? 0) };
      return new RateAllowances({ leases: this.leases, clock, ...this.log.instruments });
    });
  }

  /** Lets a request come to an instance at an instant, in milliseconds from the start. */
  async request(caller: Caller, atMs: number, instance = 0): Promise<SimulatedRequest> {
    await this.time.until(simulationStart + atMs);
    const arrivedAt = this.time.now();
    const allowance = await this.#instances[instance]?.take(caller);
    if (!allowance) throw new Error('a client with a rate has an allowance');
    return { arrivedAt, decidedAt: this.time.now(), isAllowed: allowance.isAllowed };
  }

  instance(index: number): RateAllowances {
    const instance = this.#instances[index];
    if (!instance) throw new Error(`there is no instance ${index}`);
    return instance;
  }

  /** Lets requests come, and answers them when all are decided. */
  async requests(
    planned: readonly { readonly caller: Caller; readonly atMs: number; readonly instance?: number }[],
  ): Promise<SimulatedRequest[]> {
    const latestFirst = planned.toSorted((one, other) => other.atMs - one.atMs);
    const answers = latestFirst.map(({ caller, atMs, instance }) => this.request(caller, atMs, instance));
    await this.time.run();
    return Promise.all(answers);
  }
}

/** The window in which most more was served than a policy allows, or nothing where there is none. */
export function excessOf(
  requests: readonly SimulatedRequest[],
  { requestsPerSecond, burst }: RatePolicy,
): { readonly served: number; readonly allowed: number; readonly windowMs: number } | undefined {
  const served = requests.filter(({ isAllowed }) => isAllowed).sort((one, other) => one.decidedAt - other.decidedAt);
  for (const { arrivedAt: from } of served) {
    let count = 0;
    for (const { arrivedAt, decidedAt } of served) {
      // A request is made at some instant between its arrival and the decision: it is in every window that holds both.
      if (arrivedAt < from) continue;
      count += 1;
      const allowed = burst + (requestsPerSecond * (decidedAt - from)) / 1_000;
      if (count > allowed) return { served: count, allowed, windowMs: decidedAt - from };
    }
  }
  return undefined;
}
