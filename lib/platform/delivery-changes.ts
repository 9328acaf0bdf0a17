import type { AppliedKey, Row } from '../dynamodb/items/items.ts';
import { attemptsRemembered, leaseMs } from '../webhooks/limits.ts';
import type { Delivery, DeliveryAttempt, DeliveryFailure } from './delivery.ts';
import { dueAttributes, notDue, parseDelivery, type StoredDelivery } from './delivery-item.ts';
import type { DeliveryId } from './webhook-id.ts';

/** Idempotency keys that a delivery remembers: those of the requests that replayed it last. */
const keysRemembered = 8;

/** What an attempt came to, and what follows for the delivery. */
export type DeliveryCourse =
  | { readonly status: 'succeeded' }
  | { readonly status: 'pending'; readonly nextAttemptAt: number }
  | { readonly status: 'failed'; readonly failure: DeliveryFailure };

/** A delivery that somebody is at. */
export type ClaimedDelivery = Delivery & Required<Pick<Delivery, 'claim'>>;

/** An attempt whose worker died before it could tell what came of it. */
const interrupted = 'interrupted';

/** New attributes of a delivery, where those undefined go away, and the condition on which they are written. */
export interface DeliveryChange {
  readonly attributes: Row;
  readonly condition: string;
  readonly names: Record<string, string>;
  readonly values: Row;
}

/** Where nobody has begun an attempt, or anew, since the delivery was read. */
function ifUntouched({ attempt, nextAttemptAt }: Delivery): Omit<DeliveryChange, 'attributes'> {
  return {
    condition: 'attempt = :seen AND nextAttemptAt = :seenNext AND #status = :pending',
    names: { '#status': 'status' },
    values: { ':seen': attempt, ':seenNext': nextAttemptAt, ':pending': 'pending' },
  };
}

/** The delivery as claimed for its next attempt, and the change that makes it so. */
export function claiming(delivery: Delivery, nonce: string, now: number): [ClaimedDelivery, DeliveryChange] {
  const claimed = {
    claim: { nonce, at: now },
    attempt: delivery.attempt + 1,
    tries: delivery.tries + 1,
    attempts: attemptsToldBy(delivery),
  };
  const attributes = { ...claimed, ...dueAttributes(delivery.id, now + leaseMs) };
  return [
    { ...delivery, ...claimed, nextAttemptAt: now + leaseMs },
    { attributes, ...ifUntouched(delivery) },
  ];
}

/** Ends a claimed attempt, unless somebody else has claimed the delivery since. */
export function recording(
  delivery: ClaimedDelivery,
  attempt: Omit<DeliveryAttempt, 'number'>,
  course: DeliveryCourse,
): DeliveryChange {
  return {
    attributes: {
      attempts: withAttempt(delivery, attempt),
      claim: undefined,
      ...courseAttributes(delivery.id, course),
    },
    condition: '#claim.#nonce = :nonce',
    names: { '#claim': 'claim', '#nonce': 'nonce' },
    values: { ':nonce': delivery.claim.nonce },
  };
}

/** Ends a delivery that nobody is at. */
export function givingUp(delivery: Delivery, failure: DeliveryFailure): DeliveryChange {
  const attributes = { claim: undefined, ...courseAttributes(delivery.id, { status: 'failed', failure }) };
  return { attributes, ...ifUntouched(delivery) };
}

/** Puts off a delivery that nobody is at, without an attempt. One whose worker died is let go of. */
export function puttingOff(delivery: Delivery, until: number): DeliveryChange {
  const attributes = {
    claim: undefined,
    attempts: attemptsToldBy(delivery),
    ...dueAttributes(delivery.id, until),
  };
  return { attributes, ...ifUntouched(delivery) };
}

/** The delivery, with the body it is given with, its schedule begun anew, and the change that makes it so. */
export function restarting(
  delivery: StoredDelivery,
  keyApplied: AppliedKey | undefined,
  now: number,
  expiresAtSeconds: number,
): [StoredDelivery, DeliveryChange] {
  const keysApplied = [...delivery.keysApplied, ...(keyApplied ? [keyApplied] : [])].slice(-keysRemembered);
  const restarted = { status: 'pending' as const, tries: 0, scheduledAt: now, keysApplied, body: delivery.body };
  const { failure: _, ...rest } = delivery;
  const change = {
    attributes: { ...restarted, failure: undefined, ...dueAttributes(delivery.id, now), expiresAtSeconds },
    condition: 'attempt = :seen AND #status = :seenStatus',
    names: { '#status': 'status' },
    values: { ':seen': delivery.attempt, ':seenStatus': delivery.status },
  };
  return [{ ...rest, ...restarted, nextAttemptAt: now }, change];
}

/** Whether a row is claimed by this very claim: of a write whose answer was lost. */
export function isClaimedBy(nonce: string, row: Row): boolean {
  return parseDelivery(row).claim?.nonce === nonce;
}

/** The attempts of a delivery, with the one whose worker died, if there is one. */
function attemptsToldBy(delivery: Delivery): readonly DeliveryAttempt[] {
  const { claim, attempts } = delivery;
  return claim ? withAttempt(delivery, { at: claim.at, error: interrupted }) : attempts;
}

function withAttempt(delivery: Delivery, attempt: Omit<DeliveryAttempt, 'number'>): readonly DeliveryAttempt[] {
  return [...delivery.attempts, { number: delivery.attempt, ...attempt }].slice(-attemptsRemembered);
}

function courseAttributes(id: DeliveryId, course: DeliveryCourse): Row {
  if (course.status === 'pending') return { status: course.status, ...dueAttributes(id, course.nextAttemptAt) };
  return { status: course.status, failure: course.status === 'failed' ? course.failure : undefined, ...notDue };
}
