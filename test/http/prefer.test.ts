import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { preferHeaders, prefers, respondAsync } from '../../lib/http/prefer.ts';
import { check } from '../support/property.ts';
import { busyMachineMs } from '../support/until.ts';

const asked = (...values: string[]) => prefers(values, respondAsync);

describe('prefers', () => {
  it.each([
    'respond-async',
    'Respond-Async',
    '  respond-async\t',
    'respond-async, wait=10',
    'wait=10,respond-async',
    'respond-async; wait=10',
    'respond-async;foo="a, b"; bar',
    'respond-async=""',
    'respond-async = ""',
    'return=minimal, handling=lenient , respond-async , depth-noroot',
    ', ,respond-async,,',
    'foo="a \\" quote, and more", respond-async',
    'foo; bar="x;y,z", respond-async',
  ])('finds it in %j', (value) => {
    expect(asked(value)).toBe(true);
  });

  it.each([
    '',
    'wait=10',
    'respond-asynchronously',
    'no-respond-async',
    'respond async',
    'foo=respond-async',
    'foo="respond-async"',
    'foo="a, respond-async"',
    'foo="a \\", respond-async"',
    'foo; respond-async',
    'foo; bar="1, respond-async, 2"',
    '"respond-async"',
    'res""pond-async',
    'foo="never closed, respond-async',
    'foo="never closed \\", respond-async',
    'foo="ends in a backslash, respond-async\\',
  ])('does not find it in %j', (value) => {
    expect(asked(value)).toBe(false);
  });

  it('looks into every header of the name', () => {
    expect(asked('wait=10', 'respond-async')).toBe(true);
    expect(asked('respond-async', 'return=minimal')).toBe(true);
    expect(asked('return=minimal', 'wait=10')).toBe(false);
    expect(asked()).toBe(false);
    // What is wrong with one header does not reach into the next.
    expect(asked('foo="never closed', 'respond-async')).toBe(true);
  });

  it('finds it wherever it stands among others, and never in what others say', () => {
    const token = fc
      .string({ unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~"), minLength: 1 })
      .filter((text) => text.toLowerCase() !== respondAsync);
    const quoted = fc
      .array(fc.constantFrom('respond-async', ',', ';', '=', ' ', '"', '\\', 'a'))
      .map((parts) => `"${parts.join('').replaceAll(/["\\]/g, '\\$&')}"`);
    const word = fc.oneof(token, quoted);
    const pair = fc.tuple(token, fc.option(word)).map(([name, value]) => (value === null ? name : `${name}=${value}`));
    const preference = fc
      .tuple(pair, fc.array(pair, { maxLength: 2 }))
      .map(([first, rest]) => [first, ...rest].join('; '));
    check(
      fc.property(fc.array(preference), fc.array(preference), fc.boolean(), (before, behind, isAsked) => {
        const value = [...before, ...(isAsked ? [respondAsync] : []), ...behind].join(', ');
        expect(asked(value)).toBe(isAsked);
      }),
    );
  });

  it('takes time in proportion to what it reads', () => {
    const startedAt = performance.now();
    // Time in proportion to its square would be minutes.
    for (const text of ['"', '\\"', ',"', ';="', '"\\']) expect(asked(text.repeat(300_000))).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(busyMachineMs);
  });
});

describe('preferHeaders', () => {
  it('has all values where API Gateway gives them, and the last one where it does not', () => {
    const multiValueHeaders = { prefer: ['respond-async', 'wait=1'] };
    expect(preferHeaders({ headers: { prefer: 'wait=1' }, multiValueHeaders })).toEqual(['respond-async', 'wait=1']);
    expect(preferHeaders({ headers: { prefer: 'wait=1' }, multiValueHeaders: null })).toEqual(['wait=1']);
    expect(preferHeaders({ headers: {}, multiValueHeaders: {} })).toEqual([]);
  });
});
