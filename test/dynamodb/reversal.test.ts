import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Ledger, TransactionResult } from '../../lib/dynamodb/index.ts';
import {
  type PostedTransaction,
  type ReverseTransactionRequest,
  reverseTransaction,
  type TransactionId,
} from '../../lib/ledger/index.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';
import { account, type LedgerFixture, tenant, transfer, usd } from '../support/ledger-fixture.ts';
import { type LedgerInstances, startLedgerInstances } from '../support/ledger-instances.ts';

const timeMs = 5_000;

let started: LedgerInstances;
let books: LedgerFixture;
let proxy: FaultProxy;
let instances: readonly Ledger[];
beforeAll(async () => {
  started = await startLedgerInstances(4);
  ({ books, proxy, instances } = started);
});
afterAll(async () => {
  expect((await books.audit()).findings).toEqual([]);
  await started.stop();
});

/** A payment between accounts of its own, of which the shop has kept so much. */
async function payment(amount: bigint, kept = amount): Promise<{ id: TransactionId; customer: string; shop: string }> {
  const [customer, shop] = [`customer-${randomUUID()}`, `shop-${randomUUID()}`];
  await books.createAccount(customer, { funds: amount });
  await books.createAccount(shop);
  const paid = transfer(customer, shop, amount);
  await books.ledger.post(paid, timeMs);
  if (kept < amount) await books.ledger.post(transfer(shop, 'world', amount - kept), timeMs);
  return { id: paid.id, customer, shop };
}

function reversal(reverses: TransactionId, rest: Partial<ReverseTransactionRequest> = {}) {
  return reverseTransaction({ tenant, key: randomUUID(), reverses, ...rest });
}

function nameOf(result: TransactionResult): string {
  if (result.kind === 'settled') {
    return result.transaction.status === 'rejected' ? result.transaction.reason : result.transaction.status;
  }
  return 'code' in result ? result.code : result.kind;
}

async function untilFinal(ledger: Ledger, command: ReturnType<typeof reversal>): Promise<TransactionResult> {
  for (let tries = 0; tries < 20; tries++) {
    const result = await ledger.post(command, timeMs);
    if (result.kind !== 'failed') return result;
  }
  throw new Error('no final answer');
}

async function posted(id: string): Promise<bigint> {
  return (await books.ledger.balances.get(tenant, account(id), usd)).posted;
}

/** Every reversal of a transaction, from the last to the first, as the links between them lead. */
async function reversalsOf(id: TransactionId): Promise<PostedTransaction[]> {
  const found: PostedTransaction[] = [];
  let next = (await books.ledger.transactions.record(tenant, id))?.reversed?.lastReversal ?? undefined;
  while (next) {
    const transaction = await books.ledger.transactions.get(tenant, next);
    if (transaction?.status !== 'posted') throw new Error(`${next} was not posted`);
    found.push(transaction);
    next = transaction.previousReversal;
  }
  return found;
}

