import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Ledger, TransactionOutcome } from '../../lib/dynamodb/index.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import type { FaultRule } from '../support/fault-rules.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';

const write = 'TransactWriteItems';

let books: LedgerFixture;
let proxy: FaultProxy;
let ledger: Ledger;
beforeAll(async () => {
  books = await startLedger();
  await books.createAccount('alice', { funds: 1_000_000n });
  await books.createAccount('bob', { funds: 1_000_000n });
});
beforeEach(async () => {
  proxy = await startFaultProxy({ target: books.database.endpoint });
  ledger = books.open({ endpoint: proxy.url });
});
afterEach(async () => {
  ledger.client.destroy();
  await proxy.stop();
  expect((await books.audit()).findings).toEqual([]);
});
afterAll(() => books.stop());

async function postedOf(id: string): Promise<bigint> {
  return (await books.ledger.balances.get(tenant, account(id), usd)).posted;
}

/** The moved amount, whatever else happened. */
async function movedBy(act: () => Promise<unknown>): Promise<bigint> {
  const before = await postedOf('bob');
  await act();
  await proxy.settled();
  return (await postedOf('bob')) - before;
}

describe('a lost answer', () => {
  const lost: [string, FaultRule['fault']][] = [
    ['a connection that breaks after the commit', { kind: 'dropAnswer' }],
    ['a 500 after the commit', { kind: 'serverError', when: 'after' }],
    ['an answer that never comes', { kind: 'hang', when: 'after' }],
  ];
  it.each(lost)('is learnt from the record: %s', async (_, fault) => {
    proxy.rules.push({ operation: write, fault, count: 1 });
    let outcome: TransactionOutcome | undefined;
    const moved = await movedBy(async () => {
      outcome = await ledger.post(transfer('alice', 'bob', 5), 8_000);
    });
    // It was this very request that wrote it, so the answer is no replay.
    expect(outcome).toMatchObject({ kind: 'settled', replayed: false, transaction: { status: 'posted' } });
    expect(moved).toBe(5n);
  });

  it('is outcome_unknown when it cannot be learnt in time, and the same key finds out', async () => {
    proxy.rules.push({ operation: write, fault: { kind: 'dropAnswer' } });
    proxy.rules.push({ operation: 'BatchGetItem', fault: { kind: 'throttle' }, skip: 1 });
    const command = transfer('alice', 'bob', 5);
    const moved = await movedBy(async () => {
      expect(await ledger.post(command, 1_500)).toMatchObject({ kind: 'failed', code: 'outcome_unknown' });
      proxy.rules.length = 0;
      expect(await ledger.post(command, 5_000)).toMatchObject({ kind: 'settled', replayed: true });
    });
    expect(moved).toBe(5n);
  });

  it('of a decline is learnt too', async () => {
    proxy.rules.push({ operation: 'PutItem', fault: { kind: 'dropAnswer' }, count: 1 });
    const command = transfer('alice', 'bob', 10n ** 20n);
    expect(await ledger.post(command, 8_000)).toMatchObject({ replayed: false, transaction: { status: 'rejected' } });
    expect(await ledger.post(command, 8_000)).toMatchObject({ replayed: true, transaction: { status: 'rejected' } });
  });

  it('of a write that arrives late has one effect', async () => {
    // The first write is held back until after its time-out, so that it races with the second.
    proxy.rules.push({ operation: write, fault: { kind: 'latency', ms: 1_700 }, count: 1 });
    const moved = await movedBy(() => ledger.post(transfer('alice', 'bob', 5), 8_000));
    expect(moved).toBe(5n);
  });
});

