import { afterEach, expect, it, jest } from '@jest/globals';
import { withinOne } from './one-window.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

it.each([
  ['hour', '2026-11-30T10:59:59.950Z', 50],
  ['hour', '2026-11-30T10:00:00.000Z', 0],
  ['day', '2026-12-31T23:59:59.900Z', 100],
  ['day', '2028-02-29T22:59:59.990Z', 0],
] as const)('waits for the next %s at %s for %i ms', async (window, time, ms) => {
  const started = performance.now();
  jest.spyOn(Date, 'now').mockReturnValue(Date.parse(time));
  await withinOne(window, 10_000);
  // Timers may go off a millisecond before their time.
  expect(performance.now() - started).toBeGreaterThanOrEqual(Math.max(0, ms - 2));
});

it('waits for none that is far enough away', async () => {
  jest.spyOn(Date, 'now').mockReturnValue(Date.parse('2026-11-30T10:00:00.001Z'));
  let isOver = false;
  await Promise.race([
    withinOne('hour', 3_000_000).then(() => {
      isOver = true;
    }),
    new Promise((resolve) => setImmediate(resolve)),
  ]);
  expect(isOver).toBe(true);
});
