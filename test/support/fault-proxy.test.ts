import { setTimeout as sleep } from 'node:timers/promises';
import {
  BatchGetItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../../infra/local/free-port.ts';
import { startDatabase, type TestDatabase } from './dynoxide.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { seededRandom } from './seeded-random.ts';

const settings = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
};

/** Matched by message, because jest's realm keeps the SDK from recognising Node's own errors, and it wraps them. */
const BROKEN = /socket hang up|ECONNRESET/;

let database: TestDatabase;
let target: string;
/** A table whose items need nothing but an `id`. */
let TableName: string;
let proxy: FaultProxy;
let client: DynamoDBClient;
let nextId = 0;

beforeAll(async () => {
  database = await startDatabase();
  target = database.endpoint;
  TableName = database.tables.idempotency;
});

afterAll(() => database.stop());

beforeEach(async () => {
  proxy = await startFaultProxy({ target, seed: 1, measureCapacity: true });
  client = new DynamoDBClient({ ...settings, endpoint: proxy.url });
});

afterEach(async () => {
  client.destroy();
  await proxy.stop();
});

function newId(): string {
  nextId += 1;
  return `thing-${nextId}`;
}

function write(...ids: string[]): TransactWriteItemsCommand {
  return new TransactWriteItemsCommand({
    TransactItems: ids.map((id) => ({
      Put: { TableName, Item: { id: { S: id } }, ConditionExpression: 'attribute_not_exists(id)' },
    })),
  });
}

function batchGet(...ids: string[]): BatchGetItemCommand {
  return new BatchGetItemCommand({
    RequestItems: { [TableName]: { Keys: ids.map((id) => ({ id: { S: id } })), ConsistentRead: true } },
  });
}

async function exists(id: string): Promise<boolean> {
  const { Item } = await database.client.send(
    new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true }),
  );
  return Item !== undefined;
}

/** The error a call ends with; a call that succeeds fails the test. */
async function failureOf(call: Promise<unknown>): Promise<Error & { $metadata?: { httpStatusCode?: number } }> {
  try {
    await call;
  } catch (error) {
    return error as Error;
  }
  throw new Error('The call succeeded.');
}

