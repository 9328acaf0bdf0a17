import { describe, expect, it } from '@jest/globals';
import { givenKey, newApiKey } from '../../infra/api-key.ts';

describe('the key that is given for a stage', () => {
  it('is taken as it is where it is one of that stage', () => {
    const key = newApiKey('prod');
    expect(givenKey(key, 'prod')).toBe(key);
  });

  it.each([
    ['of another stage', newApiKey('dev')],
    ['that can be guessed', 'changeme'],
    ['with more behind it', `${newApiKey('prod')}\n`],
  ])('is refused without being told: one %s', (_, key) => {
    expect(() => givenKey(key, 'prod')).toThrow(/^FLORIN_STAGE_KEY does not hold a key for the stage prod/);
    expect(() => givenKey(key, 'prod')).not.toThrow(key.trim());
  });
});
