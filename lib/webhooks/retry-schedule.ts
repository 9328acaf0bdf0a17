import { maxRetryAfterMs } from './limits.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** The pauses after the first, second, … failed attempt, in milliseconds. Source: Standard Webhooks 1.0, "Deliverability and reliability". */
export const retryDelaysMs: readonly number[] = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];

/** Attempts of one schedule: the first, at once, and one after each pause. */
export const maxTries = retryDelaysMs.length + 1;

/** By how much a pause may be longer: receivers that come back are not met by everything at once. */
const jitter = 0.1;

/**
 * The pause after so many failed attempts of a schedule, in milliseconds: never shorter than the schedule's or than what the
 * receiver asked for, and at most a tenth longer. Undefined where the schedule is over.
 *
 * @param random from 0 to below 1
 */
export function pauseAfter(tries: number, random: number, wantedMs = 0): number | undefined {
  const scheduled = retryDelaysMs[tries - 1];
  if (scheduled === undefined) return undefined;
  return Math.round(Math.max(scheduled, Math.min(wantedMs, maxRetryAfterMs)) * (1 + jitter * random));
}

/** The first and the longest pause of a delivery whose secrets cannot be opened, and which part of its age the pause is between them. */
const firstPutOffMs = minute;
const longestPutOffMs = 15 * minute;
const ageDivisor = 4;

/**
 * How long a delivery is put off whose secrets cannot be opened, in milliseconds: the longer the older it is, so that an outage that lasts
 * is not met by all that waits for its end, each minute anew.
 */
export function putOffAfter(ageMs: number): number {
  return Math.min(longestPutOffMs, Math.max(firstPutOffMs, Math.round(ageMs / ageDivisor)));
}

const digits = /^[0-9]{1,10}$/;

/** What `Retry-After` asks for, in milliseconds from now; 0 where it is absent, past or unreadable. Source: RFC 9110, section 10.2.3. */
export function wantedPauseMs(retryAfter: string | undefined, now: number): number {
  const text = retryAfter?.trim() ?? '';
  if (digits.test(text)) return Number(text) * second;
  const time = Date.parse(text);
  return Number.isNaN(time) ? 0 : Math.max(0, time - now);
}
