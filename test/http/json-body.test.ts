import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { maxBodyBytes, readJsonBody } from '../../lib/http/json-body.ts';
import { check } from '../support/property.ts';

function event(body: string | null, contentType: string | undefined = 'application/json', httpMethod = 'POST') {
  return { httpMethod, headers: { 'content-type': contentType }, body, isBase64Encoded: false };
}

function bodyOf(bytes: number): string {
  return JSON.stringify('x'.repeat(bytes - 2));
}

describe('readJsonBody', () => {
  it('reads the same from text and from base64', () => {
    check(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const json = JSON.stringify({ text });
        const encoded = { ...event(Buffer.from(json).toString('base64')), isBase64Encoded: true };
        expect(readJsonBody(encoded)).toEqual({ text });
        expect(readJsonBody(event(json))).toEqual({ text });
      }),
    );
  });

  it.each([
    'application/json',
    'APPLICATION/JSON',
    'application/json;charset=utf-8',
    'application/json ; charset="UTF-8"',
  ])('takes %s', (type) => expect(readJsonBody(event('{}', type))).toEqual({}));

  it('takes a merge patch only for PATCH', () => {
    const type = 'application/merge-patch+json';
    expect(readJsonBody(event('{}', type, 'PATCH'))).toEqual({});
    expect(() => readJsonBody(event('{}', type, 'POST'))).toThrow(
      expect.objectContaining({ code: 'unsupported_media_type' }),
    );
  });

  it('refuses a body that is encoded still, or of two types', () => {
    const unsupported = expect.objectContaining({ code: 'unsupported_media_type' });
    const type = { 'content-type': 'application/json' };
    for (const encoding of ['gzip', 'br', 'identity, gzip', 'x'])
      expect(() => readJsonBody({ ...event('{}'), headers: { ...type, 'content-encoding': encoding } })).toThrow(
        unsupported,
      );
    expect(readJsonBody({ ...event('{}'), headers: { ...type, 'content-encoding': 'Identity' } })).toEqual({});
    const multiValueHeaders = { 'content-type': ['text/plain', 'application/json'] };
    expect(() => readJsonBody({ ...event('{}'), multiValueHeaders })).toThrow(unsupported);
  });

  it('takes a body of the limit and none above, counted in bytes', () => {
    expect(readJsonBody(event(bodyOf(maxBodyBytes)))).toHaveLength(maxBodyBytes - 2);
    const tooLarge = expect.objectContaining({ code: 'too_large' });
    expect(() => readJsonBody(event(bodyOf(maxBodyBytes + 1)))).toThrow(tooLarge);
    expect(() => readJsonBody(event(JSON.stringify('é'.repeat(maxBodyBytes / 2))))).toThrow(tooLarge);
    const encoded = { ...event(Buffer.from(bodyOf(maxBodyBytes + 1)).toString('base64')), isBase64Encoded: true };
    expect(() => readJsonBody(encoded)).toThrow(tooLarge);
  });

  it('does not repair bytes that are not UTF-8', () => {
    const encoded = { ...event(Buffer.from([0x22, 0xc3, 0x28, 0x22]).toString('base64')), isBase64Encoded: true };
    expect(() => readJsonBody(encoded)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });
});
