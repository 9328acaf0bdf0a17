import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Ledger, systemClock } from '../../lib/dynamodb/index.ts';
import {
  captureHold,
  createHold,
  type HoldId,
  holdIdOf,
  postBatch,
  recordIdOf,
  reverseTransaction,
  type TransactionId,
  transactionIdOf,
} from '../../lib/ledger/index.ts';
import type { Fault } from '../support/faults.ts';
import { account, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { type LineFixture, startLines } from './line-fixture.ts';

const write = 'TransactWriteItems';

let lines: LineFixture;
let ledger: Ledger;
beforeAll(async () => {
  lines = await startLines();
  for (const id of ['alice', 'bob', 'carol']) await lines.books.createAccount(id, { funds: 1_000n });
});
beforeEach(async () => {
  lines.proxy.rules.length = 0;
  ledger = lines.openBehindProxy();
  await ledger.post(transfer('alice', 'bob', 1), 5_000);
  lines.proxy.log.length = 0;
  lines.woken.length = 0;
});
afterAll(async () => {
  expect(await lines.findings()).toEqual([]);
  await lines.stop();
});

function calls(): { operation: string; items?: number; units: number | undefined }[] {
  return lines.proxy.log.splice(0).map(({ operation, body, consumedUnits }) => ({
    operation,
    ...(Array.isArray(body.TransactItems) && { items: body.TransactItems.length }),
    units: consumedUnits,
  }));
}

describe('the cost of an acceptance', () => {
  it('is one read of the tail and one write of two items, warm: four write units, and one for the index of what is due', async () => {
    await ledger.accept(transfer('alice', 'bob', 1, { description: 'Lunch' }), 5_000);
    expect(calls()).toEqual([
      { operation: 'Query', units: 1 },
      { operation: write, items: 2, units: 5 },
    ]);
    await lines.drain('alice');
  });

  it('is one read more on a cold instance', async () => {
    const cold = lines.openBehindProxy();
    await cold.accept(transfer('alice', 'bob', 1), 5_000);
    expect(calls()).toEqual([
      { operation: 'BatchGetItem', units: 4 },
      { operation: 'Query', units: 1 },
      { operation: write, items: 2, units: 5 },
    ]);
    await lines.drain('alice');
  });
});

describe('accept', () => {
  it('makes the transaction wait in the line of its source, moves nothing, and wakes the line', async () => {
    const before = (await ledger.balances.get(tenant, account('alice'), usd)).posted;
    const command = transfer('alice', 'bob', 5);
    const sentAt = Date.now();
    const result = await ledger.accept(command, 5_000, { correlationId: 'c-1' });
    expect(result).toMatchObject({ kind: 'accepted', replayed: false, attempts: 1 });
    expect('acceptedAt' in result && result.acceptedAt).toBeGreaterThanOrEqual(sentAt);
    expect(await lines.waiting('alice')).toEqual([command.id]);
    expect(await lines.record(command)).toMatchObject({ status: 'pending', line: 'alice', type: 'transfer' });
    expect((await ledger.balances.get(tenant, account('alice'), usd)).posted).toBe(before);
    expect(lines.woken).toEqual(['alice']);
    await lines.drain('alice');
    expect(await lines.record(command)).toMatchObject({
      status: 'posted',
      line: 'alice',
      acceptedAt: BigInt((result as { acceptedAt: number }).acceptedAt),
    });
    expect((await ledger.balances.get(tenant, account('alice'), usd)).posted).toBe(before - 5n);
  });

  it.each([
    ['an account that does not exist', () => transfer('alice', 'nobody', 1), 'account_not_found'],
    [
      'an asset that does not exist',
      () =>
        transfer('alice', 'bob', 1, {
          postings: [
            { source: account('alice'), destination: account('bob'), asset: 'NONE' as typeof usd, amount: 1n },
          ],
        }),
      'asset_not_found',
    ],
    [
      'a hold that does not exist',
      () =>
        captureHold({
          tenant,
          key: randomUUID(),
          holdId: holdIdOf(recordIdOf(tenant, 'no')),
          destination: account('bob'),
        }),
      'not_found',
    ],
    [
      'a transaction that does not exist',
      () => reverseTransaction({ tenant, key: randomUUID(), reverses: transactionIdOf(recordIdOf(tenant, 'no')) }),
      'not_found',
    ],
  ])('refuses at once, as it would be executed, %s', async (_, commandOf, code) => {
    const command = commandOf();
    expect(await ledger.accept(command, 5_000)).toMatchObject({ kind: 'refused', code, attempts: 0 });
    expect(await ledger.post(command, 5_000)).toMatchObject({ kind: 'refused', code });
    expect(await lines.record(command)).toBeUndefined();
    expect(lines.woken).toEqual([]);
  });

  it('refuses nothing for what it only remembers: an account that was created since is found', async () => {
    const missing = transfer('alice', 'late', 1);
    expect(await ledger.accept(missing, 5_000)).toMatchObject({ kind: 'refused' });
    await lines.books.createAccount('late');
    expect(await ledger.accept(missing, 5_000)).toMatchObject({ kind: 'accepted' });
    await lines.drain('alice');
    expect(await lines.transaction(missing.id)).toMatchObject({ status: 'posted' });
  });

  it('declines nothing: by its turn there may be funds', async () => {
    await lines.books.createAccount('poor');
    const command = transfer('poor', 'bob', 10);
    expect(await ledger.accept(command, 5_000)).toMatchObject({ kind: 'accepted' });
    await ledger.post(transfer('world', 'poor', 10), 5_000);
    await lines.drain('poor');
    expect(await lines.transaction(command.id)).toMatchObject({ status: 'posted' });
  });

  it('puts each kind of command in the line of the account that it takes from first', async () => {
    const hold = createHold({ tenant, key: randomUUID(), account: account('carol'), asset: usd, amount: 10n });
    await ledger.execute(hold, 5_000);
    const paid = transfer('bob', 'carol', 7);
    await ledger.post(paid, 5_000);
    const posting = (source: string, destination: string) => ({
      source: account(source),
      destination: account(destination),
      asset: usd,
      amount: 1n,
    });
    const several = transfer('alice', 'bob', 0, { postings: [posting('bob', 'carol'), posting('alice', 'carol')] });
    const capture = captureHold({
      tenant,
      key: randomUUID(),
      holdId: hold.holdId as HoldId,
      destination: account('bob'),
    });
    const reversal = reverseTransaction({ tenant, key: randomUUID(), reverses: paid.id });
    const batch = postBatch({
      tenant,
      key: randomUUID(),
      transactions: [
        { type: 'transfer', postings: [posting('alice', 'carol')] },
        { type: 'transfer', postings: [posting('bob', 'carol')] },
      ],
    });
    for (const command of [several, capture, reversal, batch]) {
      expect(await ledger.accept(command, 5_000)).toMatchObject({ kind: 'accepted' });
    }
    expect(await lines.waiting('bob')).toEqual([several.id]);
    expect(await lines.waiting('carol')).toEqual([capture.id, reversal.id]);
    expect(await lines.waiting('alice')).toEqual([batch.id]);
    for (const id of ['alice', 'bob', 'carol']) await lines.drain(id);
    expect(await lines.transaction(several.id)).toMatchObject({ status: 'posted' });
    expect(await lines.transaction(capture.id)).toMatchObject({ status: 'posted', holdId: hold.holdId });
    expect(await lines.transaction(reversal.id)).toMatchObject({ status: 'posted', reverses: paid.id });
    expect(await lines.record(batch)).toMatchObject({ status: 'batch' });
    expect(await ledger.postBatch(batch, 5_000)).toMatchObject({ kind: 'posted', replayed: true });
  });
});

describe('a key', () => {
  it('that was executed counts as accepted, with the time of its execution', async () => {
    const command = transfer('alice', 'bob', 5);
    const outcome = await ledger.post(command, 5_000);
    const createdAt = outcome.kind === 'settled' && outcome.transaction.createdAt;
    for (const instance of [ledger, lines.open()]) {
      expect(await instance.accept(command, 5_000)).toMatchObject({
        kind: 'accepted',
        acceptedAt: createdAt,
        replayed: true,
      });
    }
    expect(await lines.waiting('alice')).toEqual([]);
    expect(lines.woken).toEqual([]);
  });

  it('that was accepted is accepted once, before its turn and after it', async () => {
    const command = transfer('alice', 'bob', 5);
    const first = await ledger.accept(command, 5_000);
    const again = { ...first, replayed: true };
    expect(await ledger.accept(command, 5_000)).toEqual(again);
    expect(await lines.open().accept(command, 5_000)).toEqual({ ...again, attempts: 0 });
    expect(await lines.waiting('alice')).toEqual([command.id]);
    await lines.drain('alice');
    expect(await ledger.accept(command, 5_000)).toMatchObject({ ...again, attempts: expect.any(Number) });
    expect(await lines.waiting('alice')).toEqual([]);
  });

  it('that was accepted is answered synchronously with what becomes of it, or that it still waits', async () => {
    const command = transfer('alice', 'bob', 5);
    const accepted = await ledger.accept(command, 5_000);
    const waited = await ledger.post(command, 5_000);
    expect(waited).toMatchObject({
      kind: 'pending',
      acceptedAt: 'acceptedAt' in accepted && accepted.acceptedAt,
      replayed: true,
    });
    const asked = lines.open().post(command, 5_000);
    await lines.drain('alice');
    expect(await asked).toMatchObject({ kind: 'settled', replayed: true, transaction: { status: 'posted' } });
  });

  it('of another request is told, whatever became of it', async () => {
    const key = randomUUID();
    await ledger.accept(transfer('alice', 'bob', 5, { key }), 5_000);
    const other = transfer('alice', 'bob', 6, { key });
    expect(await ledger.accept(other, 5_000)).toMatchObject({ kind: 'key_reused' });
    expect(await lines.open().accept(other, 5_000)).toMatchObject({ kind: 'key_reused' });
    expect(await ledger.post(other, 5_000)).toMatchObject({ kind: 'key_reused' });
    await lines.drain('alice');
    expect(await ledger.accept(other, 5_000)).toMatchObject({ kind: 'key_reused' });
    const hold = createHold({ tenant, key, account: account('alice'), asset: usd, amount: 1n });
    expect(await ledger.execute(hold, 5_000)).toMatchObject({ kind: 'key_reused' });
  });

  it('sent twice at one time is accepted once, with one answer', async () => {
    const command = transfer('alice', 'bob', 5);
    const answers = await Promise.all([ledger, lines.open(), lines.open()].map((one) => one.accept(command, 5_000)));
    expect(new Set(answers.map((answer) => 'acceptedAt' in answer && answer.acceptedAt)).size).toBe(1);
    expect(answers.filter((answer) => 'replayed' in answer && !answer.replayed)).toHaveLength(1);
    expect(await lines.waiting('alice')).toEqual([command.id]);
    await lines.drain('alice');
  });

  it('sent synchronously and asynchronously at one time is executed once', async () => {
    const before = (await ledger.balances.get(tenant, account('bob'), usd)).posted;
    for (let round = 0; round < 5; round++) {
      const command = transfer('alice', 'bob', 1);
      const both = Promise.all([ledger.post(command, 5_000), lines.open().accept(command, 5_000)]);
      const answers = await Promise.all([both, lines.drain('alice')]);
      expect(answers[0][1]).toMatchObject({ kind: 'accepted' });
      await lines.drain('alice');
      expect(await lines.transaction(command.id)).toMatchObject({ status: 'posted' });
    }
    expect((await ledger.balances.get(tenant, account('bob'), usd)).posted).toBe(before + 5n);
  });
});

describe('a lost answer', () => {
  const lost: [string, Fault][] = [
    ['a connection that breaks after the write', { kind: 'dropAnswer' }],
    ['a 500 after the write', { kind: 'serverError', when: 'after' }],
    ['an answer that never comes', { kind: 'hang', when: 'after' }],
  ];
  it.each(lost)('to the write is learnt from the record: %s', async (_, fault) => {
    lines.proxy.rules.push({ operation: write, fault, count: 1 });
    const command = transfer('alice', 'bob', 5);
    // It was this very request that wrote it, so the answer is no replay, and the line is woken.
    expect(await ledger.accept(command, 8_000)).toMatchObject({ kind: 'accepted', replayed: false, attempts: 2 });
    expect(lines.woken).toEqual(['alice']);
    expect(await lines.waiting('alice')).toEqual([command.id]);
    await lines.drain('alice');
  });

  it('that is lost until time is up, is outcome_unknown, and the same key finds out', async () => {
    lines.proxy.rules.push({ operation: write, fault: { kind: 'dropAnswer' }, count: 1 });
    lines.proxy.rules.push({ operation: 'Query', fault: { kind: 'throttle' }, skip: 1 });
    const command = transfer('alice', 'bob', 5);
    expect(await ledger.accept(command, 1_000)).toMatchObject({ kind: 'failed', code: 'outcome_unknown' });
    lines.proxy.rules.length = 0;
    expect(await ledger.accept(command, 5_000)).toMatchObject({ kind: 'accepted', replayed: true });
    await lines.drain('alice');
  });

  it('to a write that arrives after its turn has come has one effect', async () => {
    lines.proxy.rules.push({ operation: write, fault: { kind: 'latency', ms: 2_000 }, count: 1 });
    const command = transfer('alice', 'bob', 5);
    expect(await ledger.accept(command, 8_000)).toMatchObject({ kind: 'accepted' });
    await lines.drain('alice');
    await lines.proxy.settled();
    expect(await lines.waiting('alice')).toEqual([]);
    expect(await lines.transaction(command.id)).toMatchObject({ status: 'posted' });
  });

  const harmless: [string, Fault][] = [
    ['a conflict', { kind: 'conflict' }],
    ['throttling', { kind: 'throttle' }],
    ['throttling of one item', { kind: 'conflict', reason: 'ProvisionedThroughputExceeded' }],
    ['a connection cut', { kind: 'cut' }],
  ];
  it.each(harmless)('is not what follows a failure without effect, which is tried again: %s', async (_, fault) => {
    lines.proxy.rules.push({ fault, count: 3 });
    const command = transfer('alice', 'bob', 5);
    expect(await ledger.accept(command, 8_000)).toMatchObject({ kind: 'accepted', replayed: false });
    expect(await lines.waiting('alice')).toEqual([command.id]);
    await lines.drain('alice');
  });

  it('is not what an outage is: nothing was sent, so nothing was done', async () => {
    lines.proxy.rules.push({ fault: { kind: 'throttle' } });
    expect(await ledger.accept(transfer('alice', 'bob', 5), 800)).toMatchObject({
      kind: 'failed',
      code: 'unavailable',
    });
  });

  it('is not what a clock that is wrong leads to: nothing is accepted by it', async () => {
    lines.proxy.rules.push({ fault: { kind: 'clockSkew', ms: 60_000 } });
    expect(await ledger.accept(transfer('alice', 'bob', 5), 5_000)).toMatchObject({
      kind: 'failed',
      code: 'unavailable',
    });
    expect(await lines.waiting('alice')).toEqual([]);
  });
});

describe('the order of a line', () => {
  it('is that of acceptance for a client that waits for each answer, whichever instances it meets and whatever their clocks say', async () => {
    const shifts = [0, -1_500, 1_500, -300];
    const instances = shifts.map((shift) => lines.open({ clock: { ...systemClock, now: () => Date.now() + shift } }));
    const accepted: TransactionId[] = [];
    for (let i = 0; i < 24; i++) {
      const command = transfer('alice', i % 2 === 0 ? 'bob' : 'carol', 1);
      const result = await (instances[(i * 7) % 4] as Ledger).accept(command, 5_000);
      expect(result.kind).toBe('accepted');
      accepted.push(command.id);
    }
    expect(await lines.waiting('alice')).toEqual(accepted);
    await lines.drain('alice');
    const { entries } = await ledger.entries.page({
      tenant,
      account: account('alice'),
      asset: usd,
      order: 'asc',
      limit: 100,
    });
    expect(entries.map(({ transactionId }) => transactionId).slice(-24)).toEqual(accepted);
  });

  it('takes acceptances at one time in any order, each once', async () => {
    const commands = Array.from({ length: 12 }, () => transfer('alice', 'bob', 1));
    const instances = [lines.open(), lines.open(), lines.open()];
    await Promise.all(commands.map((command, i) => (instances[i % 3] as Ledger).accept(command, 5_000)));
    const after = transfer('alice', 'bob', 1);
    await ledger.accept(after, 5_000);
    const waiting = await lines.waiting('alice');
    expect(new Set(waiting)).toEqual(new Set([...commands, after].map(({ id }) => id)));
    expect(waiting.at(-1)).toBe(after.id);
    await lines.drain('alice');
  });
});
