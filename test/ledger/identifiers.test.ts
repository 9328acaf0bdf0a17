import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  base32,
  generatedAccountId,
  keyMark,
  parseAccountId,
  parseTransactionId,
  recordIdOf,
  recordIdOfTransaction,
  type TenantId,
  transactionIdOf,
} from '../../lib/ledger/index.ts';
import { check } from '../support/property.ts';

const tenant = 'default' as TenantId;
const anyPart = fc.oneof(
  fc.constantFrom('', ':', '1:', '3:key', 'key', '0:', '1:a', 'a', '11:'),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

describe('base32', () => {
  // RFC 4648, section 10, in lower case and without padding.
  it.each([
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ])('of %p is %p', (text, encoded) => {
    expect(base32(Buffer.from(text))).toBe(encoded);
  });

  it('keeps every bit', () => {
    check(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const bits = [...base32(bytes)].map((digit) =>
          'abcdefghijklmnopqrstuvwxyz234567'.indexOf(digit).toString(2).padStart(5, '0'),
        );
        const whole = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
        expect(bits.join('')).toBe(whole.padEnd(Math.ceil(whole.length / 5) * 5, '0'));
      }),
    );
  });
});

describe('recordIdOf', () => {
  it('has not changed: every key ever used lies where it says', () => {
    // base32(SHA-256("3:key7:default5:key-1")), computed apart.
    const record = recordIdOf(tenant, 'key-1');
    expect(record).toBe(base32(createHash('sha256').update('3:key7:default5:key-1').digest()));
    expect(record).toBe('nduhudy5h6u66nhuh67vqav3wr6ygdnbyugzqf6vwfsygdcyirzq');
  });

  it('gives no two pairs of tenant and key one record', () => {
    check(
      fc.property(anyPart, anyPart, anyPart, anyPart, (tenantA, keyA, tenantB, keyB) => {
        const isSame = tenantA === tenantB && keyA === keyB;
        const one = recordIdOf(tenantA as TenantId, keyA);
        expect(one === recordIdOf(tenantB as TenantId, keyB)).toBe(isSame);
        // Shifting the border between tenant and key moves the record, whatever stands there.
        if (keyA !== '') {
          const shifted = recordIdOf(`${tenantA}${keyA}` as TenantId, '');
          expect(shifted).not.toBe(one);
        }
      }),
      1_000,
    );
  });

  it('counts bytes, not characters', () => {
    expect(recordIdOf(tenant, 'é')).toBe(base32(createHash('sha256').update('3:key7:default2:é').digest()));
  });
});

describe('transaction ids', () => {
  it('are the record with a prefix that tells the kind', () => {
    const record = recordIdOf(tenant, 'key-1');
    const id = transactionIdOf(record);
    expect(id).toBe(`tx_${record}`);
    expect(parseTransactionId(id)).toBe(id);
    expect(recordIdOfTransaction(id)).toBe(record);
  });

  it.each(['', 'tx_', `tx_${'a'.repeat(51)}`, `tx_${'a'.repeat(53)}`, `tx_${'A'.repeat(52)}`, `tx_${'1'.repeat(52)}`])(
    'are not read from %p',
    (text) => {
      expect(parseTransactionId(text)).toBeUndefined();
    },
  );

  it('are not read with anything before or behind', () => {
    const id = transactionIdOf(recordIdOf(tenant, 'key-1'));
    for (const text of [`${id}\n`, ` ${id}`, `hold_${id.slice(3)}`, id.slice(3)]) {
      expect(parseTransactionId(text)).toBeUndefined();
    }
  });
});

describe('generatedAccountId', () => {
  it('is a valid name that follows from tenant and key', () => {
    const id = generatedAccountId(tenant, 'key-1');
    expect(id).toMatch(/^acct_[a-z2-7]{26}$/);
    expect(parseAccountId(id)).toBe(id);
    expect(generatedAccountId(tenant, 'key-1')).toBe(id);
    expect(generatedAccountId(tenant, 'key-2')).not.toBe(id);
    expect(generatedAccountId('other' as TenantId, 'key-1')).not.toBe(id);
    expect(id.slice(5)).not.toBe(recordIdOf(tenant, 'key-1').slice(0, 26));
  });
});

describe('keyMark', () => {
  it('differs with tenant, operation and key', () => {
    const marks = [
      keyMark(tenant, 'createAccount', 'key-1'),
      keyMark(tenant, 'createAccount', 'key-2'),
      keyMark(tenant, 'updateAccount', 'key-1'),
      keyMark('other' as TenantId, 'createAccount', 'key-1'),
      keyMark(tenant, 'createAccountkey', '-1'),
    ];
    expect(new Set(marks).size).toBe(marks.length);
    expect(marks[0]).toMatch(/^[a-z2-7]{26}$/);
    expect(keyMark(tenant, 'createAccount', 'key-1')).toBe(marks[0]);
  });
});
