import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Ledger } from '../../lib/dynamodb/index.ts';
import { type Clock, systemClock } from '../../lib/dynamodb/table/patience.ts';
import { createHold, maxLineWaitMs } from '../../lib/ledger/index.ts';
import { readTable } from '../support/books.ts';
import { account, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { until } from '../support/until.ts';
import { type LineFixture, startLines } from './line-fixture.ts';

const write = 'TransactWriteItems';

let lines: LineFixture;
let names = 0;
/** A hot account of each test's own. */
let hot: string;
beforeAll(async () => {
  lines = await startLines();
  for (const id of ['alice', 'bob']) await lines.books.createAccount(id, { funds: 1_000_000n });
});
beforeEach(async () => {
  hot = `hot${names++}`;
  await lines.books.createAccount(hot, { funds: 1_000_000n });
  lines.woken.length = 0;
});
afterEach(async () => {
  lines.proxy.rules.length = 0;
  await lines.proxy.settled();
  expect(await lines.findings()).toEqual([]);
});
afterAll(() => lines.stop());

/** A clock on which waits take no time, so that no wait for a turn is over before the turn has come, however busy the machine. */
const patient: Clock = { ...systemClock, elapsed: () => 0 };

/** A clock on which only waits take time, and nothing else does: what was waited for is exact. As with a timer, none is shorter than a millisecond. */
function clockOfWaits(): Clock {
  let elapsedMs = 0;
  return {
    ...systemClock,
    elapsed: () => elapsedMs,
    sleep: async (ms) => {
      elapsedMs += Math.max(1, Math.ceil(ms));
    },
  };
}

/** An instance that finds the hot account written by another each time it is about to write, so often. */
function overtaken(times: number, options: Parameters<LineFixture['open']>[0] = {}): Ledger {
  const ledger = lines.open(options);
  let left = times;
  ledger.client.middlewareStack.add(
    (next, context) => async (args) => {
      const body =
        context.commandName === 'TransactWriteItemsCommand'
          ? String((args as { request: { body: unknown } }).request.body)
          : '';
      if (body.includes(`#A#${hot}`) && left-- > 0) await lines.books.ledger.post(transfer('world', hot, 1), 5_000);
      return next(args);
    },
    { step: 'finalizeRequest', name: 'overtake' },
  );
  return ledger;
}

/** Serves the hot account's line as soon as something waits there. */
async function serveWhenWaiting(id = hot): Promise<void> {
  await until('something waits in the line', async () => (await lines.waiting(id)).length > 0);
  await lines.drain(id);
}

async function mark(until: number): Promise<void> {
  const { client, tables } = lines.books.database;
  await client.send(
    new UpdateItemCommand({
      TableName: tables.ledger,
      Key: marshall({ PK: `T#${tenant}#A#${hot}`, SK: `B#${usd}` }),
      UpdateExpression: 'SET lineUntil = :until',
      ExpressionAttributeValues: marshall({ ':until': until }),
    }),
  );
}

async function markOf(id = hot): Promise<unknown> {
  const { client, tables } = lines.books.database;
  const rows = await readTable(client, tables.ledger);
  return rows.find(({ PK, SK }) => PK === `T#${tenant}#A#${id}` && SK === `B#${usd}`)?.lineUntil;
}

describe('a command that others keep overtaking', () => {
  it('is written after three that failed, and joins the line of the account after four, as a source', async () => {
    expect(await overtaken(3).post(transfer(hot, 'bob', 5), 8_000)).toMatchObject({ kind: 'settled', attempts: 4 });
    expect(lines.woken).toEqual([]);
    const command = transfer(hot, 'bob', 5);
    const [outcome] = await Promise.all([overtaken(9, { clock: patient }).post(command, 8_000), serveWhenWaiting()]);
    // Four writes that failed, and the one that made it wait.
    expect(outcome).toMatchObject({
      kind: 'settled',
      replayed: false,
      attempts: 5,
      transaction: { status: 'posted', id: command.id },
    });
    expect(lines.woken).toEqual([hot]);
    expect(await lines.record(command)).toMatchObject({ status: 'posted', line: hot });
  });

  it('joins it as a destination too: the line is that of the account that is fought over', async () => {
    const command = transfer('bob', hot, 5);
    const [outcome] = await Promise.all([overtaken(9, { clock: patient }).post(command, 8_000), serveWhenWaiting()]);
    expect(outcome).toMatchObject({ kind: 'settled', replayed: false, transaction: { status: 'posted' } });
    expect(lines.woken).toEqual([hot]);
  });

  it('is declined there as it would have been, and answered so', async () => {
    const ledger = overtaken(9, { clock: patient });
    // A decline is no write of a balance, so it takes one that is covered when it joins and no more by its turn.
    const rich = transfer(hot, 'bob', 900_000);
    const spend = transfer(hot, 'bob', 500_000);
    const joined = ledger.post(rich, 8_000);
    await until('it waits in the line', async () => (await lines.waiting(hot)).length > 0);
    expect(await lines.books.ledger.post(spend, 5_000)).toMatchObject({ transaction: { status: 'posted' } });
    await lines.drain(hot);
    expect(await joined).toMatchObject({
      kind: 'settled',
      replayed: false,
      transaction: { status: 'rejected', reason: 'insufficient_funds' },
    });
  });

  it('is told that it waits where nobody serves the line in time, and the same key finds out', async () => {
    const command = transfer(hot, 'bob', 5);
    const clock = clockOfWaits();
    let joinedAt = Number.NaN;
    const wakeLine = async () => {
      joinedAt = clock.elapsed();
    };
    const outcome = await overtaken(9, { clock, wakeLine }).post(command, 8_000);
    expect(outcome).toMatchObject({ kind: 'pending', replayed: false });
    expect(clock.elapsed() - joinedAt).toBe(maxLineWaitMs);
    expect(await lines.waiting(hot)).toEqual([command.id]);
    await lines.drain(hot);
    expect(await lines.open().post(command, 5_000)).toMatchObject({ kind: 'settled', replayed: true });
  });

  it('never waits longer than its own time', async () => {
    const clock = clockOfWaits();
    const outcome = await overtaken(9, { clock }).post(transfer(hot, 'bob', 5), 1_000);
    expect(outcome).toMatchObject({ kind: 'pending' });
    expect(clock.elapsed()).toBe(1_000);
    await lines.drain(hot);
  });

  it('goes on by itself where nobody serves lines', async () => {
    const ledger = overtaken(9, { wakeLine: undefined as never });
    expect(await ledger.post(transfer(hot, 'bob', 5), 8_000)).toMatchObject({ kind: 'settled', attempts: 10 });
    expect(await lines.waiting(hot)).toEqual([]);
  });

  it('goes on by itself where it reserves: a hold joins no line', async () => {
    const hold = createHold({ tenant, key: `hold-${hot}`, account: account(hot), asset: usd, amount: 5n });
    expect(await overtaken(6).execute(hold, 8_000)).toMatchObject({ kind: 'settled', attempts: 7 });
    expect(await lines.waiting(hot)).toEqual([]);
  });

  it('does not join while a write of its own may still have its effect', async () => {
    const ledger = lines.openBehindProxy();
    await ledger.post(transfer(hot, 'bob', 1), 5_000);
    lines.proxy.rules.push({ operation: write, fault: { kind: 'latency', ms: 1_700 }, count: 1 });
    lines.proxy.rules.push({ operation: write, fault: { kind: 'conflict' }, count: 6 });
    const command = transfer(hot, 'bob', 5);
    expect(await ledger.post(command, 8_000)).toMatchObject({ kind: 'settled', transaction: { status: 'posted' } });
    await lines.proxy.settled();
    expect(await lines.record(command)).not.toHaveProperty('line');
  });
});

describe('the mark on a balance whose line is not empty', () => {
  it('is there while the worker has more to do, and gone when the line is empty', async () => {
    const ledger = lines.open();
    for (let i = 0; i < 30; i++) await ledger.accept(transfer(hot, 'bob', 1), 5_000);
    const seen: unknown[] = [];
    const worker = lines.open();
    worker.client.middlewareStack.add(
      (next, context) => async (args) => {
        const result = await next(args);
        if (context.commandName === 'TransactWriteItemsCommand') seen.push(await markOf());
        return result;
      },
      { step: 'initialize', name: 'seeMark' },
    );
    const startedAt = Date.now();
    await lines.drain(hot, worker);
    expect(seen).toEqual([expect.any(BigInt), undefined]);
    expect(Number(seen[0]) - startedAt).toBeGreaterThan(4_000);
    expect(Number(seen[0]) - Date.now()).toBeLessThanOrEqual(5_000);
  });

  it('sends others to the line at the first write that others overtake', async () => {
    await mark(Date.now() + 60_000);
    const command = transfer(hot, 'bob', 5);
    const [outcome] = await Promise.all([overtaken(1, { clock: patient }).post(command, 8_000), serveWhenWaiting()]);
    expect(outcome).toMatchObject({ kind: 'settled', replayed: false, attempts: 2 });
    expect(await lines.record(command)).toMatchObject({ line: hot });
    expect(await markOf()).toBeUndefined();
  });

  it('is made by a worker whom others overtake each time, and sends these to the line', async () => {
    const rival = lines.open();
    const mine = transfer(hot, 'bob', 5);
    await lines.open().accept(mine, 5_000);
    const rivals: Promise<unknown>[] = [];
    const worker = lines.open();
    worker.client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName === 'TransactWriteItemsCommand') {
          // Whoever remembers the balance is faster each time, until it is told to wait its turn.
          const command = transfer('world', hot, 1);
          const posted = rival.post(command, 8_000);
          rivals.push(posted);
          const joined = async () => {
            await until('it waits in the line', async () => (await lines.waiting(hot)).includes(command.id));
          };
          await Promise.race([posted, joined()]);
        }
        return next(args);
      },
      { step: 'initialize', name: 'rival' },
    );
    const drained = lines.drain(hot, worker);
    expect(await lines.transaction(mine.id)).toBeUndefined();
    await drained;
    expect(await lines.transaction(mine.id)).toMatchObject({ status: 'posted' });
    worker.client.middlewareStack.remove('rival');
    await lines.drain(hot, worker);
    for (const outcome of await Promise.all(rivals))
      expect(outcome).toMatchObject({ kind: expect.stringMatching(/settled|pending/) });
    expect(await lines.waiting(hot)).toEqual([]);
    // It was overtaken three times, each by a transfer of one write, and then no more.
    expect(await lines.record(mine)).toMatchObject({ line: hot, status: 'posted' });
  });

  it('ends by itself where its worker died', async () => {
    await mark(Date.now() - 1);
    expect(await overtaken(1).post(transfer(hot, 'bob', 5), 8_000)).toMatchObject({ kind: 'settled', attempts: 2 });
    expect(await lines.waiting(hot)).toEqual([]);
  });

  it('does not keep away whoever is not overtaken', async () => {
    await mark(Date.now() + 60_000);
    expect(await lines.open().post(transfer(hot, 'bob', 5), 8_000)).toMatchObject({ kind: 'settled', attempts: 1 });
  });
});

