import { describe, expect, it } from '@jest/globals';
import { maxOpened, OpenedSecrets, openedForMs } from '../../lib/secrets/opened-secrets.ts';

describe('OpenedSecrets', () => {
  it('forgets the one that was not asked for the longest', async () => {
    const opened = new OpenedSecrets(() => 0);
    const asked: string[] = [];
    const get = (name: string) =>
      opened.get(name, async () => {
        asked.push(name);
        return name;
      });
    for (let index = 0; index < maxOpened; index++) await get(`${index}`);
    await get('0');
    await get('one more');
    asked.length = 0;
    await get('0');
    await get('2');
    expect(asked).toEqual([]);
    await get('1');
    expect(asked).toEqual(['1']);
  });

  it('lasts no longer when the clock is turned back', async () => {
    let now = 10 * openedForMs;
    let calls = 0;
    const opened = new OpenedSecrets(() => now);
    const get = () => opened.get('a', async () => `${++calls}`);
    await get();
    now -= 1;
    expect(await get()).toBe('2');
  });
});
