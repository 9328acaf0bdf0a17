import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newApiKey as newDeploymentKey } from '../../infra/api-key.ts';
import { isApiKey, keyDigest, newApiKey } from '../../lib/auth/api-key.ts';
import { readDocument } from '../docs/documents.ts';
import { check } from '../support/property.ts';

describe('newApiKey', () => {
  it('makes a key of the form that scanners look for, with its digest and what is shown of it', () => {
    const { key, sha256, prefix } = newApiKey('prod');
    expect(key).toMatch(/^flk_prod_[0-9A-Za-z]{32}$/);
    expect(isApiKey(key)).toBe(true);
    expect(sha256).toBe(keyDigest(key));
    expect(prefix).toBe(key.slice(0, 'flk_prod_'.length + 6));
  });

  it('makes another one each time', () => {
    expect(new Set(Array.from({ length: 100 }, () => newApiKey('dev').key)).size).toBe(100);
  });

  it('draws from all 62 characters', () => {
    const drawn = Array.from({ length: 300 }, () => newApiKey('dev').key.slice(8, 34)).join('');
    expect(new Set(drawn).size).toBe(62);
  });

  it.each(['', 'Prod', 'pro_d', '1st', 'a'.repeat(17)])('takes no label such as "%s"', (label) => {
    expect(() => newApiKey(label)).toThrow(RangeError);
  });

  it('makes the key of a deployment, too', () => {
    expect(isApiKey(newDeploymentKey('dev'))).toBe(true);
  });
});

describe('isApiKey', () => {
  const { key } = newApiKey('dev');
  const known = 'flk_prod_h7Kq2xRw0N5bYc8mTz4VfA1sJd03aE7X';

  // The CRC-32 of the text before it, worked out with Python's zlib.crc32 and written to the base of 62.
  it('knows a key whose checksum was worked out elsewhere', () => {
    expect(isApiKey(known)).toBe(true);
  });

  it('knows the keys that the documents show', () => {
    const shown = [readDocument('docs/reference/access.md'), readDocument('docs/openapi/florin.json')].flatMap(
      (text) => text.match(/flk_prod_[0-9A-Za-z]{32}\b/g) ?? [],
    );
    expect(shown).toContain(known);
    expect(shown.filter((text) => !isApiKey(text))).toEqual([]);
  });

  it('refuses a key with any one character changed', () => {
    check(
      fc.property(fc.nat(key.length - 1), fc.constantFrom(...'aZ09_-é '), (at, character) => {
        const changed = key.slice(0, at) + character + key.slice(at + 1);
        expect(isApiKey(changed)).toBe(changed === key);
      }),
    );
  });

  it.each([
    '',
    'flk_',
    key.toUpperCase(),
    key.slice(0, -1),
    `${key}a`,
    `${key}\n`,
    ` ${key}`,
    key.replace('dev', 'prod'),
    key.slice(4),
    'eyJhbGciOiJub25lIn0.e30.',
    'x'.repeat(100_000),
  ])('refuses %j', (text) => {
    expect(isApiKey(text)).toBe(false);
  });
});
