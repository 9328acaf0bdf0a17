import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type CommitResult, type Ledger, systemClock } from '../../lib/dynamodb/index.ts';
import {
  type CaptureHold,
  captureHold,
  createHold,
  expireHold,
  type Hold,
  type HoldId,
  type ReleaseHold,
  voidHold,
} from '../../lib/ledger/index.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import type { FaultRule } from '../support/fault-rules.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer, usd } from '../support/ledger-fixture.ts';

const timeMs = 8_000;

let books: LedgerFixture;
const opened: Ledger[] = [];
beforeAll(async () => {
  books = await startLedger();
  for (const id of ['shop', 'tax']) await books.createAccount(id);
});
afterEach(async () => {
  expect((await books.audit()).findings).toEqual([]);
});
afterAll(async () => {
  for (const ledger of opened) ledger.client.destroy();
  await books.stop();
});

/** An instance of its own, perhaps with a clock that is so much ahead. */
function instance(aheadMs = 0): Ledger {
  const ledger = books.open(aheadMs === 0 ? {} : { clock: { ...systemClock, now: () => Date.now() + aheadMs } });
  opened.push(ledger);
  return ledger;
}

async function payer(funds = 1_000n): Promise<string> {
  const id = `payer_${randomUUID().slice(0, 8)}`;
  await books.createAccount(id, { funds });
  return id;
}

function hold(id: string, amount: bigint, expiry?: Parameters<typeof createHold>[0]['expiry'], key = randomUUID()) {
  return createHold({ tenant, key, account: account(id), asset: usd, amount, expiry });
}

function capture(holdId: HoldId, rest: Partial<Parameters<typeof captureHold>[0]> = {}): CaptureHold {
  return captureHold({ tenant, key: randomUUID(), holdId, destination: account('shop'), ...rest });
}

function ending(holdId: HoldId): ReleaseHold {
  return voidHold({ tenant, key: randomUUID(), holdId });
}

async function made(id: string, amount: bigint, expiry?: Parameters<typeof createHold>[0]['expiry']): Promise<HoldId> {
  const command = hold(id, amount, expiry);
  expect(await books.ledger.execute(command, timeMs)).toMatchObject({ kind: 'settled' });
  return command.holdId;
}

/** What became of a command in a word: the hold's or transaction's status, the reason, or the code. */
function wordOf(outcome: CommitResult): string {
  if (outcome.kind === 'settled') {
    const { result } = outcome;
    if (result.kind === 'hold') return result.hold.status;
    if (result.kind !== 'transaction') return result.kind;
    return result.transaction.status === 'rejected' ? result.transaction.reason : result.transaction.status;
  }
  return outcome.kind === 'key_reused' ? outcome.kind : outcome.code;
}

async function balanceOf(id: string) {
  const { posted, held, sequence } = await books.ledger.balances.get(tenant, account(id), usd);
  return { posted, held, sequence };
}

async function stored(id: HoldId): Promise<Hold> {
  return (await books.ledger.holds.get(tenant, id)) as Hold;
}

