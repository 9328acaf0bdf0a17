import { queueList } from './queue-list.ts';
import type { WorkerNeeds } from './workers.ts';

/** Where a worker does not say when it is to be stopped. */
const DEFAULT_TIMEOUT_SECONDS = 20;

/** After how many seconds a worker is stopped. The queue that wakes it sets the bound, since it has to hide messages for longer. */
export function timeoutOf({ wokenBy, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS }: WorkerNeeds): number {
  return wokenBy.by === 'queue' ? queueList[wokenBy.queue].workSeconds : timeoutSeconds;
}
