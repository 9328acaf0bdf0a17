/** The first pause, and the longest, in seconds. Five receives span two minutes or so: longer than most outages. */
const firstSeconds = 4;
const longestSeconds = 120;

/**
 * How long a message stays hidden after a failed receive, in seconds: a random part of a span that doubles, and never
 * less than half of it, so that few receives still outlast an outage.
 * Source: "equal jitter", AWS Architecture Blog, Exponential Backoff And Jitter.
 *
 * @param receives how often it has been received, from 1
 * @param random from 0 to 1
 */
export function retryDelaySeconds(receives: number, random: number): number {
  const span = Math.min(longestSeconds, firstSeconds * 2 ** receives);
  return Math.ceil(span / 2 + (random * span) / 2);
}
