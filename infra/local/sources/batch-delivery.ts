import type { BatchOutcome } from './batch-outcome.ts';

/** What becomes of the records of one shard, in order. */
export interface BatchReceiver<Item> {
  /** Calls the function once. It never rejects. */
  attempt(items: readonly Item[]): Promise<BatchOutcome | 'not-started'>;
  idOf(item: Item): string;
  /** All items up to this one are done with. */
  done(last: Item): void;
  /** The items are given up after so many attempts; they are done with as well. */
  discard(items: readonly Item[], attempts: number): void;
  /** Waits before the next attempt; false: there is to be none. */
  pause(failures: number): Promise<boolean>;
  readonly bisects: boolean;
  readonly maximumRetries: number;
}

interface Part<Item> {
  readonly items: readonly Item[];
  /** Attempts that failed and count. */
  readonly failures: number;
}

/**
 * Has the function process a batch of a stream: what follows a failure waits until that has succeeded or is given up. A batch that
 * fails is halved where that is asked for, which costs none of its retries, so that in the end a record that always fails
 * is alone; a function that names the first failure is not called again with what came before it.
 * @returns false if it was broken off by `pause`; what is not done with then comes again.
 */
export async function deliverBatch<Item>(items: readonly Item[], receiver: BatchReceiver<Item>): Promise<boolean> {
  const parts: Part<Item>[] = [{ items, failures: 0 }];
  for (let part = parts.shift(); part; part = parts.shift()) {
    const outcome = await receiver.attempt(part.items);
    if (outcome === 'succeeded') {
      receiver.done(part.items.at(-1) as Item);
      continue;
    }
    // A call for which there was no room is none.
    const remaining = outcome === 'not-started' ? [part] : afterFailure(part, outcome, receiver);
    parts.unshift(...remaining);
    if (remaining[0] && !(await receiver.pause(remaining[0].failures))) return false;
  }
  return true;
}

function afterFailure<Item>(
  { items, failures }: Part<Item>,
  outcome: Exclude<BatchOutcome, 'succeeded'>,
  receiver: BatchReceiver<Item>,
): Part<Item>[] {
  const first = outcome === 'failed' ? 0 : items.findIndex((item) => outcome.failedIds.has(receiver.idOf(item)));
  const rest = items.slice(first);
  if (first > 0) receiver.done(items[first - 1] as Item);
  // What comes first now has not failed before.
  const failuresBefore = first > 0 ? 0 : failures;
  if (receiver.bisects && rest.length > 1) {
    const middle = first > 0 ? rest.length : Math.ceil(rest.length / 2);
    return [rest.slice(0, middle), rest.slice(middle)]
      .filter(({ length }) => length > 0)
      .map((half) => ({ items: half, failures: failuresBefore }));
  }
  if (failuresBefore + 1 > receiver.maximumRetries) {
    receiver.discard(rest, failuresBefore + 1);
    receiver.done(rest.at(-1) as Item);
    return [];
  }
  return [{ items: rest, failures: failuresBefore + 1 }];
}
