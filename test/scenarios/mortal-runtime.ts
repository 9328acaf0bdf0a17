/**
 * A process of its own for an embedded runtime that is to die. It runs the application until its end; where to die, and what
 * else is to go wrong between its parts, its parent says.
 */
import { appendFileSync } from 'node:fs';
import { startEmbedded } from '../../infra/local/embedded.ts';
import { LambdaFunction } from '../../infra/local/lambda-function.ts';
import { WatchedQueue } from '../../infra/local/queues/watched-queue.ts';
import { queueNameOf } from '../../infra/queue-name.ts';
import type { FromRuntime, MortalSettings, SendDeath, ToRuntime } from './mortal-messages.ts';

const stage = 'dev';
const settings: MortalSettings = JSON.parse(process.argv[2] ?? '');
let death: SendDeath | undefined;

/** The kernel ends the process before this returns: nothing behind it is done, and nothing is cleaned up. */
function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

function isDeadly(when: SendDeath['when'], queue: string, deduplicationId: string): boolean {
  if (death?.when !== when || queue !== queueNameOf(stage, death.queue)) return false;
  return !(death.notFrom !== undefined && deduplicationId.startsWith(death.notFrom));
}

const { enqueue } = WatchedQueue.prototype;
const subscriber = queueNameOf(stage, 'webhookEvents');
WatchedQueue.prototype.enqueue = function (message) {
  const deduplicationId = message.messageDeduplicationId ?? '';
  if (isDeadly('before', this.name, deduplicationId)) die();
  enqueue.call(this, message);
  // An event's id is its deduplication id. What is noted was kept by the queue; what was kept and not noted is published again.
  if (this.name === subscriber) appendFileSync(settings.publishedFile, `${deduplicationId}\n`);
  if (isDeadly('after', this.name, deduplicationId)) die();
};

if (settings.deliversTwice) {
  const { invoke } = LambdaFunction.prototype;
  LambdaFunction.prototype.invoke = async function (event, ...rest) {
    const isBatch = typeof event === 'object' && event !== null && 'Records' in event;
    if (!isBatch) return invoke.call(this, event, ...rest);
    // Both at once, as when a message becomes visible again while it is worked on.
    const [, second] = await Promise.all([invoke.call(this, event, ...rest), invoke.call(this, event, ...rest)]);
    return second;
  };
}

const tell = (message: FromRuntime): void => {
  process.send?.(message);
};
const proxied = new Promise<string>((fulfil) => {
  process.on('message', (message: ToRuntime) => {
    if (message.kind === 'functionsEndpoint') fulfil(message.url);
    else {
      death = message.death;
      tell({ kind: 'armed' });
    }
  });
});
// Nobody is left who could want it.
process.on('disconnect', () => process.exit(1));

const runtime = await startEmbedded({
  dataFolder: settings.dataFolder,
  port: settings.port,
  seed: false,
  quiet: true,
  functionsEndpoint(endpoint) {
    tell({ kind: 'database', endpoint });
    return proxied;
  },
});
const { url, port, apiKey, dynamodbEndpoint, dynamodbPid = 0, queuesEndpoint = '', queueUrls, tables } = runtime;
tell({
  kind: 'ready',
  services: { url, port, apiKey, dynamodbEndpoint, dynamodbPid, queuesEndpoint, queueUrls, tables },
});
