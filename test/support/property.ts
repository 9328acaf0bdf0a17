import fc from 'fast-check';

/** What every property test of a run draws from: taken from `FC_SEED` to repeat a run, otherwise made. */
export const seed =
  process.env.FC_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(process.env.FC_SEED);

/** How long a property may take at its usual number of runs: a little less than a test, which would end without telling what it has found. */
const LONGEST_MS = 170_000;

let isAnnounced = false;

/** How often a property is tried: as often as it says, or as `FLORIN_PROPERTY_RUNS` says. */
export function runsOf(usual: number): number {
  return process.env.FLORIN_PROPERTY_RUNS === undefined ? usual : Number(process.env.FLORIN_PROPERTY_RUNS);
}

/**
 * The seed with the number of runs, for `fc.assert`; prints the seed once a file, so that any run can be repeated.
 * A property that takes long fails; this also bounds the search for a smaller counterexample.
 */
export function parameters(usualRuns: number) {
  if (!isAnnounced) process.stderr.write(`properties: FC_SEED=${seed}\n`);
  isAnnounced = true;
  const numRuns = runsOf(usualRuns);
  const interruptAfterTimeLimit = LONGEST_MS * Math.max(1, numRuns / usualRuns);
  return { seed, numRuns, interruptAfterTimeLimit, markInterruptAsFailure: true };
}

/** Tries a property that needs no waiting; a failure names the seed and the smallest counterexample found. */
export function check<Ts>(property: fc.IProperty<Ts>, usualRuns = 200): void {
  fc.assert(property, parameters(usualRuns));
}