describe('many instances on one hot account', () => {
  it.each([
    ['source', (i: number) => transfer(hot, i % 2 === 0 ? 'alice' : 'bob', 1)],
    ['destination', (i: number) => transfer(i % 2 === 0 ? 'alice' : 'bob', hot, 1)],
  ])(
    'all get their answer, each once, while workers serve what was woken: %s',
    async (_, commandOf) => {
      // Accounts may be fought over on both sides: each line has its worker, one at a time, as its queue's group sees to.
      const busy = new Map<string, Promise<unknown>>();
      const wakeLine = async (__: unknown, id: string) => {
        busy.set(
          id,
          (busy.get(id) ?? Promise.resolve()).then(() => lines.drain(id)),
        );
      };
      const instances = Array.from({ length: 8 }, () => lines.open({ wakeLine, clock: patient }));
      const commands = Array.from({ length: 120 }, (__, i) => commandOf(i));
      const answers: Awaited<ReturnType<Ledger['post']>>[] = [];
      await Promise.all(
        instances.map(async (ledger, which) => {
          for (let i = which; i < commands.length; i += instances.length) {
            answers.push(await ledger.post(commands[i] as (typeof commands)[number], 8_000));
          }
        }),
      );
      await Promise.all(busy.values());
      expect(answers.map(({ kind }) => kind)).toEqual(commands.map(() => 'settled'));
      expect(answers.filter((answer) => 'replayed' in answer && answer.replayed)).toEqual([]);
      for (const command of commands) {
        expect(await lines.books.ledger.post(command, 8_000)).toMatchObject({ kind: 'settled', replayed: true });
      }
      const { entries } = await lines.books.ledger.entries.page({
        tenant,
        account: account(hot),
        asset: usd,
        order: 'asc',
        limit: 200,
      });
      expect(entries).toHaveLength(121);
      expect(await markOf()).toBeUndefined();
    },
    60_000,
  );
});
