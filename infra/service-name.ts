import type { Area } from './areas.ts';
import type { Worker } from './workers.ts';

/** The name of the function of an area, or of a worker, in logs, metrics and traces. */
export function serviceNameOf(name: Area | Worker): string {
  return `florin-${name}`;
}