describe('a hold', () => {
  it('is made, captured in parts and ended, and each key gets its answer for ever', async () => {
    const id = await payer();
    const command = hold(id, 600n);
    const first = await books.ledger.execute(command, timeMs);
    expect(first).toMatchObject({ kind: 'settled', replayed: false, result: { hold: { status: 'open', version: 1 } } });
    expect(await balanceOf(id)).toEqual({ posted: 1_000n, held: 600n, sequence: 1 });
    const parts = [
      capture(command.holdId, { amount: 250n }),
      capture(command.holdId, { amount: 100n, destination: account('tax'), description: 'VAT' }),
    ];
    const answers = [];
    for (const part of parts) answers.push(await books.ledger.execute(part, timeMs));
    expect(answers.map(wordOf)).toEqual(['posted', 'posted']);
    expect(await stored(command.holdId)).toMatchObject({ remaining: 250n, captured: 350n, status: 'open', version: 3 });
    const end = ending(command.holdId);
    expect(wordOf(await instance().execute(end, timeMs))).toBe('voided');
    expect(await balanceOf(id)).toEqual({ posted: 650n, held: 0n, sequence: 3 });
    // On an instance that knows nothing, long after: the same answers.
    const again = instance();
    for (const [index, each] of [command, ...parts].entries()) {
      const expected = [first, ...answers][index] as CommitResult & { kind: 'settled' };
      expect(await again.execute(each, timeMs)).toMatchObject({ result: expected.result, replayed: true });
    }
    expect(await again.execute(end, timeMs)).toMatchObject({ replayed: true, result: { hold: { status: 'voided' } } });
  });

  it('can be made on a balance without entries, and captured and made again there', async () => {
    const id = `credit_${randomUUID().slice(0, 8)}`;
    await books.createAccount(id, { floor: -500n });
    const first = await made(id, 200n);
    expect(await balanceOf(id)).toEqual({ posted: 0n, held: 200n, sequence: 0 });
    const second = hold(id, 300n);
    expect(wordOf(await instance().execute(second, timeMs))).toBe('open');
    expect(wordOf(await instance().execute(hold(id, 1n), timeMs))).toBe('insufficient_funds');
    expect(wordOf(await instance().execute(capture(first), timeMs))).toBe('posted');
    expect(await balanceOf(id)).toEqual({ posted: -200n, held: 300n, sequence: 1 });
  });

  it('keeps what it reserves from being spent and from being reserved again', async () => {
    const id = await payer();
    await made(id, 600n);
    expect(wordOf(await books.ledger.execute(transfer(id, 'shop', 401), timeMs))).toBe('insufficient_funds');
    const declined = hold(id, 401n);
    expect(await books.ledger.execute(declined, timeMs)).toMatchObject({
      result: {
        transaction: {
          type: 'hold',
          postings: [],
          reason: 'insufficient_funds',
          evidence: { available: 400n, required: 401n },
        },
      },
    });
    await books.ledger.execute(transfer('world', id, 1_000), timeMs);
    expect(await books.ledger.execute(declined, timeMs)).toMatchObject({ replayed: true });
    expect(wordOf(await books.ledger.execute(transfer(id, 'shop', 1_400), timeMs))).toBe('posted');
  });

  it('is refused under a key of another operation, and so is the other', async () => {
    const id = await payer();
    const key = randomUUID();
    expect(wordOf(await books.ledger.execute(hold(id, 5n, undefined, key), timeMs))).toBe('open');
    expect(wordOf(await books.ledger.execute(transfer(id, 'shop', 5, { key }), timeMs))).toBe('key_reused');
    expect(wordOf(await books.ledger.execute(hold(id, 6n, undefined, key), timeMs))).toBe('key_reused');
  });

  it('keeps its account from being closed', async () => {
    const id = `credit_${randomUUID().slice(0, 8)}`;
    await books.createAccount(id, { floor: -500n });
    const holdId = await made(id, 200n);
    const close = (mark: string) =>
      books.ledger.accounts.update({
        tenant,
        id: account(id),
        patch: { status: 'closed' },
        keyApplied: { mark, requestHash: '' },
      });
    await expect(close('early')).rejects.toThrow(/still has a balance/);
    await books.ledger.execute(ending(holdId), timeMs);
    expect((await close('late')).status).toBe('closed');
  });

  it('is captured by an instance that remembers the balance as it was before', async () => {
    const id = await payer();
    const other = instance();
    expect(wordOf(await other.execute(transfer(id, 'shop', 1), timeMs))).toBe('posted');
    const holdId = await made(id, 100n);
    expect(wordOf(await other.execute(capture(holdId), timeMs))).toBe('posted');
    expect(await balanceOf(id)).toMatchObject({ posted: 899n, held: 0n });
  });
});

