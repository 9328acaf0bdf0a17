import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { cached } from './synthesis-cache.ts';

const waitMs = 10_000;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('cached', () => {
  it('has a result made once, however many ask at the same time and after', async () => {
    const order = randomUUID();
    let made = 0;
    const ask = () =>
      cached(order, waitMs, async () => {
        await pause(100);
        return { made: ++made };
      });
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(Array(3).fill({ made: 1 }));
    expect(await ask()).toEqual({ made: 1 });
  });

  it('tells orders apart, in what the context and the environment say too', async () => {
    const run = randomUUID();
    const orders = [
      { context: { stage: 'a' } },
      { context: { stage: 'b' } },
      { context: { stage: 'a' }, isFaulty: true },
    ];
    const answers = orders.map((order, index) => cached([run, order], waitMs, async () => index));
    expect(await Promise.all(answers)).toEqual([0, 1, 2]);
  });

  it('keeps nothing of what failed', async () => {
    const order = randomUUID();
    await expect(cached(order, waitMs, () => Promise.reject(new Error('a rule is violated')))).rejects.toThrow(
      'a rule',
    );
    expect(await cached(order, waitMs, async () => 'made')).toBe('made');
  });

  it('waits no longer than it says for another process', async () => {
    const order = randomUUID();
    const slow = cached(order, waitMs, async () => {
      await pause(1_000);
      return 'made';
    });
    await expect(cached(order, 100, async () => 'never')).rejects.toThrow('for 100 ms');
    expect(await slow).toBe('made');
  });
});
