import { randomUUID } from 'node:crypto';
import type { ScheduleDefinition } from './deployment.ts';
import { InvocationError } from './invocation-errors.ts';
import { accountId, region } from './stack-scope.ts';

/** What a schedule calls. Who fails is told of where functions report their failures. */
interface Callee {
  invoke(event: unknown, maximumWaitMs: number): Promise<unknown>;
}

/**
 * Calls functions on their schedules: first when their time has passed once, as EventBridge does after a deployment. A call that
 * fails is not made again, the next one is made when its time comes.
 * @returns what stops all of them
 */
export function playSchedules(
  schedules: readonly ScheduleDefinition[],
  functions: ReadonlyMap<string, Callee>,
): () => void {
  const timers = schedules.map((schedule) => {
    const { functionName, everyMs } = schedule;
    return setInterval(() => {
      // A failed invocation is counted and reported by the function itself.
      functions.get(functionName)?.invoke(scheduledEvent(schedule), everyMs).catch(ignoreFailedInvocation);
    }, everyMs).unref();
  });
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}

function ignoreFailedInvocation(error: unknown): void {
  if (!(error instanceof InvocationError)) throw error;
}

/** Source: Amazon EventBridge User Guide, "Scheduled Event". */
function scheduledEvent({ arn }: ScheduleDefinition): object {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: accountId,
    time: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    region,
    resources: [arn],
    detail: {},
  };
}
