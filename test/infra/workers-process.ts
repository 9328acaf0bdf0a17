/**
 * Synthesises one worker of each kind, for `event-sources.test.ts`, and writes the template of their stack to standard output. It takes
 * the folder of their bundles.
 */
import { App, Stack } from 'aws-cdk-lib';
import { DataStack } from '../../infra/data-stack.ts';
import { MessageAddresses } from '../../infra/message-addresses.ts';
import { Messaging } from '../../infra/messaging.ts';
import { stageOf } from '../../infra/stage.ts';
import { WorkerFunction } from '../../infra/worker-function.ts';
import { kindsOfWorkers } from './fixtures/kinds-of-workers.ts';

const [, , bundles = ''] = process.argv;
const app = new App({ context: { stage: 'test' }, analyticsReporting: false });
const options = {
  canary: 'on',
  webhookTargets: 'public',
  stageLimit: { requestsPerSecond: 2_000, burst: 2_000 },
} as const;
const state = new DataStack(app, 'Data', { stage: stageOf(app), options });
const stack = new Stack(app, 'Workers');
const surroundings = {
  state,
  addresses: new MessageAddresses(stack, 'test'),
  messaging: new Messaging(stack, 'Messaging', { stage: 'test' }),
  webhookTargets: options.webhookTargets,
  bundles,
};
for (const [kind, needs] of Object.entries(kindsOfWorkers)) {
  // The name is of a worker that there is; the rest is the fixture's.
  new WorkerFunction(stack, kind, { ...surroundings, worker: 'audit-ledger', needs });
}
process.stdout.write(JSON.stringify(app.synth().getStackByName('Workers').template));