describe('startFaultProxy', () => {
  it('changes nothing without rules, and records operation, items and cost', async () => {
    const [a, b] = [newId(), newId()];
    await client.send(write(a, b));
    const read = await client.send(batchGet(a, b));

    expect(read.Responses?.[TableName]).toHaveLength(2);
    expect(
      proxy.log.map((call) => [call.operation, call.faults, call.forwarded, call.targetStatus, call.consumedUnits]),
    ).toEqual([
      ['TransactWriteItems', [], true, 200, 4],
      ['BatchGetItem', [], true, 200, 2],
    ]);
    expect(proxy.log[0]?.body.TransactItems).toHaveLength(2);
  });

  it("passes the target's own refusal through", async () => {
    const id = newId();
    await client.send(write(id));
    const failure = await failureOf(client.send(write(newId(), id)));

    expect(failure).toBeInstanceOf(TransactionCanceledException);
    expect((failure as TransactionCanceledException).CancellationReasons?.map(({ Code }) => Code)).toEqual([
      'None',
      'ConditionalCheckFailed',
    ]);
    expect(proxy.log[1]).toMatchObject({ targetStatus: 400, targetError: 'TransactionCanceledException' });
  });

  it('refuses a transaction as in conflict with one reason for each item, without forwarding it', async () => {
    const ids = [newId(), newId(), newId()];
    proxy.rules.push({ fault: { kind: 'conflict', items: [1] }, count: 1 });
    const failure = await failureOf(client.send(write(...ids)));

    expect(failure).toBeInstanceOf(TransactionCanceledException);
    expect(failure.message).toContain('[None, TransactionConflict, None]');
    expect((failure as TransactionCanceledException).CancellationReasons?.map(({ Code }) => Code)).toEqual([
      'None',
      'TransactionConflict',
      'None',
    ]);
    expect(proxy.log[0]).toMatchObject({ faults: ['conflict'], forwarded: false });
    expect(await exists(ids[0] as string)).toBe(false);

    await client.send(write(...ids));
    expect(await exists(ids[0] as string)).toBe(true);
  });

  it('draws the item in conflict, and another reason for the cancellation, where the rule says no more', async () => {
    proxy.rules.push({ fault: { kind: 'conflict', reason: 'ThrottlingError' } });
    const failure = (await failureOf(client.send(write(newId(), newId(), newId())))) as TransactionCanceledException;
    expect(failure.CancellationReasons?.map(({ Code }) => Code).sort()).toEqual(['None', 'None', 'ThrottlingError']);
  });

  it('refuses a single-item write in conflict with its own exception, and lets reads pass', async () => {
    proxy.rules.push({ fault: { kind: 'conflict' } });
    const put = new PutItemCommand({ TableName, Item: { id: { S: newId() } } });
    expect((await failureOf(client.send(put))).name).toBe('TransactionConflictException');
    await client.send(new GetItemCommand({ TableName, Key: { id: { S: 'absent' } } }));
    expect(proxy.log[1]?.faults).toEqual([]);
  });

  it.each(['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded'] as const)(
    'throttles with %s',
    async (type) => {
      proxy.rules.push({ operation: 'TransactWriteItems', fault: { kind: 'throttle', type } });
      const failure = await failureOf(client.send(write(newId())));
      expect([failure.name, failure.$metadata?.httpStatusCode]).toEqual([type, 400]);
      expect(proxy.log[0]?.forwarded).toBe(false);
    },
  );

  it.each([
    ['before', false],
    ['after', true],
  ] as const)('answers 500 %s the write was applied', async (when, applied) => {
    const id = newId();
    proxy.rules.push({ fault: { kind: 'serverError', when } });
    const failure = await failureOf(client.send(write(id)));
    expect([failure.name, failure.$metadata?.httpStatusCode]).toEqual(['InternalServerError', 500]);
    expect(await exists(id)).toBe(applied);
  });

  it.each([
    ['cut', false],
    ['dropAnswer', true],
  ] as const)('breaks the connection (%s)', async (kind, applied) => {
    const id = newId();
    proxy.rules.push({ fault: { kind } });
    expect((await failureOf(client.send(write(id)))).message).toMatch(BROKEN);
    expect(await exists(id)).toBe(applied);
    expect(proxy.log[0]?.forwarded).toBe(applied);
  });

  it.each([
    ['before', false],
    ['after', true],
  ] as const)('never answers (hang %s), until it is stopped', async (when, applied) => {
    const id = newId();
    proxy.rules.push({ fault: { kind: 'hang', when } });
    const call = failureOf(client.send(write(id)));
    while (proxy.log.length === 0) await sleep(5);
    await proxy.settled();
    expect(await Promise.race([call.then(() => 'answered'), sleep(150, 'silent')])).toBe('silent');
    expect(await exists(id)).toBe(applied);

    await proxy.stop();
    expect((await call).message).toMatch(BROKEN);
  });

  it('leaves a part of a batch unprocessed, and never all of it', async () => {
    const ids = [newId(), newId(), newId()];
    await client.send(write(...ids));
    proxy.rules.push({ fault: { kind: 'unprocessedKeys', keys: 5 } });
    const { Responses, UnprocessedKeys } = await client.send(batchGet(...ids));
    expect(Responses?.[TableName]).toEqual([{ id: { S: ids[0] } }]);
    expect(UnprocessedKeys).toEqual({
      [TableName]: { Keys: [{ id: { S: ids[1] } }, { id: { S: ids[2] } }], ConsistentRead: true },
    });

    const single = await client.send(batchGet(ids[0] as string));
    expect(single.Responses?.[TableName]).toHaveLength(1);
  });

  it('skews the Date header and adds latency, together with another fault', async () => {
    let date = Number.NaN;
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        date = Date.parse((result.response as { headers: { date: string } }).headers.date);
        return result;
      },
      { step: 'deserialize', priority: 'low' },
    );
    proxy.rules.push({ fault: { kind: 'clockSkew', ms: -60_000 } }, { fault: { kind: 'latency', ms: 80 } });
    const startedAt = performance.now();
    const sentAt = Date.now();
    await client.send(batchGet('absent'));
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(79);
    // The header is in whole seconds, of which a server keeps the last one for a while.
    expect(date + 60_000).toBeGreaterThanOrEqual(sentAt - 2_000);
    expect(date + 60_000).toBeLessThanOrEqual(Date.now());

    proxy.rules.push({ fault: { kind: 'throttle' } });
    expect((await failureOf(client.send(batchGet('absent')))).name).toBe('ProvisionedThroughputExceededException');
    expect(proxy.log[1]?.faults).toEqual(['clockSkew', 'latency', 'throttle']);
  });

  it('delivers a delayed write although its client has given up', async () => {
    const id = newId();
    proxy.rules.push({ fault: { kind: 'latency', ms: [100, 150] } });
    const failure = await failureOf(client.send(write(id), { abortSignal: AbortSignal.timeout(40) }));
    expect(failure.name).toBe('AbortError');
    expect(await exists(id)).toBe(false);
    await proxy.settled();
    expect(await exists(id)).toBe(true);
  });

  it('follows a script: operation, predicate, skip and count', async () => {
    proxy.rules.push({
      operation: ['TransactWriteItems', 'PutItem'],
      matches: ({ body }) => (body.TransactItems as unknown[]).length === 2,
      skip: 1,
      count: 2,
      fault: { kind: 'throttle' },
    });
    const outcomes: string[] = [];
    for (const size of [2, 1, 2, 2, 2]) {
      const ids = Array.from({ length: size }, newId);
      outcomes.push(
        await client.send(write(...ids)).then(
          () => 'ok',
          (error: Error) => error.name,
        ),
      );
    }
    const refused = 'ProvisionedThroughputExceededException';
    expect(outcomes).toEqual(['ok', 'ok', refused, refused, 'ok']);
  });

  it('repeats its drawn decisions for a seed', async () => {
    const faultsOf = async (seed: number): Promise<boolean[]> => {
      const drawn = await startFaultProxy({ target, seed });
      const own = new DynamoDBClient({ ...settings, endpoint: drawn.url });
      drawn.rules.push({ fault: { kind: 'throttle' }, probability: 0.5 });
      for (let call = 0; call < 24; call += 1) await own.send(batchGet('absent')).catch(() => undefined);
      own.destroy();
      await drawn.stop();
      return drawn.log.map((call) => call.faults.length > 0);
    };
    const first = await faultsOf(7);
    expect(await faultsOf(7)).toEqual(first);
    expect(await faultsOf(8)).not.toEqual(first);
    expect(new Set(first)).toEqual(new Set([true, false]));
  });

  it('breaks the connection when the target is out of reach, as the network would', async () => {
    const orphan = await startFaultProxy({ target: `http://127.0.0.1:${await freePort()}`, seed: 1 });
    const own = new DynamoDBClient({ ...settings, endpoint: orphan.url });
    expect((await failureOf(own.send(batchGet('absent')))).message).toMatch(BROKEN);
    own.destroy();
    await orphan.stop();
  });
});

describe('seededRandom', () => {
  it('is uniform enough to stand for probabilities', () => {
    const draw = seededRandom(42);
    const buckets = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i += 1) {
      const bucket = Math.floor(draw() * 10);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(120);
  });
});
