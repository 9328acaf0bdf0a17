import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { workers } from '../../infra/workers.ts';
import { actionsOf } from '../infra/iam-actions.ts';
import { grantsUsed, narrowGrants, partitionUsesOf } from '../infra/partition-uses.ts';
import { grantsOnTable } from '../infra/table-grants.ts';
import { type CapturedOutput, captureOutput } from '../observability/captured-output.ts';
import { type PlatformFixture, queueRecord, startPlatform } from '../platform/platform-fixture.ts';
import { type QueueFixture, startQueues } from '../platform/queue-fixture.ts';
import { startParameterStore, type TestParameterStore } from '../support/parameter-store.ts';
import { flagsParameter } from './api.ts';
import { lambdaContext } from './proxy-event.ts';

type Handler = typeof import('../../functions/workers/keep-dead-letters.ts')['handler'];

const logLevel = process.env.POWERTOOLS_LOG_LEVEL;
let platform: PlatformFixture;
let queues: QueueFixture;
let parameters: TestParameterStore;
let handler: Handler;
let output: CapturedOutput;
beforeAll(async () => {
  [platform, queues] = await Promise.all([startPlatform(), startQueues()]);
  parameters = await startParameterStore({ [flagsParameter]: '{}' });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: platform.proxy.url,
    AWS_ENDPOINT_URL_SSM: parameters.endpoint,
    FLAGS_PARAMETER: flagsParameter,
    FLAGS_WHEN_UNREADABLE: 'closed',
    PLATFORM_TABLE: platform.table.name,
    POWERTOOLS_METRICS_NAMESPACE: 'Florin/test',
    POWERTOOLS_LOG_LEVEL: 'INFO',
  });
  handler = (await import('../../functions/workers/keep-dead-letters.ts')).handler;
});
beforeEach(() => {
  output = captureOutput();
});
afterEach(() => {
  output.stop();
  platform.proxy.rules.length = 0;
});
afterAll(async () => {
  if (logLevel === undefined) delete process.env.POWERTOOLS_LOG_LEVEL;
  else process.env.POWERTOOLS_LOG_LEVEL = logLevel;
  await Promise.all([parameters.stop(), queues.stop()]);
  await platform.stop();
});

const keep = (...Records: ReturnType<typeof queueRecord>[]) => handler({ Records }, lambdaContext(20_000));
const failures = (...ids: string[]) => ({ batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) });
const line = (message: string) => output.lines().filter((one) => one.message === message);
const lettersOf = async (messageId: string) =>
  (await platform.items()).filter(({ message }) => (message as { id?: string } | undefined)?.id === messageId);

describe('keep-dead-letters', () => {
  it('keeps what its queues gave up, whatever it is, and counts it by where it came from', async () => {
    queues.send('lines', JSON.stringify({ tenant: 'default', account: 'alice' }), { correlationId: 'c-1' });
    queues.send('deliveries', 'no json');
    queues.send('ledger_stream', '{"version":"1.0"}');
    for (const source of ['lines', 'deliveries', 'ledger_stream'] as const) await queues.exhaust(source);
    const records = [];
    for (const source of ['lines', 'deliveries', 'ledger_stream'] as const) {
      records.push(...(await queues.receive(queues.deadLettersOf(source))));
    }
    expect(await keep(...records)).toEqual(failures());
    const kept = line('dead letter');
    expect(kept.map(({ source, DeadLettersKept }) => [source, DeadLettersKept]).sort()).toEqual([
      ['deliveries', 1],
      ['ledger_stream', 1],
      ['lines', 1],
    ]);
    for (const one of kept) expect(one).toMatchObject({ level: 'ERROR', _aws: expect.anything() });
    expect(kept.find(({ source }) => source === 'lines')).toMatchObject({
      tenant: 'default',
      account: 'alice',
      correlationId: 'c-1',
    });
    for (const { messageId } of records) expect(await lettersOf(messageId)).toHaveLength(1);
  });

  it('keeps a message once, and counts it once, however often it comes', async () => {
    const record = queueRecord('twice', { tenant: 'default' });
    expect(await keep(record, record)).toEqual(failures());
    expect(await keep(record)).toEqual(failures());
    expect(line('dead letter')).toHaveLength(1);
    expect(line('dead letter known already')).toHaveLength(2);
    expect(await lettersOf('twice')).toHaveLength(1);
  });

  it('counts a message although the answer to its write was lost: nobody else will', async () => {
    platform.proxy.rules.push({ operation: 'TransactWriteItems', fault: { kind: 'dropAnswer' }, count: 1 });
    expect(await keep(queueRecord('answer lost', '{}'))).toEqual(failures());
    expect(line('dead letter')).toEqual([expect.objectContaining({ DeadLettersKept: 1 })]);
    expect(await lettersOf('answer lost')).toHaveLength(1);
  });

  it('leaves in its queue what cannot be kept, and keeps the rest', async () => {
    const stranger = queueRecord('stranger', '{}', { eventSourceARN: 'arn:aws:sqs:eu-central-1:0:another-queue' });
    expect(await keep(stranger, queueRecord('sound', '{}'))).toEqual(failures('stranger'));
    expect(await lettersOf('sound')).toHaveLength(1);
    expect(line('a dead letter could not be kept')).toEqual([
      expect.objectContaining({ level: 'ERROR', messageId: 'stranger' }),
    ]);
    platform.proxy.rules.push({ fault: { kind: 'throttle' } });
    expect(await keep(queueRecord('throttled', '{}'))).toEqual(failures('throttled'));
    platform.proxy.rules.length = 0;
    expect(await keep(queueRecord('throttled', '{}'))).toEqual(failures());
    expect(await lettersOf('throttled')).toHaveLength(1);
  });

  it('uses what it is granted, no less and no more', async () => {
    platform.proxy.log.length = 0;
    await keep(queueRecord('grants', '{}'), queueRecord('grants of a tenant', '{"tenant":"default"}'));
    const used = new Set(platform.proxy.log.flatMap(actionsOf));
    const needs = workers['keep-dead-letters'].platform;
    expect([...used].sort()).toEqual(grantsOnTable(platform.table.name, needs).sort());
    const uses = platform.proxy.log.flatMap((each) => partitionUsesOf(platform.table.name, each));
    const grants = narrowGrants(needs.narrowActions);
    expect(grantsUsed(uses, grants)).toEqual(grants.sort());
  });

  it('keeps nothing while changes are switched off', async () => {
    parameters.parameters.set(flagsParameter, '{"acceptWrites":false}');
    const closed = await freshHandler();
    const record = queueRecord('closed', '{}');
    expect(await closed({ Records: [record] }, lambdaContext())).toEqual(failures('closed'));
    expect(await lettersOf('closed')).toEqual([]);
    parameters.parameters.set(flagsParameter, '{}');
  });
});

/** An instance that has read no flags yet. */
async function freshHandler(): Promise<Handler> {
  jest.resetModules();
  return (await import('../../functions/workers/keep-dead-letters.ts')).handler;
}