describe('a hold whose time is over', () => {
  it('is not open any more, whether or not it was released', async () => {
    const id = await payer();
    const holdId = await made(id, 100n, { expiresInSeconds: 1 });
    const later = instance(1_100);
    for (const command of [capture(holdId), ending(holdId)]) {
      expect(wordOf(await later.execute(command, timeMs))).toBe('hold_not_open');
    }
    expect(await stored(holdId)).toMatchObject({ status: 'open', remaining: 100n });
    expect(await later.releaseExpiredHolds(timeMs)).toMatchObject({ isComplete: true, errors: [] });
    expect(await stored(holdId)).toMatchObject({ status: 'expired', remaining: 0n });
    expect(await balanceOf(id)).toMatchObject({ held: 0n });
  });

  it.each([
    ['a transfer', (id: string) => transfer(id, 'shop', 950)],
    ['a hold', (id: string) => hold(id, 950n)],
  ])('does not keep %s from being covered', async (_, command) => {
    const id = await payer();
    await made(id, 100n, { expiresInSeconds: 1 });
    await made(id, 60n, { expiresInSeconds: 1 });
    const open = await made(id, 40n);
    expect(wordOf(await instance(1_100).execute(command(id), timeMs))).toMatch(/posted|open/);
    expect(await stored(open)).toMatchObject({ status: 'open' });
    expect(wordOf(await instance(1_100).execute(command(id), timeMs))).toBe('insufficient_funds');
  });

  it('beyond what one write can release does not either', async () => {
    const id = await payer();
    for (let i = 0; i < 100; i += 20) {
      await Promise.all(Array.from({ length: 20 }, () => made(id, 10n, { expiresInSeconds: 2 })));
    }
    const answer = await instance(1_950).execute(transfer(id, 'shop', 1_000), timeMs);
    // Before its time not all of them are due; then the rest is, and three rounds release all.
    const word = wordOf(answer) === 'posted' ? 'posted' : wordOf(await later(id));
    expect(word).toBe('posted');
    expect(await balanceOf(id)).toMatchObject({ posted: 0n, held: 0n });
  });

  async function later(id: string): Promise<CommitResult> {
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return instance(1_950).execute(transfer(id, 'shop', 1_000), timeMs);
  }

  it('is not looked for where nothing is held, nor where enough is available', async () => {
    const id = await payer();
    const proxy = await startFaultProxy({ target: books.database.endpoint });
    const ledger = books.open({ endpoint: proxy.url });
    expect(wordOf(await ledger.execute(transfer(id, 'shop', 2_000), timeMs))).toBe('insufficient_funds');
    await made(id, 10n);
    expect(wordOf(await ledger.execute(transfer(id, 'shop', 500), timeMs))).toBe('posted');
    expect(proxy.log.filter(({ operation }) => operation === 'Query')).toEqual([]);
    expect(wordOf(await ledger.execute(transfer(id, 'shop', 500), timeMs))).toBe('insufficient_funds');
    expect(proxy.log.filter(({ operation }) => operation === 'Query')).toHaveLength(1);
    ledger.client.destroy();
    await proxy.stop();
  });

  it('keeps a decline from being stored while it cannot be looked for', async () => {
    const id = await payer();
    await made(id, 100n, { expiresInSeconds: 1 });
    const proxy = await startFaultProxy({ target: books.database.endpoint });
    proxy.rules.push({ operation: 'Query', fault: { kind: 'throttle' } });
    const ledger = books.open({ endpoint: proxy.url, clock: { ...systemClock, now: () => Date.now() + 1_100 } });
    const command = transfer(id, 'shop', 1_000);
    expect(wordOf(await ledger.execute(command, 1_000))).toBe('unavailable');
    proxy.rules.length = 0;
    expect(wordOf(await ledger.execute(command, timeMs))).toBe('posted');
    ledger.client.destroy();
    await proxy.stop();
  });
});

