import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Ledger, TransactionResult } from '../../lib/dynamodb/index.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type LedgerFixture, startLedger, transfer } from '../support/ledger-fixture.ts';

const write = 'TransactWriteItems';

/** What a result says of its attempts is compared with what DynamoDB was really asked. */
let books: LedgerFixture;
let proxy: FaultProxy;
let ledger: Ledger;
beforeAll(async () => {
  books = await startLedger();
  proxy = await startFaultProxy({ target: books.database.endpoint });
  for (const id of ['alice', 'bob', 'carol']) await books.createAccount(id, { funds: 1_000n });
  ledger = books.open({ endpoint: proxy.url });
  await ledger.post(transfer('alice', 'bob', 1), 5_000);
});
beforeEach(() => {
  proxy.rules.length = 0;
  proxy.log.length = 0;
});
afterAll(async () => {
  ledger.client.destroy();
  await proxy.stop();
  await books.stop();
});

function writesSent(): number {
  return proxy.log.filter(({ operation }) => operation === write || operation === 'PutItem').length;
}

describe('the attempts of a result', () => {
  it('are the writes that were sent: those that failed, and the one that did not', async () => {
    proxy.rules.push({ operation: write, fault: { kind: 'conflict' }, count: 3 });
    const result = await ledger.post(transfer('alice', 'bob', 1), 8_000);
    expect(result).toMatchObject({ kind: 'settled', replayed: false, attempts: 4 });
    expect(writesSent()).toBe(4);
  });

  it('count a write whose answer was lost, and not the reading that finds it out', async () => {
    proxy.rules.push({ operation: write, fault: { kind: 'dropAnswer' }, count: 1 });
    expect(await ledger.post(transfer('alice', 'bob', 1), 8_000)).toMatchObject({ kind: 'settled', attempts: 1 });
    expect(writesSent()).toBe(1);
  });

  it('are all those of a command that was given up', async () => {
    proxy.rules.push({ operation: write, fault: { kind: 'conflict' } });
    const { kind, attempts } = await ledger.post(transfer('alice', 'bob', 1), 1_000);
    expect(kind).toBe('failed');
    expect(attempts).toBeGreaterThan(1);
    expect(attempts).toBe(writesSent());
  });

  it('are none where nothing was sent', async () => {
    proxy.rules.push({ fault: { kind: 'throttle' } });
    const cold = books.open({ endpoint: proxy.url });
    expect(await cold.post(transfer('alice', 'bob', 1), 600)).toMatchObject({ kind: 'failed', attempts: 0 });
    cold.client.destroy();
  });

  it('are one each for those that share a write, and none for a duplicate among them', async () => {
    const twice = transfer('alice', 'bob', 1);
    const results = await Promise.all(
      [transfer('alice', 'carol', 1), twice, twice].map((command) => ledger.post(command, 5_000)),
    );
    const told = results.map((result: TransactionResult) => [
      result.kind === 'settled' && result.replayed,
      result.attempts,
    ]);
    expect(told).toEqual([
      [false, 1],
      [false, 1],
      [true, 0],
    ]);
    expect(writesSent()).toBe(1);
  });

  it('of a decline count the put that stores it', async () => {
    proxy.rules.push({ operation: 'PutItem', fault: { kind: 'throttle' }, count: 2 });
    const result = await ledger.post(transfer('alice', 'bob', 10n ** 20n), 8_000);
    expect(result).toMatchObject({ transaction: { status: 'rejected' }, attempts: 3 });
  });
});
