import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  LedgerError,
  type LedgerErrorCode,
  type PostTransactionRequest,
  postTransaction,
  recordIdOf,
  type TenantId,
} from '../../lib/ledger/index.ts';
import { check } from '../support/property.ts';
import { posting } from './state-fixture.ts';

const lunch: PostTransactionRequest = {
  tenant: 'default' as TenantId,
  key: 'key-1',
  operation: 'createTransfer',
  type: 'transfer',
  postings: [posting('alice', 'bob', 1050n)],
  description: 'Lunch',
  metadata: { order: '7', table: '3' },
};

function hashOf(change: Partial<PostTransactionRequest>): string {
  return postTransaction({ ...lunch, ...change }).requestHash;
}

function codeOf(change: Partial<PostTransactionRequest>): LedgerErrorCode {
  try {
    postTransaction({ ...lunch, ...change });
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('postTransaction', () => {
  it('names record and transaction by tenant and key alone', () => {
    const record = recordIdOf(lunch.tenant, lunch.key);
    expect(postTransaction(lunch)).toMatchObject({ record, id: `tx_${record}`, tenant: 'default', type: 'transfer' });
    expect(
      postTransaction({ ...lunch, operation: 'createSpend', type: 'spend', postings: [posting('x', 'y', 1n)] }),
    ).toMatchObject({ record, id: `tx_${record}` });
  });

  it('takes absent, undefined and empty details for the same', () => {
    const { description: _, metadata: __, ...bare } = lunch;
    const plain = postTransaction(bare);
    expect(plain).not.toHaveProperty('description');
    expect(plain).not.toHaveProperty('metadata');
    expect(postTransaction({ ...bare, description: undefined, metadata: undefined })).toEqual(plain);
    expect(postTransaction({ ...bare, description: '', metadata: {} })).toEqual(plain);
  });

  it('keeps an empty metadata value, which is not an absent one', () => {
    expect(postTransaction({ ...lunch, metadata: { order: '' } }).metadata).toEqual({ order: '' });
    expect(hashOf({ metadata: { order: '' } })).not.toBe(hashOf({ metadata: {} }));
  });

  it.each([
    ['no posting', { postings: [] }, 'invalid_request'],
    ['17 postings', { postings: Array.from({ length: 17 }, () => posting('a', 'b', 1n)) }, 'invalid_request'],
    ['an amount of zero', { postings: [posting('a', 'b', 0n)] }, 'invalid_request'],
    ['a negative amount', { postings: [posting('a', 'b', 1n), posting('a', 'b', -1n)] }, 'invalid_request'],
    ['a posting to its own source', { postings: [posting('a', 'b', 1n), posting('a', 'a', 1n)] }, 'same_account'],
  ] as const)('refuses %s', (_, change, code) => {
    expect(codeOf(change)).toBe(code);
  });

  it('takes 16 postings', () => {
    const postings = Array.from({ length: 16 }, () => posting('a', 'b', 1n));
    expect(postTransaction({ ...lunch, postings }).postings).toHaveLength(16);
  });
});

describe('requestHash', () => {
  it('has not changed: a key used long ago still knows its request', () => {
    const text =
      '{"description":"Lunch","metadata":{"order":"7","table":"3"},"operation":"createTransfer",' +
      '"postings":[{"amount":"1050","asset":"USD/2","destination":"bob","source":"alice"}],"type":"transfer","v":1}';
    expect(hashOf({})).toBe(createHash('sha256').update(text).digest('hex'));
    expect(hashOf({})).toBe('bd553b59855badd3c77d360433dc3ecd200c4ae75fa2472cd04b3c3837d95f4a');
  });

  it('does not depend on the order of names', () => {
    const { source, destination, asset, amount } = posting('alice', 'bob', 1050n);
    expect(hashOf({ metadata: { table: '3', order: '7' }, postings: [{ amount, asset, destination, source }] })).toBe(
      hashOf({}),
    );
  });

  it('does not depend on tenant and key, which name the record', () => {
    expect(hashOf({ tenant: 'other' as TenantId, key: 'key-2' })).toBe(hashOf({}));
  });

  it.each<Partial<PostTransactionRequest>>([
    { operation: 'createTransaction' },
    { type: 'spend' },
    { description: 'lunch' },
    { description: undefined },
    { metadata: { order: '7' } },
    { metadata: { order: '7', table: '4' } },
    { metadata: undefined },
    { postings: [posting('alice', 'bob', 1051n)] },
    { postings: [posting('alice', 'carol', 1050n)] },
    { postings: [posting('carol', 'bob', 1050n)] },
    { postings: [posting('bob', 'alice', 1050n)] },
    { postings: [posting('alice', 'bob', 1050n, 'USD/3')] },
    { postings: [posting('alice', 'bob', 525n), posting('alice', 'bob', 525n)] },
  ])('changes with %p', (change) => {
    expect(hashOf(change)).not.toBe(hashOf({}));
  });

  it('changes with the order of postings, which decides what covers what', () => {
    const [one, two] = [posting('a', 'b', 1n), posting('b', 'c', 1n)];
    expect(hashOf({ postings: [one, two] })).not.toBe(hashOf({ postings: [two, one] }));
  });

  it('is equal exactly for equal details', () => {
    const words = fc.constantFrom('', 'a', 'b', 'null', '{}');
    const details = fc.record({ description: words, metadata: fc.dictionary(fc.constantFrom('a', 'b'), words) });
    check(
      fc.property(details, details, (one, other) => {
        const text = ({ description, metadata }: typeof one) =>
          JSON.stringify([description, Object.entries(metadata).sort()]);
        expect(hashOf(one) === hashOf(other)).toBe(text(one) === text(other));
      }),
    );
  });
});
