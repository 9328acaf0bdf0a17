import { join } from 'node:path';
import { compete, type Measurement } from './contest.ts';
import type { Contestant } from './contestant.ts';
import { createEmptyAccounts, spreadTreasury } from './florin/florin-ledger.ts';
import { startFlorin } from './florin/start-florin.ts';
import type { BenchOptions } from './options.ts';
import { busyAccounts } from './population.ts';
import { spreadWorkload } from './workloads.ts';

const ISOLATES = 4;
const SHARDS = 16;

export const spreadNames = {
  one: `Florin, ${ISOLATES} isolates, one balance`,
  sharded: `Florin, ${ISOLATES} isolates, ${SHARDS} shards`,
};

/** Writes sent for commands, and commands that were answered, since the runtime was started. */
interface Attempts {
  readonly sent: number;
  readonly answered: number;
}

/**
 * Everybody is paid by the treasury at once, with one request in each isolate, so that nothing is gathered: on a
 * treasury of one balance, and on one that is spread. What differs is how many writes fail for each that succeeds.
 */
export async function runSpreadContest(options: BenchOptions, folder: string): Promise<readonly Measurement[]> {
  if (!options.only.has(spreadWorkload.group)) return [];
  await using running = new AsyncDisposableStack();
  const contestants: Contestant[] = [];
  for (const [name, shards] of [
    [spreadNames.one, 1],
    [spreadNames.sharded, SHARDS],
  ] as const) {
    const florin = await startFlorin({ name, isolates: ISOLATES, folder: join(folder, `spread-${shards}`) });
    running.defer(() => florin.stop());
    await createEmptyAccounts(florin, busyAccounts);
    if (shards > 1) await spreadTreasury(florin, shards);
    contestants.push(florin);
  }
  const before = await Promise.all(contestants.map(readAttempts));
  const measurements = await compete(spreadWorkload, contestants, options);
  const after = await Promise.all(contestants.map(readAttempts));
  return measurements.map((measurement, index) => ({
    ...measurement,
    failedAttempts: failedPerSuccess(before[index] as Attempts, after[index] as Attempts),
  }));
}

function failedPerSuccess(before: Attempts, after: Attempts): number {
  const answered = after.answered - before.answered;
  return (after.sent - before.sent - answered) / answered;
}

/** From the runtime's own metrics, over all functions and series. */
async function readAttempts({ url }: Contestant): Promise<Attempts> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const sumOf = (name: string) => {
    const values = [...page.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? ([0-9.e+]+)$`, 'gm'))];
    if (values.length === 0) throw new Error(`The metrics of ${url} have no ${name}.`);
    return values.reduce((sum, [, value]) => sum + Number(value), 0);
  };
  return { sent: sumOf('florin_commit_attempts_sum'), answered: sumOf('florin_commit_attempts_count') };
}
