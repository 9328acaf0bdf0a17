import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseIdempotencyKey, readIdempotencyKey } from '../../lib/http/idempotency-key.ts';
import { HttpProblem } from '../../lib/http/problem.ts';
import { check } from '../support/property.ts';

const visibleCharacter = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
const plainKey = fc
  .string({ unit: visibleCharacter, minLength: 1, maxLength: 255 })
  .filter((key) => !(key.startsWith('"') && key.endsWith('"')));

function codeOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof HttpProblem) return error.code;
    throw error;
  }
  return 'none';
}

describe('parseIdempotencyKey', () => {
  it('takes 1 to 255 visible characters as they are', () => {
    check(fc.property(plainKey, (key) => expect(parseIdempotencyKey(key)).toBe(key)));
  });

  it('takes the same key as a structured-field string', () => {
    check(
      fc.property(plainKey, (key) => {
        const quoted = `"${key.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
        expect(parseIdempotencyKey(quoted)).toBe(key);
      }),
    );
  });

  it.each(['', ' ', 'a b', 'a\tb', 'é', '💰', '\x7f', '"a b"', '""', 'k'.repeat(256), `"${'k'.repeat(256)}"`])(
    'refuses %j',
    (value) => expect(parseIdempotencyKey(value)).toBeUndefined(),
  );
});

describe('readIdempotencyKey', () => {
  it('takes either header', () => {
    expect(readIdempotencyKey({ 'idempotency-key': 'k' }, null)).toBe('k');
    expect(readIdempotencyKey({ 'x-idempotency-key': 'k' }, null)).toBe('k');
  });

  it('takes both where they mean the same key', () => {
    expect(readIdempotencyKey({ 'idempotency-key': '"k"', 'x-idempotency-key': 'k' }, null)).toBe('k');
  });

  it('takes a header sent twice with one key, and refuses one with two', () => {
    expect(readIdempotencyKey({ 'idempotency-key': 'k' }, { 'idempotency-key': ['k', 'k'] })).toBe('k');
    expect(codeOf(() => readIdempotencyKey({ 'idempotency-key': 'j' }, { 'idempotency-key': ['k', 'j'] }))).toBe(
      'invalid_request',
    );
  });

  it('tells missing from malformed', () => {
    expect(codeOf(() => readIdempotencyKey({}, null))).toBe('idempotency_key_missing');
    expect(codeOf(() => readIdempotencyKey({ 'idempotency-key': ' ' }, null))).toBe('idempotency_key_missing');
    expect(codeOf(() => readIdempotencyKey({ 'idempotency-key': 'a b' }, null))).toBe('invalid_request');
    expect(codeOf(() => readIdempotencyKey({ 'idempotency-key': 'a', 'x-idempotency-key': 'b' }, null))).toBe(
      'invalid_request',
    );
  });
});
