import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isWanted } from '../../lib/webhooks/event-filter.ts';
import { maxTries, pauseAfter, wantedPauseMs } from '../../lib/webhooks/retry-schedule.ts';
import { check } from '../support/property.ts';

const hours = (count: number) => count * 3_600_000;

describe('pauseAfter', () => {
  it('follows the schedule of the specification', () => {
    const pauses = Array.from({ length: maxTries }, (_, index) => pauseAfter(index + 1, 0));
    expect(pauses).toEqual([
      5_000,
      300_000,
      1_800_000,
      hours(2),
      hours(5),
      hours(10),
      hours(14),
      hours(20),
      hours(24),
      undefined,
    ]);
  });

  it('is never shorter than scheduled or asked for, and at most a tenth longer than the longer of the two', () => {
    check(
      fc.property(
        fc.integer({ min: 1, max: maxTries - 1 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 0, max: hours(24) }),
        (tries, random, wanted) => {
          const least = Math.max(pauseAfter(tries, 0) as number, wanted);
          const pause = pauseAfter(tries, random, wanted) as number;
          expect(pause).toBeGreaterThanOrEqual(least);
          expect(pause).toBeLessThanOrEqual(Math.round(least * 1.1));
        },
      ),
    );
  });

  it('waits no longer than a day because a receiver asks for it', () => {
    expect(pauseAfter(1, 0, hours(999))).toBe(hours(24));
  });

  it('ends after the last attempt whatever the receiver asks for', () => {
    expect(pauseAfter(maxTries, 0, 1_000)).toBeUndefined();
  });
});

describe('wantedPauseMs', () => {
  const now = Date.parse('2026-11-21T10:00:00Z');
  it.each([
    ['120', 120_000],
    [' 120 ', 120_000],
    ['Sat, 21 Nov 2026 10:01:00 GMT', 60_000],
    ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
    ['soon', 0],
    ['-5', 0],
    ['', 0],
    [undefined, 0],
  ])('reads %p as %p ms', (text, expected) => {
    expect(wantedPauseMs(text, now)).toBe(expected);
  });
});

describe('isWanted', () => {
  it.each([
    [[], 'transaction.posted', true],
    [['transaction.posted'], 'transaction.posted', true],
    [['transaction.posted'], 'transaction.rejected', false],
    [['transaction.*'], 'transaction.rejected', true],
    [['transaction.*'], 'transactions.rejected', false],
    [['hold.*', 'account.created'], 'account.created', true],
    [['hold.*', 'account.created'], 'account.updated', false],
  ])('with %p says of %s: %p', (filters, type, expected) => {
    expect(isWanted(filters, type)).toBe(expected);
  });
});
