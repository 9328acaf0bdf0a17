import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Ledger, systemClock } from '../../lib/dynamodb/index.ts';
import {
  captureHold,
  createHold,
  expireHold,
  type LineCommand,
  maxPostings,
  minFeeNoticeMs,
  type Posting,
  postBatch,
  reverseTransaction,
  type TransactionId,
  voidHold,
} from '../../lib/ledger/index.ts';
import { account, asset, type LedgerFixture, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { type LineFixture, startLines } from './line-fixture.ts';
import { appendJournal, contents, damage, openRedactions, type Redactions } from './redaction-fixture.ts';

const timeMs = 8_000;
const eur = asset('EUR/2');

let lines: LineFixture;
let books: LedgerFixture;
let ledger: Ledger;
let redactions: Redactions;

beforeAll(async () => {
  lines = await startLines();
  books = lines.books;
  ledger = lines.open();
  redactions = openRedactions(books);
  await books.createAccount('fees', { unbounded: true });
  for (const id of ['alice', 'bob']) await books.createAccount(id, { funds: 1_000_000n });
  await ledger.assets.create({ tenant, code: eur, keyApplied: { mark: 'eur', requestHash: '' } });
  const past = lines.open({ clock: { ...systemClock, now: () => Date.now() - minFeeNoticeMs - 1_000 } });
  const rules = ['transfer', 'exchange'].map((type) => {
    return { type, asset: usd, basisPoints: 100, payer: 'source', feeAccount: account('fees') } as const;
  });
  await past.fees.create({ tenant, rules, effectiveAt: undefined, keyApplied: { mark: 'fees', requestHash: '' } });
});
afterAll(async () => {
  redactions.stop();
  await lines.stop();
});

/** What is written about something, to be found wherever it lies. */
function told() {
  const text = `canary-${randomUUID()}`;
  return { text, description: `about ${text}`, metadata: { name: text } };
}

const details = ({ description, metadata }: ReturnType<typeof told>) => ({ description, metadata });

async function settled(command: Parameters<Ledger['execute']>[0], by = ledger) {
  const outcome = await by.execute(command, timeMs);
  expect(outcome).toMatchObject({ kind: 'settled' });
  return outcome;
}

/** Redacts transactions and looks for what was written about them, before and after, in all that is stored. */
async function redacts(texts: readonly string[], redact: () => Promise<unknown>): Promise<void> {
  const before = await contents(books);
  for (const text of texts) expect(before).toContain(text);
  await redact();
  await appendJournal(books);
  const after = await contents(books);
  for (const text of texts) expect(after).not.toContain(text);
  expect(await damage(books)).toEqual([]);
}

const redactTransaction = (id: TransactionId) => redactions.store.transaction(redactions.ask(), id);

/** Tells that one command is still answered as it was, and that the other, under the same key, is not taken for it. */
async function tellsApart(command: LineCommand, other: LineCommand): Promise<void> {
  expect(await books.open().execute(command, timeMs)).toMatchObject({ kind: 'settled', replayed: true });
  expect(await lines.open().accept(command, timeMs)).toMatchObject({ replayed: true });
  expect(await books.open().execute(other, timeMs)).toMatchObject({ kind: 'key_reused' });
  expect(await lines.open().accept(other, timeMs)).toMatchObject({ kind: 'key_reused' });
}

describe('nothing that was redacted is in any item, and everything verifies', () => {
  it('of a transfer with a fee, and of its reversals', async () => {
    const [paid, back, rest] = [told(), told(), told()];
    const payment = transfer('alice', 'bob', 1_000, { key: paid.text, ...details(paid) });
    await settled(payment);
    const reversal = (said: typeof back, amount?: bigint) =>
      reverseTransaction({ tenant, key: said.text, reverses: payment.id, amount, ...details(said) });
    await settled(reversal(back, 300n));
    await redacts([paid.text, back.text], async () => {
      await redactTransaction(payment.id);
      await redactTransaction(reversal(back).id);
    });
    await settled(reversal(rest));
    await redacts([rest.text], () => redactTransaction(reversal(rest).id));
    await tellsApart(payment, transfer('alice', 'bob', 1_010, { key: paid.text, ...details(paid) }));
    await tellsApart(reversal(back, 300n), reversal(back, 301n));
    await tellsApart(reversal(rest), reversal(rest, 701n));
  });

  it('of an exchange', async () => {
    const said = told();
    const exchange = { sell: usd, buy: eur, rate: '0.9213', rounding: 'half_even' as const };
    const postings = (sold: bigint, bought: bigint): Posting[] => [
      { source: account('alice'), destination: account('world'), asset: usd, amount: sold },
      { source: account('world'), destination: account('alice'), asset: eur, amount: bought },
    ];
    const ask = (sold: bigint, bought: bigint, rate: string) =>
      transfer('alice', 'world', 1, {
        key: said.text,
        operation: 'createTransaction',
        type: 'exchange',
        exchange: { ...exchange, rate },
        postings: postings(sold, bought),
        ...details(said),
      });
    const command = ask(1_000n, 921n, '0.9213');
    await settled(command);
    await redacts([said.text], () => redactTransaction(command.id));
    await tellsApart(command, ask(1_000n, 921n, '0.921'));
  });

  it('of a hold captured in parts, with its captures', async () => {
    const [held, ...parts] = [told(), told(), told()];
    const hold = createHold({
      tenant,
      key: held.text,
      account: account('alice'),
      asset: usd,
      amount: 100n,
      ...details(held),
    });
    await settled(hold);
    const captures = parts.map((said, index) =>
      captureHold({
        tenant,
        key: said.text,
        holdId: hold.holdId,
        destination: account('bob'),
        amount: 30n,
        final: index === 1,
        ...details(said),
      }),
    );
    for (const capture of captures) await settled(capture);
    await redacts([held.text], () => redactions.store.hold(redactions.ask(), hold.holdId));
    for (const [index, capture] of captures.entries()) {
      await redacts([parts[index]?.text ?? ''], () => redactTransaction(capture.id));
      const elsewhere = { tenant, key: parts[index]?.text ?? '', holdId: hold.holdId, amount: 30n };
      await tellsApart(capture, captureHold({ ...elsewhere, destination: account('fees') }));
    }
  });

  it.each(['before', 'after'])('of a hold that expires, redacted %s its end was noticed', async (when) => {
    const said = told();
    const hold = createHold({
      tenant,
      key: said.text,
      account: account('alice'),
      asset: usd,
      amount: 5n,
      expiry: { expiresAt: Date.now() + 1_000 },
      ...details(said),
    });
    await settled(hold);
    if (when === 'after') {
      const later = lines.open({ clock: { ...systemClock, now: () => Date.now() + 1_200 } });
      await settled(expireHold(tenant, hold.holdId), later);
      expect(await ledger.holds.get(tenant, hold.holdId)).toMatchObject({ status: 'expired' });
    }
    await redacts([said.text], () => redactions.store.hold(redactions.ask(), hold.holdId));
    if (when === 'before') {
      const later = lines.open({ clock: { ...systemClock, now: () => Date.now() + 1_200 } });
      await settled(expireHold(tenant, hold.holdId), later);
      expect(await contents(books)).not.toContain(said.text);
    }
    expect(
      await books.open().execute(voidHold({ tenant, key: randomUUID(), holdId: hold.holdId }), timeMs),
    ).toMatchObject({ kind: 'refused', code: 'hold_not_open' });
    expect(await books.open().execute(hold, timeMs)).toMatchObject({ kind: 'settled', replayed: true });
  });

  it('of what waited in a line, and was posted or rejected', async () => {
    for (const amount of [7n, 10n ** 12n]) {
      const said = told();
      const command = transfer('alice', 'bob', amount, { key: said.text, ...details(said) });
      await lines.open().accept(command, timeMs);
      expect(await contents(books)).toContain(said.text);
      expect(await redactTransaction(command.id)).toBe('pending');
      await lines.drain('alice');
      expect(await lines.transaction(command.id)).toMatchObject({ status: amount === 7n ? 'posted' : 'rejected' });
      await redacts(amount === 7n ? [said.text] : [], () => redactTransaction(command.id));
      expect(await contents(books)).not.toContain(said.text);
      expect(await lines.record(command)).not.toHaveProperty('requestHash');
      await tellsApart(command, transfer('alice', 'bob', amount + 1n, { key: said.text, ...details(said) }));
    }
  });

  it.each(['a transfer', 'a batch', 'a reversal'])(
    'of %s that failed, and of what was made of it since',
    async (kind) => {
      const [original, other] = [told(), told()];
      const earlier = transfer('alice', 'bob', 3);
      await settled(earlier);
      const common = { tenant, key: original.text };
      const posting = { source: account('alice'), destination: account('bob'), asset: usd, amount: 2n };
      const commands: Record<string, LineCommand> = {
        'a transfer': transfer('alice', 'bob', 9, { key: original.text, ...details(original) }),
        'a batch': postBatch({
          ...common,
          transactions: [original, other].map((said) => ({ type: 'transfer', postings: [posting], ...details(said) })),
        }),
        'a reversal': reverseTransaction({ ...common, reverses: earlier.id, ...details(original) }),
      };
      const command = commands[kind];
      if (!command) throw new Error(`no ${kind}`);
      const id = await failed(command, kind === 'a reversal' ? 'bob' : 'alice');
      const texts = kind === 'a batch' ? [original.text, other.text] : [original.text];
      await redacts(texts, () => redactTransaction(id));
      expect(await books.open().execute(command, timeMs)).toMatchObject({ kind: 'settled', replayed: true });
      const again = await ledger.reprocess(tenant, id, timeMs);
      expect(again).toMatchObject({ kind: 'accepted' });
      await lines.drain(kind === 'a reversal' ? 'bob' : 'alice');
      const made = 'transactionId' in again ? await lines.record({ id: again.transactionId }) : undefined;
      expect(made).toMatchObject({ status: kind === 'a batch' ? 'batch' : 'posted' });
      const after = await contents(books);
      for (const text of texts) expect(after).not.toContain(text);
      expect(await books.open().execute(command, timeMs)).toMatchObject({ replayed: true });
      await appendJournal(books);
      expect(await damage(books)).toEqual([]);
    },
  );

  it('of one that failed since what is stored of it cannot be read: all of that goes', async () => {
    const said = told();
    const command = transfer('alice', 'bob', 9, { key: said.text, ...details(said) });
    const id = await failed(command, 'alice', { kind: 'of another time', note: said.text });
    await redacts([said.text], () => redactTransaction(id));
    expect(await lines.record(command)).not.toHaveProperty('command');
    expect(await lines.transaction(id)).toMatchObject({ status: 'failed', redacted: { at: expect.any(Number) } });
    expect(await books.open().execute(command, timeMs)).toMatchObject({ kind: 'settled', replayed: true });
    expect(await ledger.reprocess(tenant, id, timeMs)).toMatchObject({ kind: 'unreadable' });
  });

  it('of what was made of one that failed before that was redacted: each by itself', async () => {
    const said = told();
    const command = transfer('alice', 'bob', 9, { key: said.text, ...details(said) });
    const id = await failed(command, 'alice');
    const again = await ledger.reprocess(tenant, id, timeMs);
    if (!('transactionId' in again)) throw new Error(`it is ${again.kind}`);
    await lines.drain('alice');
    await redactTransaction(id);
    expect(await contents(books)).toContain(said.text);
    await redacts([said.text], () => redactTransaction(again.transactionId));
  });

  it('of one that failed while it is brought back to work: nothing that was removed comes back with it', async () => {
    const said = told();
    const id = await failed(transfer('alice', 'bob', 9, { key: said.text, ...details(said) }), 'alice');
    const reprocessing = lines.open();
    let isRedacted = false;
    reprocessing.client.middlewareStack.add(
      (next) => async (call) => {
        if ('TransactItems' in call.input && !isRedacted) {
          isRedacted = true;
          await redactTransaction(id);
        }
        return next(call);
      },
      { step: 'initialize' },
    );
    expect(await reprocessing.reprocess(tenant, id, timeMs)).toMatchObject({ kind: 'failed', code: 'contention' });
    expect(isRedacted).toBe(true);
    const again = await reprocessing.reprocess(tenant, id, timeMs);
    if (again.kind !== 'accepted') throw new Error(`it is ${again.kind}`);
    await lines.drain('alice');
    expect(await lines.transaction(again.transactionId)).toMatchObject({ status: 'posted' });
    expect(await contents(books)).not.toContain(said.text);
  });

  it('of the largest transaction and the largest batch there can be, each in one write', async () => {
    const said = told();
    const posting = { source: account('alice'), destination: account('bob'), asset: usd, amount: 1n };
    const whole = transfer('alice', 'bob', 1, {
      key: said.text,
      operation: 'createTransaction',
      postings: Array.from({ length: maxPostings }, () => posting),
      ...details(said),
    });
    await settled(whole);
    await redacts([said.text], () => redactTransaction(whole.id));
    const other = told();
    const members = Array.from({ length: 31 }, () => ({ type: 'gift', postings: [posting], ...details(other) }));
    expect(() => postBatch({ tenant, key: other.text, transactions: [...members, ...members.slice(0, 1)] })).toThrow();
    const batch = postBatch({ tenant, key: other.text, transactions: members });
    await settled(batch);
    await redacts([other.text], () => redactTransaction(batch.id));
    await tellsApart(
      batch,
      postBatch({ tenant, key: other.text, transactions: members.map((member) => ({ ...member, type: 'loan' })) }),
    );
  });
});

async function failed(command: LineCommand, line: string, left?: object): Promise<TransactionId> {
  await lines.fail(command, line, left);
  expect(await lines.record(command)).toMatchObject({ status: 'failed' });
  return command.id;
}
