import path from 'node:path';
import type { Construct } from 'constructs';
import { wakeByDeadLetters, wakeByQueue, wakeBySchedule, wakeByStream } from './event-sources.ts';
import { environmentFor, grantNeeds, type Surroundings } from './function-needs.ts';
import { LedgerFunction } from './ledger-function.ts';
import { timeoutOf } from './worker-timeout.ts';
import type { WorkerNeeds } from './workers.ts';

export interface WorkerFunctionProps extends Surroundings {
  /** The name of the worker, which is its bundle's too. */
  readonly name: string;
  readonly serviceName: string;
  readonly needs: WorkerNeeds;
  /** The folder that holds one folder with an `index.mjs` for each function. */
  readonly bundles: string;
}

/** The function of one worker, and what wakes it. */
export class WorkerFunction extends LedgerFunction {
  constructor(scope: Construct, id: string, props: WorkerFunctionProps) {
    const { name, needs, bundles, serviceName } = props;
    const { flags } = props.state;
    super(scope, id, {
      description: needs.description,
      bundle: path.join(bundles, name),
      serviceName,
      timeoutSeconds: timeoutOf(needs),
      environment: { ...environmentFor(needs, props), ...(needs.obeysFlags && flags.environment) },
    });
    grantNeeds(this, needs, props);
    if (needs.obeysFlags) flags.grantRead(this);
    wake(this, props);
  }
}

function wake(
  worker: LedgerFunction,
  { serviceName, needs: { wokenBy }, messaging, state }: WorkerFunctionProps,
): void {
  switch (wokenBy.by) {
    case 'schedule':
      wakeBySchedule(worker, serviceName, wokenBy);
      break;
    case 'queue':
      wakeByQueue(worker, messaging.queues[wokenBy.queue].queue, wokenBy.maximumConcurrency);
      break;
    case 'deadLetters':
      wakeByDeadLetters(worker, messaging);
      break;
    case 'ledgerStream':
      wakeByStream(worker, state.ledgerStreamArn, messaging.streamFailures);
      break;
  }
}
