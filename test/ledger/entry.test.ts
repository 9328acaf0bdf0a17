import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { detailsDigest, type Entry, entryHash, genesisHash, type TenantId } from '../../lib/ledger/index.ts';

const tenant = 'default' as TenantId;
const entry = {
  account: 'alice',
  asset: 'USD/2',
  shard: 0,
  sequence: 2,
  amount: -1050n,
  balanceAfter: 8950n,
  transactionId: 'tx_two',
  previousTransactionId: 'tx_one',
  type: 'transfer',
  counterparty: 'bob',
  description: 'Lunch',
  createdAt: Date.UTC(2026, 10, 21, 10, 0, 0, 7),
  detailsDigest: 'd'.repeat(64),
  previousHash: 'a'.repeat(64),
} as Omit<Entry, 'hash'>;

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

describe('detailsDigest', () => {
  it('has not changed', () => {
    expect(detailsDigest('salt', 'Lunch', { order: '7', a: 'ä' })).toBe(
      sha256('{"description":"Lunch","metadata":{"a":"ä","order":"7"},"salt":"salt","v":1}'),
    );
    expect(detailsDigest('salt', 'Lunch', { order: '7', a: 'ä' })).toBe(
      '6512a47ca11d4555b1e902786828fcdc1097a3c16d2daea6ac7004fc8acfe653',
    );
    expect(detailsDigest('salt', undefined, undefined)).toBe(
      sha256('{"description":null,"metadata":null,"salt":"salt","v":1}'),
    );
  });

  it('differs with every part', () => {
    const digests = [
      detailsDigest('salt', 'Lunch', { order: '7' }),
      detailsDigest('pepper', 'Lunch', { order: '7' }),
      detailsDigest('salt', 'Dinner', { order: '7' }),
      detailsDigest('salt', undefined, { order: '7' }),
      detailsDigest('salt', 'Lunch', { order: '8' }),
      detailsDigest('salt', 'Lunch', { orders: '7' }),
      detailsDigest('salt', 'Lunch', undefined),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('does not depend on the order of metadata', () => {
    expect(detailsDigest('salt', 'x', { a: '1', b: '2' })).toBe(detailsDigest('salt', 'x', { b: '2', a: '1' }));
  });
});

describe('entryHash', () => {
  it('has not changed: whoever kept a hash can verify the chain for ever', () => {
    expect(entryHash(tenant, entry)).toBe(
      sha256(
        `{"account":"alice","amount":"-1050","asset":"USD/2","balanceAfter":"8950","createdAt":"2026-11-21T10:00:00.007Z",` +
          `"detailsDigest":"${'d'.repeat(64)}","previousHash":"${'a'.repeat(64)}","sequence":"2","shard":0,` +
          `"tenant":"default","transactionId":"tx_two","type":"transfer","v":1}`,
      ),
    );
    expect(entryHash(tenant, entry)).toBe('69e8661d3aa50e2f32ef2ef4600bc644e2f31d581d5d3f802e3931300f628a47');
  });

  it('begins with 64 zeros', () => {
    expect(genesisHash).toBe('0'.repeat(64));
  });

  it.each([
    { account: 'bob' },
    { asset: 'USD/3' },
    { sequence: 3 },
    { shard: 1 },
    { amount: 1050n },
    { balanceAfter: 8951n },
    { transactionId: 'tx_three' },
    { type: 'spend' },
    { createdAt: entry.createdAt + 1 },
    { detailsDigest: 'e'.repeat(64) },
    { previousHash: genesisHash },
  ])('changes with %p', (change) => {
    expect(entryHash(tenant, { ...entry, ...change } as typeof entry)).not.toBe(entryHash(tenant, entry));
  });

  it('changes with the tenant', () => {
    expect(entryHash('other' as TenantId, entry)).not.toBe(entryHash(tenant, entry));
  });

  it('binds the description through its digest only, so that it can be redacted', () => {
    const { description: _, ...redacted } = entry;
    expect(entryHash(tenant, redacted)).toBe(entryHash(tenant, entry));
  });
});
