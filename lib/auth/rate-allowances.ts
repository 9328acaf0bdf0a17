import { createHash } from 'node:crypto';
import type { Clock } from '../dynamodb/table/patience.ts';
import { allowanceKey, type PlatformKey } from '../platform/keys.ts';
import type { Caller, RatePolicy } from './caller.ts';
import { Outage, type OutageTelling } from './outage.ts';
import type { RateLeases } from './rate-leases.ts';
import type { Allowance, RateLimiter } from './rate-limiter.ts';
import { RateShare, type Take } from './rate-share.ts';
import { rateTermsOf } from './rate-terms.ts';
import { RecentlyUsed } from './recently-used.ts';

/** Clients and subjects that an instance remembers its shares of. One that is forgotten loses what was leased for it. */
const rememberedShares = 5_000;

/** Leases that one request waits for at most, when others are always quicker. */
const maxTurns = 6;

/** How long an instance that cannot ask goes on by itself before it asks again, in microseconds. */
export const onItsOwnMicros = 2_000_000;

const microsInSecond = 1_000_000;

export interface RateAllowancesOptions extends OutageTelling {
  readonly leases: RateLeases;
  readonly clock: Pick<Clock, 'now'>;
}

/** What an instance has of one allowance, and the lease it waits for. */
interface Holding {
  readonly key: PlatformKey;
  readonly share: RateShare;
  leasing: Promise<void> | undefined;
  leasedAt: number;
  /** Requests that found nothing and are not decided yet. */
  waiting: number;
}

/**
 * Allowances that all instances share, each a part that it leases. Most requests cost no call, and one that is refused costs none until
 * another may be made. Requests of one client that wait for a lease share the one call.
 *
 * Where nothing can be leased an instance deals by itself, each client its own rate: whoever moves money is stopped by the same outage,
 * and reads that could be answered should not fail for want of somebody to count them. A streak of failures is a line in the log each
 * minute, and one at its end.
 */
export class RateAllowances implements RateLimiter {
  readonly #leases: RateLeases;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #outage: Outage;
  readonly #holdings = new RecentlyUsed<string, Holding>(rememberedShares);

  constructor({ leases, clock, ...telling }: RateAllowancesOptions) {
    this.#leases = leases;
    this.#clock = clock;
    this.#outage = new Outage(telling);
  }

  async take(caller: Caller): Promise<Allowance | undefined> {
    const { rate } = caller;
    if (!rate) return undefined;
    const holding = this.#holdingOf(caller, rate);
    const arrivedAt = this.#nowMicros();
    holding.share.noteRequest();
    const taken = holding.share.take(arrivedAt);
    if (taken.kind !== 'empty') return allowanceOf(holding.share, taken, arrivedAt);
    holding.waiting += 1;
    try {
      return await this.#takeWhenLeased(holding, arrivedAt);
    } finally {
      holding.waiting -= 1;
    }
  }

  async #takeWhenLeased(holding: Holding, arrivedAt: number): Promise<Allowance> {
    const { share } = holding;
    for (let turn = 1; ; turn++) {
      holding.leasing ??= this.#lease(holding).finally(() => {
        holding.leasing = undefined;
      });
      await holding.leasing;
      // What was leased while this request waited begins after it came, and is for it too.
      const at = Math.max(arrivedAt, holding.leasedAt);
      const taken = share.take(at);
      if (taken.kind !== 'empty') return allowanceOf(share, taken, at);
      if (turn === maxTurns) return allowanceOf(share, { kind: 'refused', until: at + share.terms.slotMicros }, at);
    }
  }

  #holdingOf(caller: Caller, rate: RatePolicy): Holding {
    const key = allowanceKey(caller.tenant, bucketOf(caller), rate);
    const name = `${key.PK} ${key.SK}`;
    const known = this.#holdings.get(name);
    if (known) return known;
    const made = { key, share: new RateShare(rateTermsOf(rate)), leasing: undefined, leasedAt: 0, waiting: 0 };
    this.#holdings.set(name, made);
    return made;
  }

  async #lease(holding: Holding): Promise<void> {
    const { key, share, waiting } = holding;
    const now = this.#nowMicros();
    try {
      const answer = await this.#leases.lease(key, share.timeline, share.wish(now, waiting), share.terms, now);
      if (answer.kind === 'lease') share.add(answer.lease, answer.timeline, now);
      else share.refuse(answer.until, answer.timeline, now);
      this.#outage.over('allowances can be leased again');
    } catch (error) {
      share.lendItself(onItsOwnMicros, now);
      const message = 'allowances cannot be leased; until they can, each instance counts requests by itself';
      this.#outage.note(this.#clock.now(), message, { error: error as Error });
    }
    holding.leasedAt = now;
  }

  #nowMicros(): number {
    return this.#clock.now() * 1_000;
  }
}

/**
 * Names the allowance that a request is taken from. The users of one application each have their own, so that none of them can use up
 * what is for all; whose credentials reach over the tenant acts for the client. The subject is hashed: keys hold nothing about persons.
 */
function bucketOf({ client, subject, scopes }: Caller): string {
  if (subject === undefined || scopes.size > 0) return client;
  return `${client}#${createHash('sha256').update(subject).digest('base64url').slice(0, 22)}`;
}

function allowanceOf(share: RateShare, taken: Take, at: number): Allowance {
  const { policy } = share.terms;
  if (taken.kind === 'refused') {
    const resetSeconds = Math.max(1, Math.ceil((taken.until - at) / microsInSecond));
    return { isAllowed: false, policy, remaining: 0, resetSeconds };
  }
  const resetSeconds = Math.max(0, Math.ceil((share.fullAt() - at) / microsInSecond));
  return { isAllowed: true, policy, remaining: share.remaining(at), resetSeconds };
}
