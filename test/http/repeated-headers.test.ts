import { describe, expect, it } from '@jest/globals';
import { middlewares } from '../../lib/http/chain.ts';
import { gatheredHeaders, isRepeated } from '../../lib/http/repeated-headers.ts';
import { recorder } from '../observability/recorder.ts';

/** The headers as the chain hands them on. */
function gathered(multiValueHeaders: Record<string, string[]>): Record<string, string[]> {
  const event = { multiValueHeaders };
  // Nothing else of the request is looked at.
  gatheredHeaders().before?.({ event } as never);
  return event.multiValueHeaders;
}

describe('gatheredHeaders', () => {
  it('puts all spellings of a name under one, in their order', () => {
    const headers = gathered({ Authorization: ['one'], AUTHORIZATION: ['two'], 'X-Api-Key': ['three'] });
    expect({ ...headers }).toEqual({ authorization: ['one', 'two'], 'x-api-key': ['three'] });
    expect(isRepeated({ multiValueHeaders: headers }, 'authorization')).toBe(true);
    expect(isRepeated({ multiValueHeaders: headers }, 'x-api-key')).toBe(false);
  });

  it('takes a header named __proto__ for a header', () => {
    const sent = JSON.parse('{"__proto__":["one"],"constructor":["two"]}');
    const headers = gathered(sent);
    expect(Object.keys(headers)).toEqual(['__proto__', 'constructor']);
    expect(isRepeated({ multiValueHeaders: headers }, 'tostring')).toBe(false);
  });

  it('stands in every chain', () => {
    const { instruments } = recorder();
    const names = middlewares({ instruments }).map(({ before }) => String(before));
    expect(names).toContain(String(gatheredHeaders().before));
  });
});
