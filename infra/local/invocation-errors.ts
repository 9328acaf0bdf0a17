/** Why an invocation has no result. */
export type InvocationFailure =
  /** The handler threw. */
  | 'handler-error'
  /** The function's bundle could not be loaded. */
  | 'not-loaded'
  /** The function's own time-out has passed. */
  | 'timed-out'
  /** The thread ended under the invocation. */
  | 'crashed'
  /** Too many invocations wait already. */
  | 'throttled'
  /** No isolate came free in time, so nothing was run. */
  | 'not-started';

/** An invocation without a result. */
export class InvocationError extends Error {
  override readonly name = 'InvocationError';
  readonly failure: InvocationFailure;

  constructor(failure: InvocationFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}
