import type { Area } from './areas.ts';
import type { Worker } from './workers.ts';

/** The name of the function of an area, or of a worker, in logs, metrics and traces. */
export function serviceNameOf(name: Area | Worker): string {
  return `florin-${name}`;
}

/**
 * What Lambda calls a function, and with a slash before it the last part of its log group. The name is given, so that what watches over the function
 * knows it without a reference: alarms and dashboards are in a stack of their own, which keeps no function from being taken away.
 */
export function functionNameOf(stage: string, name: Area | Worker): string {
  return `florin-${stage}-${name}`;
}

/** Where a function logs. */
export function logGroupNameOf(stage: string, name: Area | Worker): string {
  return `/florin/${stage}/${name}`;
}

/** The alias through which everything calls a function. */
export const liveAlias = 'live';
