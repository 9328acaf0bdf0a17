import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Ledger } from '../../lib/dynamodb/index.ts';
import {
  createHold,
  postBatch,
  reverseTransaction,
  type Transaction,
  type TransactionId,
} from '../../lib/ledger/index.ts';
import type { Fault } from '../support/faults.ts';
import { account, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { type LineFixture, startLines } from './line-fixture.ts';

const write = 'TransactWriteItems';

let lines: LineFixture;
let ledger: Ledger;
/** Serves lines, behind the proxy. */
let worker: Ledger;
let names = 0;
beforeAll(async () => {
  lines = await startLines();
  for (const id of ['bob', 'carol']) await lines.books.createAccount(id, { funds: 1_000n });
});
beforeEach(() => {
  ledger = lines.open();
  worker = lines.openBehindProxy();
});
afterEach(async () => {
  lines.proxy.rules.length = 0;
  lines.proxy.log.length = 0;
  await lines.proxy.settled();
  expect(await lines.findings()).toEqual([]);
});
afterAll(() => lines.stop());

/** A fresh account with funds: each test has a line of its own. */
async function opened(funds = 1_000n): Promise<string> {
  const id = `payer${names++}`;
  await lines.books.createAccount(id, { funds });
  return id;
}

async function accepted(...commands: Parameters<Ledger['accept']>[0][]): Promise<TransactionId[]> {
  for (const command of commands) expect(await ledger.accept(command, 5_000)).toMatchObject({ kind: 'accepted' });
  return commands.map(({ id }) => id);
}

async function statuses(ids: readonly TransactionId[]): Promise<(string | undefined)[]> {
  const found = await Promise.all(ids.map((id) => lines.transaction(id)));
  return found.map((transaction) => (transaction?.status === 'rejected' ? transaction.reason : transaction?.status));
}

/** The transactions on an account's balance, in the order in which they were posted; the first funded it. */
async function postedOn(id: string): Promise<TransactionId[]> {
  const page = await ledger.entries.page({ tenant, account: account(id), asset: usd, order: 'asc', limit: 200 });
  return page.entries.slice(1).map(({ transactionId }) => transactionId);
}

function callsOf(operation?: string): number {
  return lines.proxy.log.filter((call) => operation === undefined || call.operation === operation).length;
}

describe('serving a line', () => {
  it('posts what waits in the order of the line, with the acceptance kept in the record', async () => {
    const id = await opened();
    const ids = await accepted(
      ...Array.from({ length: 30 }, (_, i) => transfer(id, i % 3 === 0 ? 'bob' : 'carol', 1 + i)),
    );
    const run = await lines.drain(id, worker);
    expect(run).toMatchObject({ isEmpty: true, failed: [] });
    expect(run.settled).toHaveLength(30);
    expect(
      run.settled.every(({ type, outcome, waitedMs }) => type === 'transfer' && outcome === 'posted' && waitedMs >= 0),
    ).toBe(true);
    expect(await postedOn(id)).toEqual(ids);
    expect(await lines.waiting(id)).toEqual([]);
  });

  it('takes as many as fit one write: 100 transfers between two accounts in five, with nothing written but that', async () => {
    const id = await opened();
    await worker.post(transfer(id, 'bob', 1), 5_000);
    const ids = await accepted(...Array.from({ length: 100 }, () => transfer(id, 'bob', 1)));
    lines.proxy.log.length = 0;
    await lines.drain(id, worker);
    const writes = lines.proxy.log.filter(({ operation }) => operation === write);
    // Four items each (record, place, two entries), and the two balances.
    expect(writes.map(({ body }) => (body.TransactItems as unknown[]).length)).toEqual([98, 98, 98, 98, 18]);
    // A look at the line before each write and after the last, and the records of what was found.
    expect([callsOf('Query'), callsOf('BatchGetItem'), callsOf()]).toEqual([6, 5, 16]);
    expect((await postedOn(id)).slice(1)).toEqual(ids);
  });

  it('takes 19 at a time where each pays another account', async () => {
    const id = await opened();
    for (let i = 0; i < 25; i++) await lines.books.createAccount(`${id}-${i}`, { funds: 1n });
    await accepted(...Array.from({ length: 40 }, (_, i) => transfer(id, `${id}-${i % 25}`, 1)));
    lines.proxy.log.length = 0;
    await lines.drain(id, worker);
    const writes = lines.proxy.log.filter(({ operation }) => operation === write);
    expect(writes.map(({ body }) => (body.TransactItems as unknown[]).length)).toEqual([96, 96, 11]);
  });

  it('does nothing where nothing waits, for one look', async () => {
    const id = await opened();
    expect(await lines.drain(id, worker)).toEqual({ settled: [], failed: [], isEmpty: true });
    expect(lines.proxy.log.map(({ operation }) => operation)).toEqual(['Query']);
  });

  it('does nothing a second time', async () => {
    const id = await opened();
    const ids = await accepted(transfer(id, 'bob', 1), transfer(id, 'bob', 2));
    await lines.drain(id, worker);
    expect(await lines.drain(id, worker)).toEqual({ settled: [], failed: [], isEmpty: true });
    expect(await postedOn(id)).toEqual(ids);
  });

  it('decides a decline in the middle on what those before it left, and those behind it see that', async () => {
    const id = await opened(100n);
    const ids = await accepted(
      transfer(id, 'bob', 60),
      transfer(id, 'bob', 50),
      transfer(id, 'bob', 30),
      transfer(id, 'bob', 20),
      transfer(id, 'bob', 10),
    );
    const run = await lines.drain(id, worker);
    expect(await statuses(ids)).toEqual(['posted', 'insufficient_funds', 'posted', 'insufficient_funds', 'posted']);
    const declined = (await lines.transaction(ids[1] as TransactionId)) as Transaction;
    expect(declined).toMatchObject({ evidence: { account: id, available: 40n, required: 50n } });
    expect(run.settled.map(({ outcome }) => outcome)).toEqual([
      'posted',
      'insufficient_funds',
      'posted',
      'insufficient_funds',
      'posted',
    ]);
    expect(await postedOn(id)).toEqual([ids[0], ids[2], ids[4]]);
  });

  it('covers the one behind by what the one ahead brings, and not the other way round', async () => {
    const [from, to] = [await opened(100n), await opened(0n)];
    const first = transfer(from, to, 0, {
      postings: [
        { source: account(from), destination: account(to), asset: usd, amount: 100n },
        { source: account(to), destination: account(from), asset: usd, amount: 10n },
      ],
    });
    const ids = await accepted(transfer(from, to, 101), first, transfer(from, to, 10));
    await lines.drain(from, worker);
    expect(await statuses(ids)).toEqual(['insufficient_funds', 'posted', 'posted']);
  });

  it('rejects what would be refused by its turn, with that reason', async () => {
    const id = await opened();
    const paid = transfer(id, 'bob', 10);
    await ledger.post(paid, 5_000);

    const ids = await accepted(
      ...[1, 2].map(() => reverseTransaction({ tenant, key: randomUUID(), reverses: paid.id })),
      transfer('bob', id, 1),
    );
    const run = await lines.drain('bob', worker);
    expect(await statuses(ids)).toEqual(['posted', 'already_reversed', 'posted']);
    expect(run.settled.map(({ outcome }) => outcome)).toEqual(['posted', 'already_reversed', 'posted']);
    expect(await ledger.post(transfer('bob', id, 1), 5_000)).toMatchObject({ kind: 'settled' });
  });

  it('rejects a batch whole, for the one of its members that is declined, and goes on', async () => {
    const id = await opened(10n);
    const member = (amount: bigint) => ({
      type: 'transfer',
      postings: [{ source: account(id), destination: account('bob'), asset: usd, amount }],
    });
    const batch = postBatch({ tenant, key: randomUUID(), transactions: [member(6n), member(6n)] });
    const ids = await accepted(batch, transfer(id, 'bob', 10));
    await lines.drain(id, worker);
    expect(await statuses(ids)).toEqual(['insufficient_funds', 'posted']);
    expect(await lines.transaction(batch.id)).toMatchObject({ evidence: { index: 1 } });
  });

  it('opens balances that do not exist yet, several in one write', async () => {
    const id = await opened();
    for (let i = 0; i < 20; i++) await lines.books.createAccount(`${id}-new${i}`);
    const ids = await accepted(...Array.from({ length: 20 }, (_, i) => transfer(id, `${id}-new${i}`, 1)));
    await lines.drain(id, worker);
    expect(await postedOn(id)).toEqual(ids);
  });

  it('releases holds whose time is over before it declines for what they keep back', async () => {
    const id = await opened(10n);
    const hold = createHold({
      tenant,
      key: randomUUID(),
      account: account(id),
      asset: usd,
      amount: 10n,
      expiry: { expiresInSeconds: 1 },
    });
    expect(await ledger.execute(hold, 5_000)).toMatchObject({ kind: 'settled' });
    const ids = await accepted(transfer(id, 'bob', 10));
    const stored = await ledger.holds.get(tenant, hold.holdId);
    const late = lines.openBehindProxy({
      clock: {
        now: () => Math.max(Date.now(), (stored?.expiresAt ?? 0) + 1),
        elapsed: () => performance.now(),
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      },
    });
    await lines.drain(id, late);
    expect(await statuses(ids)).toEqual(['posted']);
  });

  it('says that the line goes on where time is up', async () => {
    const id = await opened();
    await accepted(transfer(id, 'bob', 1));
    expect(await lines.drain(id, worker, 900)).toEqual({ settled: [], failed: [], isEmpty: false });
    // There is time, but not to begin anything new.
    expect(await lines.drain(id, worker, 20_000, 0)).toEqual({ settled: [], failed: [], isEmpty: false });
    expect((await lines.drain(id, worker)).settled).toHaveLength(1);
  });
});

describe('two workers on one line', () => {
  it('settle each transaction once, in order, and count it once', async () => {
    const id = await opened();
    const ids = await accepted(...Array.from({ length: 70 }, (_, i) => transfer(id, i % 2 === 0 ? 'bob' : 'carol', 1)));
    const runs = await Promise.all([lines.drain(id, worker), lines.drain(id), lines.drain(id, lines.open())]);
    expect(await postedOn(id)).toEqual(ids);
    expect(runs.every(({ isEmpty }) => isEmpty)).toBe(true);
    expect(runs.reduce((sum, { settled }) => sum + settled.length, 0)).toBe(70);
  });

  it('keep the order where transactions are declined, and those in between too', async () => {
    const id = await opened(50n);
    const ids = await accepted(...Array.from({ length: 40 }, (_, i) => transfer(id, 'bob', i % 4 === 3 ? 1_000 : 1)));
    const runs = await Promise.all([lines.drain(id, worker), lines.drain(id)]);
    expect(await statuses(ids)).toEqual(ids.map((_, i) => (i % 4 === 3 ? 'insufficient_funds' : 'posted')));
    expect(await postedOn(id)).toEqual(ids.filter((_, i) => i % 4 !== 3));
    expect(runs.reduce((sum, { settled }) => sum + settled.length, 0)).toBe(40);
  });

  it('leave others to write the same accounts meanwhile', async () => {
    const id = await opened();
    const ids = await accepted(...Array.from({ length: 40 }, () => transfer(id, 'bob', 1)));
    const others = lines.books.open();
    const [, ...outcomes] = await Promise.all([
      lines.drain(id, worker),
      ...Array.from({ length: 10 }, () => others.post(transfer('bob', id, 1), 8_000)),
    ]);
    others.client.destroy();
    expect(outcomes.every(({ kind }) => kind === 'settled')).toBe(true);
    expect((await postedOn(id)).filter((one) => ids.includes(one))).toEqual(ids);
  });
});

describe('an outage in the middle of a line', () => {
  const faults: [string, Fault, number][] = [
    ['throttling', { kind: 'throttle' }, 12],
    ['throttled items', { kind: 'conflict', reason: 'ProvisionedThroughputExceeded' }, 10],
    ['conflicts', { kind: 'conflict' }, 10],
    ['answers that are lost', { kind: 'dropAnswer' }, 3],
    ['errors after the write', { kind: 'serverError', when: 'after' }, 3],
    ['errors before the write', { kind: 'serverError', when: 'before' }, 6],
    ['an answer that never comes', { kind: 'hang', when: 'after' }, 1],
    ['connections that are cut', { kind: 'cut' }, 8],
    ['writes that arrive late', { kind: 'latency', ms: 1_700 }, 1],
  ];
  it.each(faults)('is nobody’s fault, and costs neither order nor effect: %s', async (_, fault, count) => {
    const id = await opened(50n);
    const ids = await accepted(...Array.from({ length: 30 }, (_, i) => transfer(id, 'bob', i === 25 ? 1_000 : 1)));
    lines.proxy.rules.push({ operation: write, fault, count, skip: 1 });
    for (let look = 0; look < 10 && (await lines.waiting(id)).length > 0; look++) {
      // An interrupted drain is woken again, as its message is.
      await lines.drain(id, worker).catch((error: Error) => expect(error.name).toMatch(/LineInterrupted|LedgerError/));
    }
    await lines.proxy.settled();
    expect(await statuses(ids)).toEqual(ids.map((_, i) => (i === 25 ? 'insufficient_funds' : 'posted')));
    expect(await postedOn(id)).toEqual(ids.filter((_, i) => i !== 25));
    expect(await lines.deadLetters()).toEqual([]);
  });

  it('interrupts the worker where it goes on, and counts against nobody', async () => {
    const id = await opened();
    const ids = await accepted(transfer(id, 'bob', 1), transfer(id, 'bob', 1));
    lines.proxy.rules.push({ operation: write, fault: { kind: 'throttle' } });
    await expect(lines.drain(id, worker, 1_600)).rejects.toThrow('the line could not be served: unavailable');
    lines.proxy.rules.length = 0;
    lines.proxy.rules.push({ operation: 'BatchGetItem', fault: { kind: 'throttle' } });
    await expect(lines.drain(id, worker, 8_000)).rejects.toThrow('DynamoDB did not answer a read');
    lines.proxy.rules.length = 0;
    const { places } = await ledger.lines.places(tenant, account(id), 10);
    expect(places.map(({ failures }) => failures)).toEqual([undefined, undefined]);
    await lines.drain(id, worker);
    expect(await postedOn(id)).toEqual(ids);
  });

  it('is not taken for the transactions’ own fault where a clock is wrong', async () => {
    const id = await opened();
    await accepted(transfer(id, 'bob', 1));
    lines.proxy.rules.push({ fault: { kind: 'clockSkew', ms: -60_000 } });
    await expect(lines.drain(id, worker)).rejects.toThrow('unavailable');
    lines.proxy.rules.length = 0;
    expect((await lines.drain(id)).settled).toHaveLength(1);
  });

  it('is not taken for it either where the worker may not write', async () => {
    const id = await opened();
    await accepted(transfer(id, 'bob', 1));
    const denied = lines.open();
    denied.client.middlewareStack.add(
      (next, context) => (args) => {
        if (context.commandName !== 'TransactWriteItemsCommand') return next(args);
        throw Object.assign(new Error('not authorized'), {
          name: 'AccessDeniedException',
          $fault: 'client',
          $metadata: { httpStatusCode: 400 },
        });
      },
      { step: 'finalizeRequest', name: 'deny' },
    );
    await expect(lines.drain(id, denied)).rejects.toThrow('not authorized');
    const { places } = await ledger.lines.places(tenant, account(id), 10);
    expect(places.map(({ failures }) => failures)).toEqual([undefined]);
    await lines.drain(id);
  });
});
