import type { LineWriter } from '../observability/index.ts';
import { readEnvironment } from './environment.ts';
import { flagsOfEnvironment } from './flags-parameter.ts';

/**
 * Tells whether what is written here may be another Region's, which replicates it to this one: where there are two, the one whose changes are
 * switched off leaves to the other what it would otherwise do for itself. In a stage of one Region it is never so, and the flags are not read.
 *
 * @throws EnvironmentError where the environment does not name the flags
 */
export function otherRegionInCharge(logger: LineWriter): () => Promise<boolean> {
  const { FLAGS_WHEN_UNREADABLE } = readEnvironment(['FLAGS_WHEN_UNREADABLE']);
  const flags = flagsOfEnvironment(logger);
  return async () => FLAGS_WHEN_UNREADABLE === 'closed' && !(await flags.current()).acceptWrites;
}