describe('a failure that had no effect', () => {
  const harmless: [string, FaultRule['fault']][] = [
    ['a conflict', { kind: 'conflict' }],
    ['throttling', { kind: 'throttle' }],
    ['throttling of one item', { kind: 'conflict', reason: 'ProvisionedThroughputExceeded' }],
    ['a 500 before the write', { kind: 'serverError', when: 'before' }],
    ['a connection cut', { kind: 'cut' }],
  ];
  it.each(harmless)('is tried again: %s', async (_, fault) => {
    proxy.rules.push({ operation: write, fault, count: 3 });
    proxy.rules.push({ operation: 'BatchGetItem', fault: { kind: 'unprocessedKeys' }, count: 2 });
    const moved = await movedBy(async () => {
      expect(await ledger.post(transfer('alice', 'bob', 5), 8_000)).toMatchObject({ kind: 'settled', replayed: false });
    });
    expect(moved).toBe(5n);
  });

  it('is contention when it goes on, and nothing was done', async () => {
    proxy.rules.push({ operation: write, fault: { kind: 'conflict' } });
    const moved = await movedBy(async () => {
      expect(await ledger.post(transfer('alice', 'bob', 5), 1_000)).toMatchObject({
        kind: 'failed',
        code: 'contention',
      });
    });
    expect(moved).toBe(0n);
  });

  it('is unavailable when DynamoDB cannot be reached at all, and nothing was done', async () => {
    proxy.rules.push({ fault: { kind: 'throttle' } });
    const moved = await movedBy(async () => {
      expect(await ledger.post(transfer('alice', 'bob', 5), 1_000)).toMatchObject({
        kind: 'failed',
        code: 'unavailable',
      });
    });
    expect(moved).toBe(0n);
  });
});

describe('a decline', () => {
  it('is never decided on a state remembered from before', async () => {
    await books.createAccount('erin', { funds: 10n });
    // This instance remembers 10; then others make it 110.
    await ledger.post(transfer('erin', 'world', 1), 5_000);
    await books.ledger.post(transfer('world', 'erin', 100), 5_000);
    expect(await ledger.post(transfer('erin', 'world', 50), 5_000)).toMatchObject({
      transaction: { status: 'posted' },
    });
  });

  it("is never decided on a neighbour's commit that has not happened", async () => {
    await books.createAccount('frank', { funds: 10n });
    await ledger.post(transfer('world', 'frank', 1), 5_000);
    const spend = transfer('frank', 'world', 11);
    const same = transfer('frank', 'world', 11);
    // Both in one list: the second is covered only if the first does not happen; and the first is kept from happening,
    // since its key turns out to be taken by a transfer of somebody else's in the meantime.
    await books.createAccount('grace', { funds: 1_000n });
    await books.ledger.post({ ...transfer('grace', 'world', 1), record: spend.record, id: spend.id }, 5_000);
    const [first, second] = await ledger.postAll([spend, same], 8_000);
    expect(first).toMatchObject({ kind: 'key_reused' });
    expect(second).toMatchObject({ kind: 'settled', transaction: { status: 'posted' } });
    expect(await postedOf('frank')).toBe(0n);
  });

  it('is final, although the funds came later', async () => {
    await books.createAccount('heidi', { funds: 5n });
    const command = transfer('heidi', 'world', 6);
    const declined = await ledger.post(command, 5_000);
    await books.ledger.post(transfer('world', 'heidi', 100), 5_000);
    expect(await books.open().post(command, 5_000)).toEqual({ ...declined, replayed: true, attempts: 0 });
  });
});

