import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { parseRow } from '../dynamodb/items/items.ts';
import { faultOf } from '../dynamodb/table/faults.ts';
import { InvariantViolation } from '../ledger/index.ts';
import type { PlatformKey } from '../platform/keys.ts';
import type { PlatformTable } from '../platform/platform-table.ts';
import type { RateTerms } from './rate-terms.ts';
import {
  dealtAtMost,
  endOfMinute,
  type Lease,
  type LeaseWish,
  type PlannedLease,
  planLease,
  strangeFrom,
  type Timeline,
} from './rate-timeline.ts';

/** How long a request may wait for a lease, in milliseconds: one attempt, and then the instance goes on by itself. */
export const leaseTimeoutMs = 300;

/** Writes of one attempt. The first may rest on what is not so any more; what refuses it says what is. */
const maxWrites = 4;

/** How long a client is left alone whose item changes faster than it can be written, in microseconds. */
const restMicros = 50_000;

/** An item stays longer than anything in it matters, since the clocks of instances differ. */
const afterlifeSeconds = 60;

/** What came of asking for a lease, with the timeline as it was found or made. */
export type LeaseAnswer =
  | { readonly kind: 'lease'; readonly lease: Lease; readonly timeline: Timeline }
  | { readonly kind: 'refused'; readonly until: number; readonly timeline: Timeline | undefined };

/** Where instances lease what a client may ask for. */
export interface RateLeases {
  /**
   * @param known the timeline as it was seen last; it may be out of date
   * @param now microseconds since 1970
   * @throws whatever keeps it from finding out; the lease may have been taken nevertheless, and is lost then
   */
  lease(
    key: PlatformKey,
    known: Timeline | undefined,
    wish: LeaseWish,
    terms: RateTerms,
    now: number,
  ): Promise<LeaseAnswer>;
}

const whole = z.bigint().transform(Number);

const row = z.object({ dealtUntil: whole, minute: whole.default(-1), lent: whole.default(0) });

/**
 * Leases from one item for each allowance, each by one update. Its condition is not that nobody else has written but that there is
 * room, so leases of many instances at once do not fail each other.
 */
export class StoredRateLeases implements RateLeases {
  readonly #platform: PlatformTable;
  readonly #timeoutMs: number;

  constructor(platform: PlatformTable, timeoutMs = leaseTimeoutMs) {
    this.#platform = platform;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws InvariantViolation for a damaged row; errors of the SDK */
  async lease(
    key: PlatformKey,
    known: Timeline | undefined,
    wish: LeaseWish,
    terms: RateTerms,
    now: number,
  ): Promise<LeaseAnswer> {
    // One time for all writes, so that they are bounded together.
    const signal = AbortSignal.timeout(this.#timeoutMs);
    let timeline = known;
    for (let write = 1; write <= maxWrites; write++) {
      const plan = planLease(timeline, wish, terms, now);
      if (plan.kind === 'refused') return { ...plan, timeline };
      const written = await this.#write(key, plan, terms, now, signal);
      timeline = written.timeline;
      if (!written.isTaken) continue;
      const from = written.timeline.dealtUntil - plan.lease.slots * terms.slotMicros;
      return { kind: 'lease', lease: { ...plan.lease, from }, timeline: written.timeline };
    }
    return { kind: 'refused', until: now + restMicros, timeline };
  }

  async #write(
    key: PlatformKey,
    plan: PlannedLease,
    terms: RateTerms,
    now: number,
    abortSignal: AbortSignal,
  ): Promise<Written> {
    try {
      const { Attributes } = await this.#platform.client.send(
        new UpdateCommand({
          TableName: this.#platform.name,
          Key: key,
          ...updateOf(plan, terms, now),
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
        { abortSignal, requestTimeout: this.#timeoutMs },
      );
      if (!Attributes) throw new InvariantViolation('an update that was asked for the new item answers with it');
      return { isTaken: true, timeline: parseRow(row, Attributes) };
    } catch (error) {
      const fault = faultOf(error);
      if (fault.kind !== 'condition') throw error;
      return { isTaken: false, timeline: fault.item && parseRow(row, fault.item) };
    }
  }
}

type Written =
  | { readonly isTaken: true; readonly timeline: Timeline }
  | { readonly isTaken: false; readonly timeline: Timeline | undefined };

/** The update that a lease is, on the condition that what it supposes of the item holds. */
function updateOf({ lease, restarts, borrowsFirst }: PlannedLease, terms: RateTerms, now: number) {
  const cost = lease.slots * terms.slotMicros;
  const latest = dealtAtMost(terms, now);
  const expiry = Math.ceil(Math.max(latest, endOfMinute(lease.minute)) / 1_000_000) + afterlifeSeconds;
  const parts: UpdatePart[] = [{ set: 'expiresAtSeconds = :expiry', values: { ':expiry': expiry } }];
  if (restarts) {
    parts.push({
      set: 'dealtUntil = :until',
      condition: '(attribute_not_exists(dealtUntil) OR dealtUntil <= :now OR dealtUntil >= :strange)',
      values: { ':until': now + cost, ':now': now, ':strange': strangeFrom(terms, now) },
    });
  } else {
    parts.push({
      set: 'dealtUntil = dealtUntil + :cost',
      condition: 'dealtUntil > :now AND dealtUntil <= :latest',
      values: { ':cost': cost, ':latest': latest - cost, ':now': now },
    });
  }
  if (lease.loan > 0) parts.push(borrowing(lease, terms, borrowsFirst));
  return {
    UpdateExpression: `SET ${parts.map(({ set }) => set).join(', ')}`,
    ConditionExpression: parts.flatMap(({ condition }) => condition ?? []).join(' AND '),
    ExpressionAttributeValues: Object.assign({}, ...parts.map(({ values }) => values)) as Record<string, number>,
    // DynamoDB reserves the word.
    ...(lease.loan > 0 && { ExpressionAttributeNames: { '#minute': 'minute' } }),
  };
}

interface UpdatePart {
  readonly set: string;
  readonly condition?: string;
  readonly values: Readonly<Record<string, number>>;
}

function borrowing({ minute, loan }: Lease, terms: RateTerms, isFirst: boolean): UpdatePart {
  if (isFirst) {
    return {
      set: '#minute = :minute, lent = :loan',
      condition: '(attribute_not_exists(#minute) OR NOT (#minute BETWEEN :minute AND :nextMinute))',
      values: { ':minute': minute, ':nextMinute': minute + 1, ':loan': loan },
    };
  }
  return {
    set: 'lent = lent + :loan',
    condition: '#minute = :minute AND lent <= :mostLent',
    values: { ':minute': minute, ':loan': loan, ':mostLent': terms.loan - loan },
  };
}
