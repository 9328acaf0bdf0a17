import { setTimeout as sleep } from 'node:timers/promises';

const lookIntervalMs = 5;

/**
 * What a busy machine may add to a bounded wait, in milliseconds: beside other tests a process may get no time for seconds, more than once. Only
 * for bounds whose alternative is to wait for ever, or for minutes; two bounds are told apart by a clock of the test's own, or by what is asked for.
 */
export const busyMachineMs = 10_000;

/**
 * Looks again and again until there is something to see, and returns it.
 * @throws what was waited for, when that takes longer than the time given in milliseconds.
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 20_000,
): Promise<T> {
  const giveUpAt = Date.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > giveUpAt) throw new Error(`${timeoutMs} ms were not enough for this: ${what}`);
    await sleep(lookIntervalMs);
  }
}