describe('a list', () => {
  it('is not failed by one of its commands', async () => {
    await books.createAccount('ivan', { funds: 100n });
    const outcomes = await ledger.postAll(
      [
        transfer('ivan', 'bob', 10),
        transfer('ivan', 'nobody', 10),
        transfer('ivan', 'bob', 1_000),
        transfer('ivan', 'bob', 90),
      ],
      8_000,
    );
    expect(outcomes).toMatchObject([
      { transaction: { status: 'posted' } },
      { kind: 'refused', code: 'account_not_found' },
      { transaction: { status: 'rejected' } },
      { transaction: { status: 'posted' } },
    ]);
  });

  it('goes on without those whose items are fought over', async () => {
    await books.createAccount('judy', { funds: 100n });
    await books.createAccount('karl', { funds: 100n });
    await ledger.postAll([transfer('judy', 'world', 1), transfer('karl', 'world', 1)], 5_000);
    // As long as a write names judy's balance it is in conflict; karl's must not wait for that.
    const namesJudy = (action: unknown) => JSON.stringify(action ?? '').includes('#A#judy"},"SK":{"S":"B#');
    for (const item of [1, 2]) {
      proxy.rules.push({
        operation: write,
        fault: { kind: 'conflict', items: [item] },
        matches: ({ body }) => namesJudy((body.TransactItems as unknown[])[item]),
      });
    }
    const outcomes = await ledger.postAll([transfer('judy', 'alice', 1), transfer('karl', 'bob', 1)], 2_500);
    expect(outcomes).toMatchObject([{ kind: 'failed', code: 'contention' }, { kind: 'settled' }]);
  });

  it('keeps its order where one of its commands does not fit the write', async () => {
    for (const id of ['olga', 'pete', 'quin']) await books.createAccount(id, { funds: 100n });
    const small = Array.from({ length: 31 }, () => transfer('olga', 'world', 1));
    // Two postings more than the write has room for; the last command spends what only they bring.
    const postings = [
      { source: account('olga'), destination: account('pete'), asset: usd, amount: 50n },
      { source: account('pete'), destination: account('quin'), asset: usd, amount: 150n },
    ];
    const outcomes = await ledger.postAll(
      [...small, transfer('olga', 'world', 1, { postings }), transfer('quin', 'world', 250)],
      10_000,
    );
    expect(outcomes.map((outcome) => outcome.kind === 'settled' && outcome.transaction.status)).toEqual(
      Array(33).fill('posted'),
    );
  });

  it('is longer than one write, and still in order', async () => {
    await books.createAccount('lena', { funds: 60n });
    const outcomes = await ledger.postAll(
      Array.from({ length: 61 }, () => transfer('lena', 'world', 1)),
      20_000,
    );
    const statuses = outcomes.map((outcome) => outcome.kind === 'settled' && outcome.transaction.status);
    expect(statuses.slice(0, 60).every((status) => status === 'posted')).toBe(true);
    expect(statuses[60]).toBe('rejected');
  });
});

