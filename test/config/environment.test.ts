import { describe, expect, it } from '@jest/globals';
import { readEnvironment } from '../../lib/config/environment.ts';

describe('readEnvironment', () => {
  it.each(['open', 'closed'])('takes %s for what unreadable flags count as', (value) => {
    expect(readEnvironment(['FLAGS_WHEN_UNREADABLE'], { FLAGS_WHEN_UNREADABLE: value })).toEqual({
      FLAGS_WHEN_UNREADABLE: value,
    });
  });

  it.each(['', 'Closed', 'true', 'opened'])('takes nothing else for it: %j', (value) => {
    expect(() => readEnvironment(['FLAGS_WHEN_UNREADABLE'], { FLAGS_WHEN_UNREADABLE: value })).toThrow(
      'The environment is incomplete: FLAGS_WHEN_UNREADABLE is malformed',
    );
  });

  it('assumes nothing where variables are missing, and names each', () => {
    expect(() => readEnvironment(['FLAGS_PARAMETER', 'FLAGS_WHEN_UNREADABLE'], {})).toThrow(
      'The environment is incomplete: FLAGS_PARAMETER is missing, FLAGS_WHEN_UNREADABLE is missing',
    );
  });

  it('reads no variable that was not asked for', () => {
    const environment = { FLAGS_PARAMETER: '/florin/test/flags', FLAGS_WHEN_UNREADABLE: 'nonsense' };
    expect(readEnvironment(['FLAGS_PARAMETER'], environment)).toEqual({ FLAGS_PARAMETER: '/florin/test/flags' });
  });
});