describe('the sweep', () => {
  it('releases what is due and nothing else, once, however many sweep at a time', async () => {
    const [one, two] = [await payer(), await payer()];
    const due = [];
    for (let i = 0; i < 30; i++) due.push(await made(i % 2 === 0 ? one : two, 5n, { expiresInSeconds: 1 }));
    const kept = await made(one, 7n);
    const sweepers = [instance(1_300), instance(1_300), instance(1_300)];
    const runs = await Promise.all(sweepers.map((each) => each.releaseExpiredHolds(timeMs)));
    expect(runs.map(({ errors }) => errors)).toEqual([[], [], []]);
    expect(runs.reduce((sum, { released }) => sum + released, 0)).toBe(due.length);
    expect(Math.max(...runs.map(({ longestOverdueMs }) => longestOverdueMs))).toBeGreaterThan(0);
    for (const id of due) expect(await stored(id)).toMatchObject({ status: 'expired', version: 2 });
    expect(await stored(kept)).toMatchObject({ status: 'open' });
    expect([(await balanceOf(one)).held, (await balanceOf(two)).held]).toEqual([7n, 0n]);
    expect(await instance(1_300).releaseExpiredHolds(timeMs)).toEqual({
      released: 0,
      longestOverdueMs: 0,
      isComplete: true,
      errors: [],
    });
  });

  it('goes on with the others where one bucket cannot be read, and says so', async () => {
    const ids = [];
    for (let i = 0; i < 12; i++) ids.push(await made(await payer(), 5n, { expiresInSeconds: 1 }));
    const proxy = await startFaultProxy({ target: books.database.endpoint });
    proxy.rules.push({ operation: 'Query', fault: { kind: 'throttle' }, count: 1 });
    const ledger = books.open({ endpoint: proxy.url, clock: { ...systemClock, now: () => Date.now() + 1_300 } });
    const first = await ledger.releaseExpiredHolds(timeMs);
    expect(first.errors).toHaveLength(1);
    expect(first.isComplete).toBe(false);
    const second = await ledger.releaseExpiredHolds(timeMs);
    expect(second).toMatchObject({ isComplete: true, errors: [] });
    expect(first.released + second.released).toBe(ids.length);
    ledger.client.destroy();
    await proxy.stop();
  });

  it('stops in time, and the next one goes on', async () => {
    const holdId = await made(await payer(), 5n, { expiresInSeconds: 1 });
    const later = instance(1_300);
    expect(await later.releaseExpiredHolds(500)).toMatchObject({ released: 0, isComplete: false });
    expect(await later.releaseExpiredHolds(timeMs)).toMatchObject({ released: 1, isComplete: true });
    expect(await stored(holdId)).toMatchObject({ status: 'expired' });
  });
});

