const firstPauseMs = 100;
const longestPauseMs = 5_000;

/**
 * How long to wait before the next attempt, in milliseconds: what the service asked for, and never less than a random part
 * of a bound that doubles with each attempt ("full jitter"), so that many clients do not come back at once.
 */
export function pauseBefore(attempt: number, retryAfterMs: number, random: () => number): number {
  const bound = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempt, 16));
  return retryAfterMs + random() * bound;
}

/** Reads `Retry-After`: seconds, or a date. 0 where there is none, or one that cannot be read. Source: RFC 9110, section 10.2.3. */
export function retryAfterMs(header: string | null, now: number): number {
  if (header === null) return 0;
  if (/^[0-9]{1,9}$/.test(header)) return Number(header) * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}
