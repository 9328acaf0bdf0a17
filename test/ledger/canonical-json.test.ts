import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CanonicalValue, canonicalJson, digestOf, InvariantViolation } from '../../lib/ledger/index.ts';
import { check } from '../support/property.ts';

// Few short names and leaves, so that two drawn values are often equal, or almost.
const { value: anyValue } = fc.letrec<{ value: CanonicalValue; leaf: CanonicalValue }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom<CanonicalValue>(null, true, false, 0, 1, '', '1', 'null', 'a', '"', '{}', '[]', ',', '\u2028'),
    fc.maxSafeInteger().map((integer) => (integer === 0 ? 0 : integer)),
    fc.string({ unit: 'binary', maxLength: 3 }),
  ),
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'aa', 'é', '\u{1f600}', '\ufb33', '"', '1', '10', '2'), tie('value'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
}));

/** The same value with the names of every object in the opposite order. */
function reversed(value: CanonicalValue): CanonicalValue {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value as Record<string, CanonicalValue>);
  return Object.fromEntries(members.reverse().map(([name, member]) => [name, reversed(member)]));
}

describe('canonicalJson', () => {
  it('sorts names by UTF-16 code units, at every depth, without white space', () => {
    // The example of RFC 8785, section 3.2.3, less its control characters' comments.
    const names = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\u{1f600}': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect(canonicalJson(names)).toBe(
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis",' +
        '"€":"Euro Sign","\u{1f600}":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    );
    expect(canonicalJson({ b: [{ d: 1, c: null }], a: 'x', '10': 1, '9': 2 })).toBe(
      '{"10":1,"9":2,"a":"x","b":[{"c":null,"d":1}]}',
    );
  });

  it('leaves absent members out', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  it.each([0.1, 2 ** 53, -(2 ** 53), Number.NaN, Number.POSITIVE_INFINITY])('refuses the number %p', (number) => {
    expect(() => canonicalJson({ a: [number] })).toThrow(InvariantViolation);
  });

  it('does not depend on the order of names', () => {
    check(
      fc.property(anyValue, (value) => {
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('says the whole value: it reads back as JSON', () => {
    check(
      fc.property(anyValue, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(value);
      }),
    );
  });

  it('is equal exactly for equal values', () => {
    check(
      fc.property(anyValue, anyValue, (one, other) => {
        expect(canonicalJson(one) === canonicalJson(other)).toBe(isDeepStrictEqual(one, other));
      }),
      1_000,
    );
  });
});

describe('digestOf', () => {
  it('is SHA-256 of the text in UTF-8', () => {
    const text = '{"a":"é","b":"\u{1f600}"}';
    expect(digestOf({ b: '\u{1f600}', a: 'é' })).toBe(createHash('sha256').update(Buffer.from(text)).digest('hex'));
    expect(digestOf({})).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  });
});
