import path from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';
import { LedgerFunction } from './ledger-function.ts';
import type { RegionalState } from './regional-state.ts';
import { serviceNameOf } from './service-name.ts';
import { type Worker, type WorkerNeeds, workers } from './workers.ts';

export interface WorkerFunctionProps {
  readonly worker: Worker;
  /** The folder that holds one folder with an `index.mjs` for each function. */
  readonly bundles: string;
  readonly state: RegionalState;
}

/** The function of one worker, and the schedule that wakes it. */
export class WorkerFunction extends LedgerFunction {
  constructor(scope: Construct, id: string, { worker, bundles, state }: WorkerFunctionProps) {
    const needs: WorkerNeeds = workers[worker];
    super(scope, id, {
      description: needs.description,
      bundle: path.join(bundles, worker),
      serviceName: serviceNameOf(worker),
      timeoutSeconds: needs.timeoutSeconds,
      environment: {
        LEDGER_TABLE: state.ledger.tableName,
        ...(needs.obeysFlags && state.flags.environment),
      },
    });
    state.ledger.grantItems(this, needs.ledgerActions);
    for (const index of needs.scannedIndexes) state.ledger.grantIndexScan(this, index);
    for (const index of needs.queriedIndexes) state.ledger.grantIndexQuery(this, index);
    if (needs.putsBelow !== undefined) state.ledger.grantPutBelow(this, needs.putsBelow);
    if (needs.obeysFlags) state.flags.grantRead(this);
    new Rule(this, 'Schedule', {
      description: `Wakes ${serviceNameOf(worker)}`,
      schedule: Schedule.rate(Duration.minutes(needs.everyMinutes)),
      // A run that is missed is made up for by the next: an old event is of no use.
      targets: [new LambdaTarget(this.live, { retryAttempts: 0, maxEventAge: Duration.minutes(needs.everyMinutes) })],
    });
  }
}
