import type { Stack } from 'aws-cdk-lib';

/** What of a Region is made anew by a release. */
export interface ReleasedStacks {
  readonly watch: Stack;
  readonly work: Stack;
  readonly api: Stack;
}

/**
 * Fixes in which order they are deployed, since none refers to another. Alarms come first: a release of what moves money names some that may take it
 * back. Workers come before the API: they have to read what it writes and sends, and a new worker reads what the old functions wrote, too.
 */
export function releaseInOrder({ watch, work, api }: ReleasedStacks): void {
  work.addStackDependency(watch);
  api.addStackDependency(work);
}
