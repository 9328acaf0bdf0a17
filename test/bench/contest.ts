import { setTimeout as sleep } from 'node:timers/promises';
import { type LoopResult, runClosedLoop } from './closed-loop.ts';
import type { Contestant } from './contestant.ts';
import { median } from './median.ts';
import type { BenchOptions } from './options.ts';
import type { Workload } from './workloads.ts';

/** Medians over the rounds, of one side under one workload. */
export type Measurement = LoopResult & {
  readonly workload: Workload;
  readonly contestant: string;
  /** Writes that failed for each command that was answered; where it was counted. */
  readonly failedAttempts?: number;
};

const WARM_UP_MS = 1_000;
/** What a turn leaves behind (log writes, garbage) should not be paid by the next side. */
const PAUSE_MS = 300;

/**
 * Lets all sides take turns under one workload, A B C A B C, so that what else happens on the machine falls on all of them.
 * Afterwards the books of each must balance.
 */
export async function compete(
  workload: Workload,
  contestants: readonly Contestant[],
  { seconds, rounds }: Pick<BenchOptions, 'seconds' | 'rounds'>,
): Promise<readonly Measurement[]> {
  const results = contestants.map((): LoopResult[] => []);
  for (let round = 1; round <= rounds; round += 1) {
    for (const [index, { name, url, apiKey }] of contestants.entries()) {
      process.stderr.write(`  ${workload.title}, ${workload.clients} at once · round ${round} · ${name}\n`);
      const result = await runClosedLoop({
        url,
        apiKey,
        clients: workload.clients,
        warmUpMs: WARM_UP_MS,
        durationMs: seconds * 1_000,
        nextRequest: workload.requests(String(round)),
        expectedStatus: workload.expectedStatus,
      });
      results[index]?.push(result);
      await sleep(PAUSE_MS);
    }
  }
  for (const contestant of contestants) await assertBooksBalance(contestant);
  return contestants.map(({ name }, index) => ({ workload, contestant: name, ...medians(results[index] ?? []) }));
}

async function assertBooksBalance(contestant: Contestant): Promise<void> {
  const sums = await contestant.sums();
  if (sums.length === 0 || sums.some((sum) => sum !== 0n)) {
    throw new Error(`The books of ${contestant.name} do not balance: the sums are ${sums.join(', ')}.`);
  }
}

function medians(results: readonly LoopResult[]): LoopResult {
  return {
    perSecond: median(results.map((result) => result.perSecond)),
    p50: median(results.map((result) => result.p50)),
    p99: median(results.map((result) => result.p99)),
    turnedAway: results.reduce((sum, result) => sum + result.turnedAway, 0),
    generatorLoad: Math.max(...results.map((result) => result.generatorLoad)),
  };
}
