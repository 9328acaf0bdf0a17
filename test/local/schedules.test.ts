import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { InvocationError } from '../../infra/local/invocation-errors.ts';
import { playSchedules } from '../../infra/local/schedules.ts';
import { until } from '../support/until.ts';

const schedule = (everyMs: number) => ({ logicalId: 'Often', arn: 'arn:rule', functionName: 'f', everyMs });

/** A function that notes what it is called with. */
function callee(answer: () => Promise<unknown> = async () => undefined) {
  const events: unknown[] = [];
  return {
    events,
    functions: new Map([
      [
        'f',
        {
          invoke: (event: unknown) => {
            events.push(event);
            return answer();
          },
        },
      ],
    ]),
  };
}

let stop = () => {};
afterEach(() => stop());

describe('playSchedules', () => {
  it('calls a function each time, with the event that a rule sends', async () => {
    const { events, functions } = callee();
    stop = playSchedules([schedule(20)], functions);
    expect(events).toEqual([]);
    await until('it was called so often', () => events.length >= 2);
    expect(events.slice(0, 2)).toEqual(
      Array.from({ length: 2 }, () =>
        expect.objectContaining({
          'detail-type': 'Scheduled Event',
          source: 'aws.events',
          resources: ['arn:rule'],
          time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        }),
      ),
    );
  });

  it('goes on after a call that failed', async () => {
    const { events, functions } = callee(() => Promise.reject(new InvocationError('crashed', 'gone')));
    stop = playSchedules([schedule(10)], functions);
    await until('it was called so often', () => events.length >= 3);
    expect(events.length).toBeGreaterThanOrEqual(3);
  });

  it('calls no more once it is stopped', async () => {
    const { events, functions } = callee();
    playSchedules([schedule(10)], functions)();
    await sleep(50);
    expect(events).toEqual([]);
  });
});
