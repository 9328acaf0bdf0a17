import { type ExitCode, exitCodes } from './exit-codes.ts';

/** An expected end of a command: a message for people and an exit code for scripts. Anything else that is thrown is a bug. */
export class Failure extends Error {
  override readonly name: string = 'Failure';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The command line or the settings are wrong. */
export function usageFailure(message: string): Failure {
  return new Failure(exitCodes.usage, message);
}