describe('a race', () => {
  it('between capture, void and expiry has exactly one winner', async () => {
    const contenders = [instance(), instance(), instance(1_500)];
    const id = await payer(100_000n);
    const winners = new Map<string, number>();
    for (let round = 0; round < 200; round++) {
      // For two of them its time is not over, for the third it is.
      const holdId = await made(id, 10n, { expiresAt: Date.now() + 1_400 });
      const [one, two, ahead] = contenders as [Ledger, Ledger, Ledger];
      const expire = async () => {
        if (round % 2 === 0) return wordOf(await ahead.execute(expireHold(tenant, holdId), timeMs));
        return (await ahead.releaseExpiredHolds(timeMs)).released === 1 ? 'expired' : 'hold_not_open';
      };
      const words = await Promise.all([
        one.execute(capture(holdId), timeMs).then(wordOf),
        two.execute(ending(holdId), timeMs).then(wordOf),
        expire(),
      ]);
      const won = words.filter((word) => word !== 'hold_not_open');
      expect(won).toHaveLength(1);
      const { status } = await stored(holdId);
      expect(status).toBe(won[0] === 'posted' ? 'captured' : won[0]);
      winners.set(status, (winners.get(status) ?? 0) + 1);
    }
    expect((await balanceOf(id)).held).toBe(0n);
    // Each has won at least once, so they did meet.
    expect([...winners.keys()].sort()).toEqual(['captured', 'expired', 'voided']);
  });

  it('of partial captures takes no more than was held, and all of it', async () => {
    const instances = [instance(), instance(), instance()];
    for (let round = 0; round < 10; round++) {
      const id = await payer();
      const holdId = await made(id, 100n);
      const outcomes = await Promise.all(
        Array.from({ length: 16 }, (_, i) =>
          (instances[i % 3] as Ledger).execute(capture(holdId, { amount: 10n }), timeMs),
        ),
      );
      const words = Map.groupBy(outcomes.map(wordOf), (word) => word);
      expect(words.get('posted')).toHaveLength(10);
      expect(words.get('hold_not_open')).toHaveLength(6);
      expect(await balanceOf(id)).toMatchObject({ posted: 900n, held: 0n });
    }
  });

  it('of one key has one effect', async () => {
    const id = await payer();
    const holdId = await made(id, 100n);
    const command = capture(holdId, { amount: 10n });
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => instance().execute(command, timeMs)));
    expect(new Set(outcomes.map(wordOf))).toEqual(new Set(['posted']));
    expect(outcomes.filter((each) => each.kind === 'settled' && !each.replayed)).toHaveLength(1);
    expect(await stored(holdId)).toMatchObject({ captured: 10n, remaining: 90n });
  });

  it('of holds and spends never passes the floor', async () => {
    const instances = [instance(), instance(), instance()];
    const id = await payer(500n);
    const outcomes = await Promise.all(
      Array.from({ length: 90 }, (_, i) =>
        (instances[i % 3] as Ledger).execute(i % 2 === 0 ? hold(id, 10n) : transfer(id, 'shop', 10), timeMs),
      ),
    );
    const won = outcomes.map(wordOf).filter((word) => word === 'open' || word === 'posted');
    expect(won).toHaveLength(50);
    const { posted, held } = await balanceOf(id);
    expect(posted - held).toBe(0n);
  });
});

describe('a fault', () => {
  let proxy: FaultProxy;
  beforeAll(async () => {
    proxy = await startFaultProxy({ target: books.database.endpoint });
  });
  afterAll(() => proxy.stop());

  const faults: [string, FaultRule['fault']][] = [
    ['a connection that breaks after the commit', { kind: 'dropAnswer' }],
    ['a 500 after the commit', { kind: 'serverError', when: 'after' }],
    ['a 500 before the write', { kind: 'serverError', when: 'before' }],
    ['a conflict', { kind: 'conflict' }],
    ['throttling', { kind: 'throttle' }],
    ['a connection cut', { kind: 'cut' }],
  ];
  it.each(faults)('at each step of a hold has no effect of its own: %s', async (_, fault) => {
    const id = await payer();
    const ledger = books.open({ endpoint: proxy.url });
    const amid = async (command: Parameters<Ledger['execute']>[0]) => {
      proxy.rules.push({ operation: 'TransactWriteItems', fault, count: 1 });
      const outcome = await ledger.execute(command, timeMs);
      expect(outcome).toMatchObject({ kind: 'settled', replayed: false });
      proxy.rules.length = 0;
      return wordOf(outcome);
    };
    const command = hold(id, 100n);
    expect(await amid(command)).toBe('open');
    expect(await amid(capture(command.holdId, { amount: 40n }))).toBe('posted');
    expect(await amid(capture(command.holdId, { amount: 20n }))).toBe('posted');
    expect(await amid(ending(command.holdId))).toBe('voided');
    await proxy.settled();
    expect(await stored(command.holdId)).toMatchObject({ captured: 60n, status: 'voided', version: 4 });
    expect(await balanceOf(id)).toMatchObject({ posted: 940n, held: 0n });
    ledger.client.destroy();
  });
});
