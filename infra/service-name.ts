import type { Area } from './areas.ts';

/** The name of an area's function in logs, metrics and traces. */
export function serviceNameOf(area: Area): string {
  return `florin-${area}`;
}
