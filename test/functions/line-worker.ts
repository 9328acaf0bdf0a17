import type { ServedQueue, Worker } from '../support/queues.ts';
import type { TestApi } from './api.ts';
import { lambdaContext } from './proxy-event.ts';

/** Starts the worker of the lines on the API's queue, as its event source would. */
export async function serveLines({ queues }: TestApi): Promise<ServedQueue> {
  // Loaded only now: it reads the environment that the API has made.
  const { handler } = await import('../../functions/workers/process-transfers.ts');
  const worker: Worker = handler;
  return queues.serve('lines', worker, { context: () => lambdaContext(20_000) });
}

/** Serves the lines until every wake-up is worked on, then leaves them alone again. */
export async function drainLines(api: TestApi): Promise<void> {
  const served = await serveLines(api);
  await served.drained();
  await served.stop();
}
