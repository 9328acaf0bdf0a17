import { describe, expect, it } from '@jest/globals';
import { AccountTurns } from '../../lib/dynamodb/commit/account-turns.ts';

const never = () => new Promise<void>(() => {});

/** Work that ends when it is told to, and what has been begun, in order. */
function workshop() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => async () => {
    begun.push(name);
    await new Promise<void>((resolve) => ends.set(name, resolve));
    return name;
  };
  return { begun, work, end: (name: string) => ends.get(name)?.() };
}

const soon = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('AccountTurns', () => {
  it('lets those wait who share an account, in the order they came, and no others', async () => {
    const { begun, work, end } = workshop();
    const turns = new AccountTurns();
    const first = turns.take(['alice', 'bob'], 1_000, never, work('first'));
    const second = turns.take(['bob', 'carol'], 1_000, never, work('second'));
    const third = turns.take(['carol'], 1_000, never, work('third'));
    const other = turns.take(['dora'], 1_000, never, work('other'));
    await soon();
    expect(begun).toEqual(['first', 'other']);
    end('first');
    expect(await first).toBe('first');
    await soon();
    expect(begun).toEqual(['first', 'other', 'second']);
    end('second');
    await second;
    await soon();
    expect(begun.at(-1)).toBe('third');
    end('third');
    end('other');
    expect(await Promise.all([third, other])).toEqual(['third', 'other']);
  });

  it('waits no longer than it says', async () => {
    const { begun, work } = workshop();
    const turns = new AccountTurns();
    void turns.take(['alice'], 1_000, never, work('stuck'));
    const waited: number[] = [];
    const wait = async (milliseconds: number) => void waited.push(milliseconds);
    void turns.take(['alice'], 250, wait, work('goes on'));
    await soon();
    expect(begun).toEqual(['stuck', 'goes on']);
    expect(waited).toEqual([250]);
  });

  it('goes on after work that failed', async () => {
    const turns = new AccountTurns();
    const failing = turns.take(['alice'], 1_000, never, () => Promise.reject(new Error('no')));
    const next = turns.take(['alice'], 1_000, never, async () => 'next');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('next');
  });
});
