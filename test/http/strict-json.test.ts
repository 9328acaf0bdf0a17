import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JsonFault, jsonPointer, maxDepth, parseStrictJson } from '../../lib/http/strict-json.ts';
import { check } from '../support/property.ts';

/** Integers only, no `__proto__`, well-formed strings: the values that have a strict text. */
const strictValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      fc.string().filter((name) => name !== '__proto__'),
      tie('value'),
      { maxKeys: 5 },
    ),
  ),
})).value;

function faultOf(text: string): JsonFault {
  try {
    parseStrictJson(text);
  } catch (error) {
    if (error instanceof JsonFault) return error;
    throw error;
  }
  throw new Error(`was taken: ${text}`);
}

describe('parseStrictJson', () => {
  it('reads what JSON.stringify writes, however it is spaced', () => {
    check(
      fc.property(strictValue, fc.constantFrom(undefined, 1, 2, '\t'), (value, space) => {
        const text = JSON.stringify(value, null, space);
        expect(parseStrictJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('takes nothing that JSON.parse refuses, and reads the rest the same', () => {
    const fragment = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '1',
      '-',
      '0',
      'true',
      'null',
      ' ',
      '\\',
      '\\u00e9',
      '\n',
      'e',
    );
    check(
      fc.property(fc.array(fragment, { maxLength: 12 }), (fragments) => {
        const text = fragments.join('');
        let strict: unknown;
        try {
          strict = parseStrictJson(text);
        } catch (error) {
          expect(error).toBeInstanceOf(JsonFault);
          return;
        }
        // There is no negative zero in strict values: it would be a second text of zero.
        expect(strict).toEqual(JSON.parse(text, (_, value) => (Object.is(value, -0) ? 0 : value)));
      }),
      2_000,
    );
  });

  it.each([
    ['{"a":1,"a":1}', '/a'],
    ['{"a":{"b":[{"c":1,"c":2}]}}', '/a/b/0/c'],
    ['{"a":1,"\\u0061":2}', '/a'],
    ['{"__proto__":{}}', '/__proto__'],
    ['{"x":{"\\u005f_proto__":1}}', '/x/__proto__'],
    ['[1,9007199254740992]', '/1'],
    ['[-9007199254740992]', '/0'],
    ['{"n":1.0}', '/n'],
    ['{"n":1e3}', '/n'],
    ['{"n":01}', ''],
    ['{"n":+1}', '/n'],
    ['{"n":NaN}', '/n'],
    ['{"s":"\\ud800"}', '/s'],
    ['{"s":"\\udc00\\ud800"}', '/s'],
    ['{"s":"\ud800"}', '/s'],
    ['{"s":"a\nb"}', '/s'],
    ['{"s":"\\x41"}', '/s'],
    ['{"a":1,}', ''],
    ['[1,]', '/1'],
    ["{'a':1}", ''],
    ['', ''],
    ['{} {}', ''],
    ['\ufeff{}', ''],
    ['{"s":"caf\ufffd"}', '/s'],
    ['{"s":["\\n\ufffd"]}', '/s/0'],
    ['{"n\ufffd":1}', ''],
    ['{"s":"\u0000"}', '/s'],
    ['{"s":1e400}', '/s'],
    ['{"s":0x10}', ''],
    ['{"s":"\\ud800\\u0041"}', '/s'],
    ['{"constructor":{"__proto__":1}}', '/constructor/__proto__'],
    ['/**/{}', ''],
    ['{"a/b~c":{"d":1,"d":1}}', '/a~1b~0c/d'],
  ])('refuses %s at %s', (text, pointer) => {
    expect(faultOf(text).pointer).toBe(pointer);
  });

  it('keeps names that only look special as plain members', () => {
    const value = parseStrictJson('{"constructor":1,"toString":2,"hasOwnProperty":3}');
    expect(Object.entries(value as object)).toEqual([
      ['constructor', 1],
      ['toString', 2],
      ['hasOwnProperty', 3],
    ]);
  });

  it('takes surrogate pairs, escaped or not', () => {
    expect(parseStrictJson('["\\ud83d\\udcb0","💰"]')).toEqual(['💰', '💰']);
  });

  it('takes U+FFFD where it is written on purpose', () => {
    expect(parseStrictJson('"\\ufffd"')).toBe('\ufffd');
  });

  it('has no negative zero', () => {
    expect(Object.is(parseStrictJson('-0'), 0)).toBe(true);
  });

  it('goes as deep as it says and no deeper', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(() => parseStrictJson(nested(maxDepth))).not.toThrow();
    expect(faultOf(nested(maxDepth + 1)).message).toContain(String(maxDepth));
    expect(faultOf('['.repeat(60_000))).toBeInstanceOf(JsonFault);
  });

  it('reads a long text with escapes', () => {
    const text = `a"\\${'é\n'.repeat(20_000)}`;
    expect(parseStrictJson(JSON.stringify(text))).toBe(text);
  });
});

describe('jsonPointer', () => {
  it('leads back to the value', () => {
    check(
      fc.property(fc.array(fc.string(), { maxLength: 4 }), (path) => {
        const parts = jsonPointer(path)
          .split('/')
          .slice(1)
          .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
        expect(parts).toEqual(path);
      }),
    );
  });
});
