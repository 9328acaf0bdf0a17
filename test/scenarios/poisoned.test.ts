import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ObservedRequest } from '../support/faults.ts';
import { endState } from './end-state.ts';
import { Load, recordOf, transferAsync } from './load.ts';
import { sendMessages } from './messages.ts';
import { ScenarioRuntime } from './scenario-runtime.ts';

const timeoutMs = 120_000;
const inLine = 20;
const poisoned = 9;

let runtime: ScenarioRuntime;
const load = new Load();
const failed: string[] = [];
beforeAll(async () => {
  runtime = await ScenarioRuntime.start();
  await load.prepare(runtime.api, ['alice', 'bob', 'carol'], 10_000);
}, timeoutMs);
afterAll(() => runtime?.stop());

/** A worker's look at what waits in a line; whoever joins it looks at its tail only. */
const lookAtLine = {
  operation: 'Query',
  matches: ({ body }: ObservedRequest) =>
    JSON.stringify(body.ExpressionAttributeValues).includes('#L#alice') && body.ScanIndexForward !== false,
};

const recordKey = (record: string) => ({ PK: { S: `T#default#X#${record}` }, SK: { S: 'RECORD' } });

async function storedCommand(record: string) {
  const { Item } = await runtime.client.send(
    new GetItemCommand({ TableName: runtime.ledgerTable, Key: recordKey(record), ConsistentRead: true }),
  );
  return Item?.command;
}

async function storeCommand(record: string, command: NonNullable<Awaited<ReturnType<typeof storedCommand>>>) {
  await runtime.client.send(
    new UpdateItemCommand({
      TableName: runtime.ledgerTable,
      Key: recordKey(record),
      UpdateExpression: 'SET command = :command',
      ExpressionAttributeValues: { ':command': command },
    }),
  );
}

describe('a poisoned transaction in the middle of a line', () => {
  it(
    'fails alone, with a dead letter, and the rest goes on in order; repaired, it is done anew',
    async () => {
      const { api, proxy } = runtime;
      // The worker sees the line when all are in it.
      proxy.rules.push({ ...lookAtLine, fault: { kind: 'latency', ms: 1_300 } });
      await load.run(api, [Array.from({ length: inLine }, (_, i) => transferAsync('alice', 'bob', i + 1))]);
      const victim = load.orders.at(-1)?.[poisoned]?.record as string;
      const sound = await storedCommand(victim);
      if (!sound) throw new Error('The transaction does not wait.');
      await storeCommand(victim, { M: { kind: { S: 'transaction' }, postings: { S: 'damaged' } } });
      proxy.rules.length = 0;

      failed.push(victim);
      const { findings } = await endState(runtime, load, { failed });
      expect(findings).toEqual([]);
      const { body: transaction } = await api.get(`/v1/transactions/tx_${victim}`);
      expect(transaction).toMatchObject({ status: 'failed' });
      const { body: letters } = await api.get('/v1/admin/dead-letters?kind=transaction');
      expect(letters.data).toMatchObject([
        {
          status: 'open',
          transactionId: `tx_${victim}`,
          account: 'alice',
          attempts: 5,
          error: { class: 'InvariantViolation' },
        },
      ]);

      const path = `/v1/admin/dead-letters/${letters.data[0].id}/reprocess`;
      // What is damaged cannot be done anew.
      expect(await api.post(path, undefined)).toMatchObject({ body: { code: 'not_reprocessable' } });
      await storeCommand(victim, sound);
      const { body: reprocessed } = await api.settle(path, undefined);
      expect(reprocessed).toMatchObject({ status: 'reprocessed' });
      const again: string = reprocessed.resolution.transactionId;
      const [wish] = load.granted.filter(({ record }) => record === victim).map((granted) => granted.wish);
      if (!wish) throw new Error('Nobody asked for it.');
      load.add({ wish, key: '', record: recordOf(again), members: [] });
      expect((await endState(runtime, load, { failed })).findings).toEqual([]);
      expect((await api.get(`/v1/transactions/${again}`)).body).toMatchObject({ status: 'posted' });
      expect((await api.get(`/v1/transactions/tx_${victim}`)).body).toMatchObject({ reprocessedBy: again });
    },
    timeoutMs,
  );
});

describe('a poisoned message in a group', () => {
  it(
    'ends alone among the dead letters, and the rest of its group goes on',
    async () => {
      const tenant = 'default';
      const good = { Lines: { tenant, account: 'carol' }, Journal: { tenant, items: [] }, Publication: { tenant } };
      for (const [queue, body] of Object.entries(good)) {
        await sendMessages(runtime, queue, [body, 'no JSON', { tenant: 7 }, body], tenant);
      }
      await load.run(runtime.api, [Array.from({ length: 10 }, (_, i) => transferAsync('carol', 'alice', i + 1))]);
      const { findings } = await endState(runtime, load, { failed, deadMessages: 6 });
      expect(findings).toEqual([]);
      const { body } = await runtime.api.get('/v1/admin/dead-letters?kind=message');
      for (const letter of body.data) {
        expect(letter).toMatchObject({ status: 'open', attempts: 5, error: { class: 'UnusableMessage' } });
      }
      expect(body.data.map(({ source }: { source: string }) => source).sort()).toEqual([
        ...['journal', 'journal', 'lines', 'lines', 'publication', 'publication'],
      ]);
    },
    timeoutMs,
  );
});
