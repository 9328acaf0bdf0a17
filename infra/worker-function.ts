import path from 'node:path';
import type { Construct } from 'constructs';
import { wakeByDeadLetters, wakeByQueue, wakeBySchedule, wakeByStream } from './event-sources.ts';
import { environmentFor, grantNeeds, type Surroundings } from './function-needs.ts';
import { LedgerFunction } from './ledger-function.ts';
import type { Messaging } from './messaging.ts';
import { functionNameOf, logGroupNameOf, serviceNameOf } from './service-name.ts';
import { stageOf } from './stage.ts';
import { timeoutOf } from './worker-timeout.ts';
import type { Worker, WorkerNeeds } from './workers.ts';

export interface WorkerFunctionProps extends Surroundings {
  readonly worker: Worker;
  readonly needs: WorkerNeeds;
  readonly messaging: Messaging;
  /** The folder that holds one folder with an `index.mjs` for each function. */
  readonly bundles: string;
}

/** The function of one worker, and what wakes it. */
export class WorkerFunction extends LedgerFunction {
  constructor(scope: Construct, id: string, props: WorkerFunctionProps) {
    const { worker, needs, bundles } = props;
    const { flags } = props.state;
    const stage = stageOf(scope).name;
    super(scope, id, {
      functionName: functionNameOf(stage, worker),
      logGroupName: logGroupNameOf(stage, worker),
      description: needs.description,
      bundle: path.join(bundles, worker),
      serviceName: serviceNameOf(worker),
      timeoutSeconds: timeoutOf(needs),
      environment: { ...environmentFor(needs, props), ...(needs.obeysFlags && flags.environment) },
    });
    grantNeeds(this, needs, props);
    if (needs.obeysFlags) flags.grantRead(this);
    wake(this, props);
  }
}

function wake(code: LedgerFunction, { worker, needs: { wokenBy }, messaging, state }: WorkerFunctionProps): void {
  switch (wokenBy.by) {
    case 'schedule':
      wakeBySchedule(code, serviceNameOf(worker), wokenBy);
      break;
    case 'queue':
      wakeByQueue(code, messaging.queues[wokenBy.queue].queue, wokenBy.maximumConcurrency);
      break;
    case 'deadLetters':
      wakeByDeadLetters(code, messaging);
      break;
    case 'ledgerStream':
      wakeByStream(code, state.ledgerStreamArn, messaging.streamFailures);
      break;
  }
}
