import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { endState } from './end-state.ts';
import { Load, transferAsync, type Wish } from './load.ts';
import { ScenarioRuntime } from './scenario-runtime.ts';

const timeoutMs = 120_000;
const accounts = ['alice', 'bob', 'carol', 'dave'];
const wishesEach = 20;

let runtime: ScenarioRuntime;
const load = new Load();
beforeAll(async () => {
  runtime = await ScenarioRuntime.start({ deliversTwice: true });
  await load.prepare(runtime.api, accounts, 500);
}, timeoutMs);
afterAll(() => runtime?.stop());

/** One client for each account; the last wishes are for more than there is. */
function wishesOf(index: number): Wish[] {
  const source = accounts[index] as string;
  const destination = accounts[(index + 1) % accounts.length] as string;
  return Array.from({ length: wishesEach }, (_, i): Wish => {
    const movement = { source, destination, amount: i + 1 };
    if (i === 5) return { kind: 'batch', isAsync: true, movements: [movement, { ...movement, amount: 2 }] };
    if (i === 6) return { kind: 'hold', reservation: { account: source, amount: i } };
    return transferAsync(source, destination, i === wishesEach - 1 ? 1_000_000 : movement.amount);
  });
}

describe('a pipeline in which everything is delivered twice', () => {
  it(
    'does everything once, with stream records and messages that come twice at the same moment',
    async () => {
      await load.run(
        runtime.api,
        accounts.map((_, index) => wishesOf(index)),
      );
      const { findings, rejected } = await endState(runtime, load);
      expect(findings).toEqual([]);
      expect(rejected).toBe(accounts.length);
    },
    timeoutMs,
  );

  it(
    'does nothing when every message of before is sent again',
    async () => {
      const before = await endState(runtime, load);
      const records = load.granted.map(({ record }) => record);
      const items = records.map((record) => `T#default#X#${record}`);
      for (let round = 1; round <= 2; round++) {
        await send(
          'Lines',
          accounts.map((account) => ({ tenant: 'default', account })),
        );
        await send('Journal', [{ tenant: 'default', items }]);
        await send('Publication', [{ tenant: 'default' }, { tenant: 'default' }]);
      }
      expect(await endState(runtime, load)).toEqual(before);
      expect(before.findings).toEqual([]);
    },
    timeoutMs,
  );
});

async function send(queue: string, bodies: readonly object[]): Promise<void> {
  const { queuesEndpoint: endpoint } = runtime.services;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new SQSClient({ endpoint, region: 'us-east-1', credentials });
  const { Failed } = await client.send(
    new SendMessageBatchCommand({
      QueueUrl: runtime.queueUrl(queue),
      Entries: bodies.map((body, index) => ({
        Id: String(index),
        MessageBody: JSON.stringify(body),
        MessageGroupId: 'again',
        MessageDeduplicationId: crypto.randomUUID(),
      })),
    }),
  );
  expect(Failed ?? []).toEqual([]);
  client.destroy();
}
