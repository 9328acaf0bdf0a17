import { setTimeout as sleep } from 'node:timers/promises';

const windows = { hour: 3_600_000, day: 86_400_000 } as const;

/**
 * Limits of debits count by hours and days of UTC. Where one ends before a test that takes so many milliseconds has ended, waits until the next
 * has begun: what was used is forgotten in between.
 */
export async function withinOne(window: keyof typeof windows, takesMs: number): Promise<void> {
  const leftMs = windows[window] - (Date.now() % windows[window]);
  if (leftMs < takesMs) await sleep(leftMs);
}
