import { jest } from '@jest/globals';

/** What of a machine goes on while timers are held. */
const goingOn = [
  ...(['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask'] as const),
  ...(['setImmediate', 'clearImmediate', 'setInterval', 'clearInterval'] as const),
];

/** Timers that go off when a test says so, and never because the machine was busy. */
export interface HeldTimers {
  /** Lets the time of timers go on by so many milliseconds. */
  advance(milliseconds: number): void;
  /** From now on timers go off by themselves again; those that were held are forgotten. */
  release(): void;
}

/** Holds all timers that the code of this test file sets by `setTimeout`, the time-outs of the SDK among them, until they are released. */
export function holdTimers(): HeldTimers {
  jest.useFakeTimers({ doNotFake: goingOn });
  return {
    advance: (milliseconds) => {
      jest.advanceTimersByTime(milliseconds);
    },
    release: () => {
      jest.useRealTimers();
    },
  };
}

/** Time-outs made by `AbortSignal.timeout` that run out when a test says so, and never because the machine was busy. */
export interface HeldTimeouts {
  /** The times that were asked for, in milliseconds, in order. */
  readonly asked: readonly number[];
  /** The time of all that were asked for so far is up. */
  runOut(): void;
  /** From now on time-outs run out by themselves again. */
  release(): void;
}

/** Holds all time-outs that the code of this test file makes by `AbortSignal.timeout`, until they are released. */
export function holdTimeouts(): HeldTimeouts {
  const asked: number[] = [];
  const controllers: AbortController[] = [];
  const spy = jest.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const controller = new AbortController();
    asked.push(ms);
    controllers.push(controller);
    return controller.signal;
  });
  return {
    asked,
    runOut() {
      for (const controller of controllers.splice(0)) {
        controller.abort(new DOMException('The time that a test held is up', 'TimeoutError'));
      }
    },
    release: () => spy.mockRestore(),
  };
}
