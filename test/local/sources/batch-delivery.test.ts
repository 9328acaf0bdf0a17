import { describe, expect, it } from '@jest/globals';
import { type BatchReceiver, deliverBatch } from '../../../infra/local/sources/batch-delivery.ts';
import { readOutcome } from '../../../infra/local/sources/batch-outcome.ts';

interface Course {
  /** The items of each attempt. */
  readonly attempts: string[];
  /** Up to where all was done, each time that was said. */
  readonly done: string[];
  readonly discarded: string[];
  readonly finished: boolean;
}

type Settings = Partial<Pick<BatchReceiver<string>, 'bisects' | 'maximumRetries' | 'pause'>>;

/** Delivers one batch of the letters to a function that fails as told. */
async function deliver(
  letters: string,
  attempt: (items: readonly string[], count: number) => 'succeeded' | 'failed' | 'not-started' | string[],
  settings: Settings = {},
): Promise<Course> {
  const attempts: string[] = [];
  const done: string[] = [];
  const discarded: string[] = [];
  const finished = await deliverBatch([...letters], {
    bisects: false,
    maximumRetries: 2,
    idOf: (item) => item,
    async attempt(items) {
      attempts.push(items.join(''));
      const outcome = attempt(items, attempts.length);
      return Array.isArray(outcome) ? { failedIds: new Set(outcome) } : outcome;
    },
    done: (last) => done.push(last),
    discard: (items, count) => discarded.push(`${items.join('')}×${count}`),
    pause: async () => true,
    ...settings,
  });
  return { attempts, done, discarded, finished };
}

const poison = (letter: string) => (items: readonly string[]) =>
  items.includes(letter) ? ('failed' as const) : ('succeeded' as const);

describe('deliverBatch', () => {
  it('calls once where all goes well', async () => {
    expect(await deliver('abc', () => 'succeeded')).toEqual({
      attempts: ['abc'],
      done: ['c'],
      discarded: [],
      finished: true,
    });
  });

  it('tries a batch again as a whole, and gives it up after its retries', async () => {
    expect(await deliver('abc', poison('b'))).toEqual({
      attempts: ['abc', 'abc', 'abc'],
      done: ['c'],
      discarded: ['abc×3'],
      finished: true,
    });
  });

  it('halves a batch until the record is alone that it fails by, and retries only that', async () => {
    expect(await deliver('abcdefgh', poison('c'), { bisects: true })).toEqual({
      attempts: ['abcdefgh', 'abcd', 'ab', 'cd', 'c', 'c', 'c', 'd', 'efgh'],
      done: ['b', 'c', 'd', 'h'],
      discarded: ['c×3'],
      finished: true,
    });
  });

  it('does not call again with what came before the first failure that is named', async () => {
    expect(await deliver('abcd', (_, count) => (count === 1 ? ['d', 'c'] : 'succeeded'))).toEqual({
      attempts: ['abcd', 'cd'],
      done: ['b', 'd'],
      discarded: [],
      finished: true,
    });
  });

  it('isolates what is named again and again, and loses nothing else', async () => {
    const course = await deliver('abcdef', (items) => (items.includes('d') ? ['d'] : 'succeeded'), { bisects: true });
    expect(course.discarded).toEqual(['d×3']);
    expect(course.done).toEqual(['c', 'd', 'e', 'f']);
    expect(course.attempts).toEqual(['abcdef', 'def', 'de', 'd', 'd', 'd', 'e', 'f']);
  });

  it('goes on for ever where no number of retries is given', async () => {
    const course = await deliver('a', (_, count) => (count < 50 ? 'failed' : 'succeeded'), {
      maximumRetries: Number.POSITIVE_INFINITY,
    });
    expect(course).toMatchObject({ discarded: [], done: ['a'] });
    expect(course.attempts).toHaveLength(50);
  });

  it('gives up at once where there are no retries', async () => {
    expect(await deliver('ab', poison('a'), { maximumRetries: 0 })).toMatchObject({
      attempts: ['ab'],
      discarded: ['ab×1'],
    });
  });

  it('does not count a call for which there was no room', async () => {
    const course = await deliver('ab', (_, count) => (count <= 10 ? 'not-started' : 'succeeded'));
    expect(course).toMatchObject({ discarded: [], done: ['b'] });
    expect(course.attempts).toHaveLength(11);
  });

  it('leaves what is not done when it is broken off', async () => {
    const course = await deliver('abcd', () => ['c'], { pause: async () => false });
    expect(course).toEqual({ attempts: ['abcd'], done: ['b'], discarded: [], finished: false });
  });

  it('waits longer the more often the same has failed', async () => {
    const pauses: number[] = [];
    await deliver('abc', (_, count) => (count === 4 ? ['c'] : count < 4 ? 'failed' : 'succeeded'), {
      maximumRetries: 9,
      pause: async (failures) => {
        pauses.push(failures);
        return true;
      },
    });
    expect(pauses).toEqual([1, 2, 3, 1]);
  });
});

describe('readOutcome', () => {
  const ids = new Set(['1', '2']);
  const failures = (...list: unknown[]) => ({ batchItemFailures: list });

  it.each([[null], [undefined], [{}], [{ batchItemFailures: null }], [failures()]])('%j is success', (answer) => {
    expect(readOutcome(answer, ids)).toBe('succeeded');
  });

  it.each([
    ['fine'],
    [{ batchItemFailures: 'all' }],
    [failures({ itemIdentifier: '' })],
    [failures({ itemIdentifier: null })],
    [failures({ itemIdentifer: '1' })],
    [failures({ itemIdentifier: '3' })],
    [failures({ itemIdentifier: '1' }, { itemIdentifier: '3' })],
    [failures(null)],
  ])('%j fails the batch', (answer) => {
    expect(readOutcome(answer, ids)).toBe('failed');
  });

  it('names what has failed', () => {
    expect(readOutcome(failures({ itemIdentifier: '2' }), ids)).toEqual({ failedIds: new Set(['2']) });
  });
});
