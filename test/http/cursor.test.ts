import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { check } from '../support/property.ts';

const position = z.strictObject({ at: z.int(), asset: z.string() });
const query = { operation: 'listEntries', account: 'alice', order: 'desc' };
const invalid = expect.objectContaining({ code: 'invalid_cursor' });

describe('decodeCursor', () => {
  it('reads back what was written', () => {
    check(
      fc.property(fc.maxSafeInteger(), fc.string(), (at, asset) => {
        expect(decodeCursor(encodeCursor(query, { at, asset }), query, position)).toEqual({ at, asset });
      }),
    );
  });

  it('does not care in what order the query was written', () => {
    const cursor = encodeCursor({ order: 'desc', account: 'alice', operation: 'listEntries' }, { at: 1, asset: 'A' });
    expect(decodeCursor(cursor, query, position)).toEqual({ at: 1, asset: 'A' });
  });

  it.each([{ account: 'bob' }, { order: 'asc' }, { operation: 'listAccounts' }, { asset: 'USD/2' }])(
    'refuses it for the query with %j',
    (change) => {
      const cursor = encodeCursor(query, { at: 1, asset: 'A' });
      expect(() => decodeCursor(cursor, { ...query, ...change }, position)).toThrow(invalid);
    },
  );

  it('refuses a position of another form', () => {
    expect(() => decodeCursor(encodeCursor(query, { at: 'now' }), query, position)).toThrow(invalid);
  });

  it('refuses whatever else there is', () => {
    const made = encodeCursor(query, { at: 1, asset: 'A' });
    check(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.json().map((text) => Buffer.from(text).toString('base64url')),
        ),
        (text) => {
          fc.pre(text !== made);
          expect(() => decodeCursor(text, query, position)).toThrow(invalid);
        },
      ),
    );
  });

  it('refuses a cursor with anything added or cut off', () => {
    const made = encodeCursor(query, { at: 1, asset: 'A' });
    for (const text of [`${made}=`, `${made}\n`, ` ${made}`, `${made}!`, made.slice(0, -1), made.slice(1)]) {
      expect(() => decodeCursor(text, query, position)).toThrow(invalid);
    }
  });
});
