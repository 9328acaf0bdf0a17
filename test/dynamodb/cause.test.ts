import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Ledger } from '../../lib/dynamodb/index.ts';
import { type Cause, causeBytes, parseCause } from '../../lib/dynamodb/items/cause.ts';
import { parseRecord, recordItem } from '../../lib/dynamodb/items/record-item.ts';
import { formatTraceparent } from '../../lib/observability/index.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { account, type LedgerFixture, startLedger, tenant, transfer } from '../support/ledger-fixture.ts';
import { check } from '../support/property.ts';

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const correlationId = '0b6f5a3c-8a0e-4f3b-9f5d-2f1d2b1c7a10';

const hex = (length: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'), { minLength: length, maxLength: length })
    .map((digits) => digits.join(''))
    .filter((text) => !/^0+$/.test(text));
const trace = fc.record({ traceId: hex(32), spanId: hex(16), isSampled: fc.boolean() }).map(formatTraceparent);
const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 128,
});
const id = fc.oneof(
  visible,
  fc.uuid(),
  fc.uuid().map((uuid) => uuid.toUpperCase()),
);
const cause: fc.Arbitrary<Cause> = fc.record({ correlationId: id, traceparent: trace }, { requiredKeys: [] });

describe('a cause', () => {
  it('is read back as it was, in 41 bytes where it is of our making', () => {
    check(
      fc.property(cause, (written) => {
        const bytes = causeBytes(written);
        if (Object.keys(written).length === 0) expect(bytes).toBeUndefined();
        else expect(parseCause(bytes as Uint8Array)).toEqual(written);
      }),
      500,
    );
    expect(causeBytes({ correlationId, traceparent })).toHaveLength(41);
  });

  it('leaves out what has not its form', () => {
    expect(causeBytes({ traceparent: 'no', correlationId: 'two words' })).toBeUndefined();
    expect(parseCause(causeBytes({ traceparent, correlationId: 'é' }) as Uint8Array)).toEqual({ traceparent });
    expect(parseCause(causeBytes({ correlationId, traceparent: 'no' }) as Uint8Array)).toEqual({ correlationId });
  });

  it('is none where its bytes are damaged or of a later layout, and never an error', () => {
    check(
      fc.property(fc.uint8Array({ maxLength: 180 }), (bytes) => {
        const read = parseCause(bytes);
        if (read) expect(Buffer.from(causeBytes(read) as Uint8Array)).toEqual(Buffer.from(bytes));
      }),
      2_000,
    );
    const whole = causeBytes({ correlationId, traceparent }) as Uint8Array;
    for (let length = 0; length < whole.length; length++) expect(parseCause(whole.subarray(0, length))).toBeUndefined();
    expect(parseCause(Buffer.concat([Buffer.of((whole[0] as number) | 0x10), whole.subarray(1)]))).toBeUndefined();
  });
});

describe('the record of a transaction', () => {
  let books: LedgerFixture;
  let proxy: FaultProxy;
  let ledger: Ledger;
  beforeAll(async () => {
    books = await startLedger();
    proxy = await startFaultProxy({ target: books.database.endpoint, measureCapacity: true });
    ledger = books.open({ endpoint: proxy.url });
    for (const name of ['alice', 'bob']) await books.createAccount(name, { funds: 1_000n });
    await ledger.post(transfer('alice', 'bob', 1), 5_000);
  });
  afterAll(async () => {
    expect((await books.audit()).findings).toEqual([]);
    ledger.client.destroy();
    await proxy.stop();
    await books.stop();
  });

  it('has its cause for no unit more: 5 items, 10 write units, one call', async () => {
    proxy.log.length = 0;
    const longest = { correlationId: 'c'.repeat(128), traceparent };
    const command = transfer('alice', 'bob', 1, { description: 'd'.repeat(256), metadata: { order: '7' } });
    await ledger.post(command, 5_000, longest);
    const calls = proxy.log.map(({ operation, body, consumedUnits }) => ({
      operation,
      items: (body.TransactItems as unknown[]).length,
      units: consumedUnits,
    }));
    expect(calls).toEqual([{ operation: 'TransactWriteItems', items: 5, units: 10 }]);
    expect((await ledger.transactions.record(tenant, command.id))?.cause).toEqual(longest);
  });

  it('keeps the first cause, whoever asks again, and answers the same', async () => {
    const command = transfer('alice', 'bob', 1);
    const first = await ledger.post(command, 5_000, { correlationId, traceparent });
    for (const instance of [ledger, books.open()]) {
      const again = await instance.post(command, 5_000, { correlationId: 'another' });
      expect(again).toEqual({ ...first, replayed: true, attempts: expect.any(Number) });
    }
    const record = await ledger.transactions.record(tenant, command.id);
    expect(record).toMatchObject({ requestHash: command.requestHash, cause: { correlationId, traceparent } });
    expect(record?.result).toEqual({
      kind: 'transaction',
      transaction: expect.not.objectContaining({ cause: expect.anything() }),
    });
  });

  it('keeps that of a decline', async () => {
    const command = transfer('alice', 'bob', 1_000_000);
    await ledger.post(command, 5_000, { traceparent });
    const record = await ledger.transactions.record(tenant, command.id);
    expect(record).toMatchObject({ result: { transaction: { status: 'rejected' } }, cause: { traceparent } });
  });

  it('reads without one as it did before there was any', async () => {
    const command = transfer('alice', 'bob', 1);
    await ledger.post(command, 5_000);
    const record = await ledger.transactions.record(tenant, command.id);
    expect(record).toBeDefined();
    expect(record).not.toHaveProperty('cause');
    if (!record) return;
    const { result, requestHash, nonce } = record;
    const row = recordItem(tenant, command.record, { result, requestHash, nonce });
    expect(Object.keys(row)).not.toContain('cause');
    const withOne = recordItem(tenant, command.record, { result, requestHash, nonce, cause: { correlationId } });
    expect(Object.keys(withOne).filter((name) => !(name in row))).toEqual(['cause']);
  });

  it('is read where its cause is damaged: no money hangs on it', () => {
    const command = transfer('alice', 'bob', 1);
    const { id: transactionId, type, postings, requestHash } = command;
    const transaction = {
      id: transactionId,
      status: 'rejected',
      type,
      postings,
      createdAt: 1,
      reason: 'insufficient_funds',
      evidence: { account: account('alice') },
    } as const;
    const result = { kind: 'transaction', transaction } as const;
    const row = { ...recordItem(tenant, command.record, { result, requestHash, nonce: 'n' }), createdAt: 1n };
    expect(parseRecord({ ...row, cause: Buffer.of(0xff, 1, 2) })).toEqual({ result, requestHash, nonce: 'n' });
  });
});