describe('a reversal', () => {
  it('moves everything back once, and every part can be found from the original', async () => {
    const { id, customer, shop } = await payment(100n);
    const parts = [reversal(id, { amount: 30n }), reversal(id, { amount: 20n }), reversal(id)];
    for (const part of parts) expect(nameOf(await books.ledger.post(part, timeMs))).toBe('posted');
    expect([await posted(customer), await posted(shop)]).toEqual([100n, 0n]);
    expect((await books.ledger.transactions.record(tenant, id))?.reversed).toEqual({
      reversedAmount: 100n,
      lastReversal: parts[2]?.id,
      reversals: 3,
    });
    const found = await reversalsOf(id);
    expect(found.map((part) => [part.id, part.postings[0]?.amount, part.reverses])).toEqual(
      parts.toReversed().map((part, index) => [part.id, [50n, 20n, 30n][index], id]),
    );
    expect(await books.ledger.post(reversal(id), timeMs)).toMatchObject({ kind: 'refused', code: 'already_reversed' });
  });

  it('leaves the original itself as it was', async () => {
    const { id } = await payment(10n);
    const before = await books.ledger.transactions.get(tenant, id);
    await books.ledger.post(reversal(id), timeMs);
    expect(await books.ledger.transactions.get(tenant, id)).toEqual(before);
  });

  it('can be reversed itself, which makes nothing more of the original reversible', async () => {
    const { id, customer, shop } = await payment(10n);
    const undo = reversal(id);
    await books.ledger.post(undo, timeMs);
    expect(nameOf(await books.ledger.post(reversal(undo.id), timeMs))).toBe('posted');
    expect([await posted(customer), await posted(shop)]).toEqual([0n, 10n]);
    expect(nameOf(await books.ledger.post(reversal(id), timeMs))).toBe('already_reversed');
    expect(nameOf(await books.ledger.post(reversal(undo.id), timeMs))).toBe('already_reversed');
  });

  it('is refused for what is not there, was rejected, or is no transaction, and the key may be used again', async () => {
    const { customer } = await payment(10n);
    const declined = transfer(customer, 'world', 11n);
    expect(nameOf(await books.ledger.post(declined, timeMs))).toBe('insufficient_funds');
    const unknown = `tx_${'a'.repeat(52)}` as TransactionId;
    const command = reversal(unknown);
    for (const each of [command, command, reversal(declined.id)]) {
      expect(await books.ledger.post(each, timeMs)).toMatchObject({ kind: 'refused', code: 'not_found' });
    }
  });

  it('is declined for good beyond what remains and what is there, with the postings it would have had', async () => {
    const { id, shop } = await payment(100n, 40n);
    const beyond = reversal(id, { amount: 101n });
    const uncovered = reversal(id);
    for (const replayed of [false, true]) {
      expect(await books.ledger.post(beyond, timeMs)).toMatchObject({
        transaction: { reason: 'exceeds_remaining', evidence: { available: 100n, required: 101n } },
        replayed,
      });
      expect(await books.ledger.post(uncovered, timeMs)).toMatchObject({
        transaction: { reason: 'insufficient_funds', postings: [{ source: shop, amount: 100n }] },
        replayed,
      });
      await books.ledger.post(transfer('world', shop, 1_000n), timeMs);
    }
  });

  it('leaves an account below its floor where it may, and it comes back by credits alone', async () => {
    const { id, shop } = await payment(100n, 0n);
    const overdraft = reversal(id, { mayOverdraw: true });
    expect(nameOf(await books.ledger.post(overdraft, timeMs))).toBe('posted');
    expect(await posted(shop)).toBe(-100n);
    await books.ledger.post(transfer('world', shop, 99n), timeMs);
    expect(nameOf(await books.ledger.post(transfer(shop, 'world', 1n), timeMs))).toBe('insufficient_funds');
    await books.ledger.post(transfer('world', shop, 2n), timeMs);
    expect(nameOf(await books.ledger.post(transfer(shop, 'world', 1n), timeMs))).toBe('posted');
    const page = await books.ledger.entries.page({
      tenant,
      account: account(shop),
      asset: usd,
      order: 'asc',
      limit: 9,
    });
    expect(page.entries.map(({ overdraft: isOverdraft }) => isOverdraft)).toEqual([
      undefined,
      undefined,
      true,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('sees what the list it comes in has done before it', async () => {
    const { id } = await payment(100n);
    const parts = [60n, 30n, 20n].map((amount) => reversal(id, { amount }));
    const results = await books.ledger.postAll([...parts, reversal(id), reversal(id)], timeMs);
    // The third is taken out to be declined by itself, and comes behind the fourth, which has left nothing for it.
    expect(results.map(nameOf)).toEqual(['posted', 'posted', 'already_reversed', 'posted', 'already_reversed']);
  });
});

describe('reversals at one time', () => {
  it('give back exactly what fits of 50 parts of one payment, on four instances', async () => {
    const { id, customer, shop } = await payment(100n);
    const parts = Array.from({ length: 50 }, () => reversal(id, { amount: 3n }));
    const results = await Promise.all(parts.map((part, i) => untilFinal(instances[i % 4] as Ledger, part)));
    const counts = Map.groupBy(results, nameOf);
    expect(Object.fromEntries([...counts].map(([name, { length }]) => [name, length]))).toEqual({
      posted: 33,
      exceeds_remaining: 17,
    });
    expect([await posted(customer), await posted(shop)]).toEqual([99n, 1n]);
    expect(await reversalsOf(id)).toHaveLength(33);
  });

  it('happen once under one key, however many ask at once', async () => {
    const { id, customer } = await payment(100n);
    const part = reversal(id, { amount: 10n });
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, i) => untilFinal(instances[i % 4] as Ledger, part)),
    );
    expect(new Set(results.map(nameOf))).toEqual(new Set(['posted']));
    expect(results.filter((result) => result.kind === 'settled' && !result.replayed)).toHaveLength(1);
    expect(await posted(customer)).toBe(10n);
  });

  it('find a payment reversed already, never the shop out of funds, when all are whole', async () => {
    for (let run = 0; run < 15; run++) {
      const { id, shop } = await payment(100n);
      const results = await Promise.all(instances.map((ledger) => untilFinal(ledger, reversal(id))));
      expect(results.map(nameOf).sort()).toEqual([
        'already_reversed',
        'already_reversed',
        'already_reversed',
        'posted',
      ]);
      expect(await posted(shop)).toBe(0n);
    }
  });

  it('and spends of the same funds leave no account below its floor', async () => {
    for (let run = 0; run < 10; run++) {
      const { id, shop, customer } = await payment(100n);
      const spends = Array.from({ length: 4 }, () => transfer(shop, 'world', 30n));
      const [refund, ...spent] = await Promise.all([
        untilFinal(instances[0] as Ledger, reversal(id, { amount: 50n })),
        ...spends.map((spend, i) => (instances[i % 4] as Ledger).post(spend, timeMs)),
      ]);
      const out = spent.filter((result) => nameOf(result) === 'posted').length;
      const back = refund && nameOf(refund) === 'posted' ? 50n : 0n;
      expect(await posted(shop)).toBe(100n - BigInt(out) * 30n - back);
      expect(await posted(customer)).toBe(back);
    }
  });
});

describe('reversals between accounts that are spread over shards', () => {
  it('never exceed what was moved, although no two of them need touch the same balances', async () => {
    const [source, destination] = [`treasury-${randomUUID()}`, `desk-${randomUUID()}`];
    for (const id of [source, destination]) await books.createAccount(id, { unbounded: true, shards: 16 });
    // Every shard has its balance, so that nothing is opened, which would be one item for all.
    for (let i = 0; i < 150; i++) await books.ledger.post(transfer(source, destination, 1n), timeMs);
    for (let run = 0; run < 12; run++) {
      const paid = transfer(source, destination, 100n);
      await books.ledger.post(paid, timeMs);
      const parts = instances.map(() => reversal(paid.id, { amount: 40n }));
      const results = await Promise.all(parts.map((part, i) => untilFinal(instances[i] as Ledger, part)));
      expect(results.map(nameOf).sort()).toEqual(['exceeds_remaining', 'exceeds_remaining', 'posted', 'posted']);
      expect(await reversalsOf(paid.id)).toHaveLength(2);
    }
  });
});

describe('a reversal under faults', () => {
  it.each(['dropAnswer', 'serverError'] as const)(
    'is found to have happened after %s, and happens once',
    async (kind) => {
      const { id, customer } = await payment(100n);
      const ledger = books.open({ endpoint: proxy.url });
      const fault = kind === 'dropAnswer' ? { kind } : { kind, when: 'after' as const };
      proxy.rules.push({ operation: 'TransactWriteItems', fault, count: 1 });
      const part = reversal(id, { amount: 40n });
      expect(await ledger.post(part, timeMs)).toMatchObject({ transaction: { status: 'posted' }, replayed: false });
      expect(await ledger.post(part, timeMs)).toMatchObject({ transaction: { status: 'posted' }, replayed: true });
      expect(await posted(customer)).toBe(40n);
      proxy.rules.length = 0;
      ledger.client.destroy();
    },
  );
});
