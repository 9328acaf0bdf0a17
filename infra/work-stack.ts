import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { MessageAddresses } from './message-addresses.ts';
import { Messaging } from './messaging.ts';
import type { Options } from './options.ts';
import type { RegionalState } from './regional-state.ts';
import type { Stage } from './stage.ts';
import { WorkerFunction } from './worker-function.ts';
import { type Worker, workers } from './workers.ts';

export interface WorkStackProps extends StackProps {
  readonly stage: Stage;
  readonly options: Pick<Options, 'webhookTargets'>;
  /** The folder that holds one folder with an `index.mjs` for each function. */
  readonly bundles: string;
  readonly state: RegionalState;
}

/** What is done in the background, which may be replaced at any time: the queues, the topic of events, and a function for each worker with what wakes it. */
export class WorkStack extends Stack {
  constructor(scope: Construct, id: string, props: WorkStackProps) {
    super(scope, id, props);
    const { stage, options, state, bundles } = props;
    const surroundings = {
      state,
      addresses: new MessageAddresses(this, stage.name),
      messaging: new Messaging(this, 'Messaging', { stage: stage.name }),
      webhookTargets: options.webhookTargets,
      bundles,
    };
    for (const worker of Object.keys(workers) as Worker[]) {
      const name = worker.replace(/(?:^|-)(\w)/g, (_, first: string) => first.toUpperCase());
      new WorkerFunction(this, name, { ...surroundings, worker, needs: workers[worker] });
    }
  }
}
