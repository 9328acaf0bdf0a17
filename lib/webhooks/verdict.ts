import type { Delivery, DeliveryAttempt } from '../platform/delivery.ts';
import type { DeliveryCourse } from '../platform/delivery-changes.ts';
import type { DisableReason, Webhook } from '../platform/webhook.ts';
import type { answerErrors } from './attempt-errors.ts';
import type { PostOutcome } from './guarded-post.ts';
import { maxFailingMs } from './limits.ts';
import { pauseAfter, wantedPauseMs } from './retry-schedule.ts';

/** What an attempt means for its delivery and for the endpoint. */
export interface Verdict {
  readonly attempt: Omit<DeliveryAttempt, 'number'>;
  readonly course: DeliveryCourse;
  /** Why the endpoint is to be switched off, where it is. */
  readonly disable?: DisableReason;
}

/** What the events of a ping are called; no endpoint is judged by how it takes one. */
export const pingType = 'webhook.ping';

export interface Circumstances {
  /** When the attempt began, and when it ended, in milliseconds since 1970. */
  readonly at: number;
  readonly now: number;
  /** From 0 to below 1, for the pause. */
  readonly random: number;
}

/**
 * Judges an attempt: a status from 200 to 299 ends the delivery; 410 ends it and switches the endpoint off; anything else is tried
 * again by the schedule. An endpoint is switched off when nothing has been delivered to it for five days, or when the last attempt
 * of a delivery fails and nothing was delivered since that one's schedule began.
 */
export function judge(
  webhook: Webhook,
  delivery: Delivery,
  outcome: PostOutcome,
  circumstances: Circumstances,
): Verdict {
  const { at, now, random } = circumstances;
  const attempt = attemptOf(outcome, at);
  if (attempt.error === undefined) return { attempt, course: { status: 'succeeded' } };
  const exhausted = { attempt, course: { status: 'failed', failure: 'exhausted' } } as const;
  if (delivery.eventType === pingType) return exhausted;
  if (attempt.error === 'gone') return { ...exhausted, disable: 'gone' };
  const failingSince = webhook.failingSince ?? now;
  if (now - failingSince >= maxFailingMs) return { ...exhausted, disable: 'failing' };
  const wanted = outcome.kind === 'answered' ? wantedPauseMs(outcome.retryAfter, now) : 0;
  const pause = delivery.tries < delivery.maxTries ? pauseAfter(delivery.tries, random, wanted) : undefined;
  if (pause !== undefined) return { attempt, course: { status: 'pending', nextAttemptAt: now + pause } };
  // An ordered endpoint cannot go on behind what it does not take.
  const isHopeless = webhook.ordered || failingSince <= secondAttemptAt(delivery);
  return isHopeless ? { ...exhausted, disable: 'failing' } : exhausted;
}

/**
 * When the second attempt of the schedule began; the failure of the first was noted on the endpoint before. What has been failing
 * since then has failed all along, since whatever is delivered takes the note away.
 */
function secondAttemptAt({ attempts, attempt, tries }: Delivery): number {
  return attempts.find(({ number }) => number === attempt - tries + 2)?.at ?? 0;
}

function attemptOf(outcome: PostOutcome, at: number): Omit<DeliveryAttempt, 'number'> {
  const { latencyMs } = outcome;
  if (outcome.kind === 'unanswered') return { at, latencyMs, error: outcome.failure };
  const { status, excerpt } = outcome;
  const error = errorOfStatus(status);
  return {
    at,
    status,
    latencyMs,
    ...(error !== undefined && { error }),
    ...(excerpt !== '' && { excerpt }),
  };
}

function errorOfStatus(status: number): keyof typeof answerErrors | undefined {
  if (status >= 200 && status < 300) return undefined;
  if (status === 410) return 'gone';
  return status >= 300 && status < 400 ? 'redirect' : 'refused';
}
