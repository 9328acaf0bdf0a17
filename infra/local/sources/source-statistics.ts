import type { EventSourceDefinition } from '../deployment.ts';

/** What is known of one event source since the runtime started. */
export interface SourceStatistics {
  /** Calls of the function. */
  readonly batches: number;
  /** Records or messages that the function was called with, counted each time. */
  readonly records: number;
  /** Calls that failed, in part or as a whole. */
  readonly failures: number;
  /** Records that were given up. */
  readonly discarded: number;
  /** The age of the oldest record or message that is being processed; 0 when none is. */
  readonly ageMs: number;
}

/** What calls a function with batches. */
export interface BatchSource {
  readonly definition: EventSourceDefinition;
  readonly statistics: SourceStatistics;
}
