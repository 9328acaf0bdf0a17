import { jest } from '@jest/globals';

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
