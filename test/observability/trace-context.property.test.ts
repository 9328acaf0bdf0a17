import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  formatTraceparent,
  formatXRayHeader,
  parseTraceparent,
  parseXRayHeader,
  type TraceContext,
  xrayTraceId,
} from '../../lib/observability/trace-context.ts';
import { check } from '../support/property.ts';

const digit = fc.constantFrom(...'0123456789abcdef');
const hex = (length: number) =>
  fc
    .array(digit, { minLength: length, maxLength: length })
    .map((digits) => digits.join(''))
    .filter((text) => !/^0+$/.test(text));
const context: fc.Arbitrary<TraceContext> = fc.record({ traceId: hex(32), spanId: hex(16), isSampled: fc.boolean() });

/** Texts near a valid header: one of its characters replaced, one taken out, or one put in. */
function nearly(valid: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(valid, fc.nat(), fc.string({ minLength: 0, maxLength: 2, unit: 'binary' }), fc.nat({ max: 2 }))
    .map(([text, at, put, taken]) => {
      const index = at % (text.length + 1);
      return text.slice(0, index) + put + text.slice(index + taken);
    });
}

describe('traceparent', () => {
  it('reads back what it wrote', () => {
    check(
      fc.property(context, (written) => {
        expect(parseTraceparent(formatTraceparent(written))).toEqual(written);
      }),
    );
  });

  it('takes nothing that W3C does not: whatever it reads is written as it stood, but for unknown flags', () => {
    check(
      fc.property(fc.oneof(nearly(context.map(formatTraceparent)), fc.string({ unit: 'binary' })), (text) => {
        const read = parseTraceparent(text);
        if (!read) return;
        expect(read.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
        expect(read.spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
        expect(text.slice(2, 53)).toBe(formatTraceparent(read).slice(2, 53));
        expect(text.slice(0, 2)).toMatch(/^(?!ff)[0-9a-f]{2}$/);
        if (text.startsWith('00')) expect(text).toHaveLength(55);
      }),
      1_000,
    );
  });

  it.each([
    ['nothing', undefined],
    ['an empty text', ''],
    ['version ff', 'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    ['upper case', '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01'],
    ['a trace of zeros', '00-00000000000000000000000000000000-00f067aa0ba902b7-01'],
    ['a span of zeros', '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01'],
    ['more after version 00', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-00'],
    [
      'two of them',
      '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, 00-4bf92f3577b34da6a3ce929d0e0e4736-1-01',
    ],
    ['a line break behind it', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n'],
    ['far too much', `01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-${'x'.repeat(10_000)}`],
  ])('ignores %s', (_, text) => {
    expect(parseTraceparent(text)).toBeUndefined();
  });

  it('reads a later version, which may say more', () => {
    expect(parseTraceparent('cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-what-is-new')).toEqual({
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      spanId: '00f067aa0ba902b7',
      isSampled: true,
    });
  });
});

describe("X-Ray's header", () => {
  it('reads back what it wrote, in any order and among what others add', () => {
    const other = fc.constantFrom('Lineage=a87bd80c:0|68fd508a:5', 'Self=1-67891234-12456789abcdef012345678', '');
    check(
      fc.property(context, other, fc.boolean(), (written, added, turned) => {
        const parts = [...formatXRayHeader(written).split(';'), added];
        const { traceId, spanId: parentId, isSampled } = written;
        expect(parseXRayHeader((turned ? parts.toReversed() : parts).join(';'))).toEqual({
          traceId,
          parentId,
          isSampled,
        });
      }),
    );
  });

  it('writes a trace id as X-Ray does and reads it as W3C does', () => {
    check(
      fc.property(context, (written) => {
        expect(xrayTraceId(written.traceId)).toMatch(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/);
        expect(xrayTraceId(written.traceId).slice(2).replace('-', '')).toBe(written.traceId);
      }),
    );
  });

  it('reads nothing but ids of the right form, whatever it is given', () => {
    check(
      fc.property(fc.oneof(nearly(context.map(formatXRayHeader)), fc.string({ unit: 'binary' })), (text) => {
        const read = parseXRayHeader(text);
        if (!read) return;
        expect(read.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
        if (read.parentId !== undefined) expect(read.parentId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
        expect(text).toContain(`Root=${xrayTraceId(read.traceId)}`);
      }),
      1_000,
    );
  });

  it.each([
    ['nothing', undefined],
    ['no root', 'Parent=53995c3f42cd8ad8;Sampled=1'],
    ['two roots', 'Root=1-5759e988-bd862e3fe1be46a994272793;Root=1-5759e988-bd862e3fe1be46a994272794'],
    ['a root of zeros', 'Root=1-00000000-000000000000000000000000'],
    ['a broken parent', 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f;Sampled=1'],
    ['far too much', `Root=1-5759e988-bd862e3fe1be46a994272793;${'x'.repeat(10_000)}`],
  ])('ignores %s', (_, text) => {
    expect(parseXRayHeader(text)).toBeUndefined();
  });

  it.each(['Sampled=?', 'Sampled=0', ''])('takes %p for not sampled', (sampled) => {
    expect(parseXRayHeader(`Root=1-5759e988-bd862e3fe1be46a994272793;${sampled}`)).toEqual({
      traceId: '5759e988bd862e3fe1be46a994272793',
      isSampled: false,
    });
  });
});