describe('a list decided on what the one before it will leave', () => {
  const fates: [string, FaultRule['fault']][] = [
    ['is in conflict', { kind: 'conflict', items: [0] }],
    ['is throttled', { kind: 'throttle' }],
    ['fails before it is applied', { kind: 'serverError', when: 'before' }],
    ['is applied, and its answer lost', { kind: 'dropAnswer' }],
    ['is applied late', { kind: 'latency', ms: 400 }],
  ];
  it.each(fates)('is decided anew where that one %s', async (_, fault) => {
    const id = `hot-${fault.kind}-${'when' in fault ? fault.when : ''}`;
    await books.createAccount(id, { funds: 1_000n });
    await ledger.post(transfer(id, 'world', 1), 5_000);
    proxy.log.length = 0;
    proxy.rules.push({ operation: write, fault, skip: 1, count: 2 });
    // More than one write's worth, all from one account: each list but the first is decided on one under way.
    const outcomes = await Promise.all(Array.from({ length: 80 }, () => ledger.post(transfer(id, 'world', 10), 8_000)));
    expect(outcomes.every((outcome) => outcome.kind === 'settled' && outcome.transaction.status === 'posted')).toBe(
      true,
    );
    expect(proxy.log.filter(({ operation }) => operation === write).length).toBeLessThan(40);
    expect(await postedOf(id)).toBe(199n);
  });

  it('is never written when another instance took the version it foresaw', async () => {
    await books.createAccount('nina', { funds: 1_000n });
    await ledger.post(transfer('nina', 'world', 1), 5_000);
    proxy.log.length = 0;
    // The first write is held back while another instance writes the very version that it would have left; the list
    // behind it is decided on that version, and must not be taken for a successor of the other's write.
    proxy.rules.push({ operation: write, fault: { kind: 'latency', ms: 300 }, count: 1 });
    const first = ledger.post(transfer('nina', 'world', 1), 8_000);
    while (proxy.log.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const behind = Array.from({ length: 20 }, () => ledger.post(transfer('nina', 'world', 1), 8_000));
    const other = books.open();
    await other.post(transfer('nina', 'world', 500), 5_000);
    const outcomes = await Promise.all([first, ...behind]);
    expect(outcomes.every((outcome) => outcome.kind === 'settled' && outcome.transaction.status === 'posted')).toBe(
      true,
    );
    expect(await postedOf('nina')).toBe(478n);
    other.client.destroy();
  });
});

describe('time', () => {
  it('never runs backwards on a balance, even when a clock does', async () => {
    const slow = books.open({
      clock: {
        now: () => Date.now() - 1_500,
        elapsed: () => performance.now(),
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      },
    });
    await ledger.post(transfer('alice', 'bob', 1), 5_000);
    await slow.post(transfer('alice', 'bob', 1), 5_000);
    const { entries } = await ledger.entries.page({ tenant, account: account('bob'), order: 'desc', limit: 2 });
    expect(entries[0]?.createdAt).toBe(entries[1]?.createdAt);
  });

  it.each([5_000, -5_000])('refuses to commit with a clock %i ms off, until it is right again', async (ms) => {
    proxy.rules.push({ fault: { kind: 'clockSkew', ms } });
    const moved = await movedBy(async () => {
      expect(await ledger.post(transfer('alice', 'bob', 1), 5_000)).toMatchObject({
        kind: 'failed',
        code: 'unavailable',
      });
    });
    expect(moved).toBe(0n);
    proxy.rules.length = 0;
    expect(await ledger.post(transfer('alice', 'bob', 1), 5_000)).toMatchObject({ kind: 'settled' });
  });

  it('takes a clock that is one second off', async () => {
    proxy.rules.push({ fault: { kind: 'clockSkew', ms: 1_000 } });
    expect(await ledger.post(transfer('alice', 'bob', 1), 5_000)).toMatchObject({ kind: 'settled' });
  });
});

describe('every fault at once, under concurrent load', () => {
  it('leaves one effect per key and sound books', async () => {
    const ids = ['m0', 'm1', 'm2', 'm3', 'm4'];
    for (const id of ids) await books.createAccount(id, { funds: 1_000n });
    const instances = [ledger, books.open({ endpoint: proxy.url }), books.open({ endpoint: proxy.url })];
    const rates: [FaultRule['fault'], number][] = [
      [{ kind: 'latency', ms: [0, 30] }, 0.3],
      [{ kind: 'conflict' }, 0.1],
      [{ kind: 'throttle' }, 0.05],
      [{ kind: 'serverError', when: 'before' }, 0.03],
      [{ kind: 'serverError', when: 'after' }, 0.03],
      [{ kind: 'dropAnswer' }, 0.05],
      [{ kind: 'cut' }, 0.05],
      [{ kind: 'unprocessedKeys' }, 0.1],
    ];
    for (const [fault, probability] of rates) proxy.rules.push({ fault, probability });
    const pick = (list: readonly string[], not?: string): string => {
      const rest = list.filter((id) => id !== not);
      return rest[Math.floor(Math.random() * rest.length)] as string;
    };
    const commands = Array.from({ length: 150 }, () => {
      const source = pick(ids);
      return transfer(source, pick(ids, source), 1 + Math.floor(Math.random() * 300));
    });
    // Every command goes to two instances at once, and is asked again until its outcome is known, as a client does.
    const settle = async (instance: Ledger, command: (typeof commands)[number]) => {
      for (let attempt = 0; attempt < 30; attempt++) {
        const outcome = await instance.post(command, 4_000);
        if (outcome.kind === 'settled') return outcome;
        expect(outcome.kind).toBe('failed');
      }
      throw new Error('no outcome after 30 requests');
    };
    const pairs = await Promise.all(
      commands.map((command, index) =>
        Promise.all([0, 1].map((which) => settle(instances[(index + which) % 3] as Ledger, command))),
      ),
    );
    await proxy.settled();
    for (const [one, other] of pairs) expect(one?.transaction).toEqual(other?.transaction);
    const { findings, posted, rejected } = await books.audit();
    expect(findings).toEqual([]);
    expect(posted + rejected).toBeGreaterThanOrEqual(150);
    const expected = new Map(ids.map((id) => [id, 1_000n]));
    for (const [outcome] of pairs) {
      if (outcome?.transaction.status !== 'posted') continue;
      for (const { account: id, amount } of outcome.transaction.entries)
        expected.set(id, (expected.get(id) ?? 0n) + amount);
    }
    for (const id of ids) expect(await postedOf(id)).toBe(expected.get(id));
  });
});
