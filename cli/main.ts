import { CommanderError } from 'commander';
import { ApiProblem } from './api/problem.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { Failure } from './failure.ts';
import { createProgram } from './program.ts';

/** Runs a command line, without the names of program and script, to its exit code. It never throws. */
export async function main(args: readonly string[]): Promise<ExitCode> {
  endWithReader();
  const program = createProgram();
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    // Commander has written its message already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (!(error instanceof Failure)) {
      console.error('florin has met a bug of its own:', error);
      return exitCodes.unexpected;
    }
    const isJson = program.opts<{ json?: true }>().json === true;
    console.error(isJson && error instanceof ApiProblem ? JSON.stringify(error.raw) : describe(error));
    return error.exitCode;
  }
}

function describe(error: Failure): string {
  const replayed =
    error instanceof ApiProblem && error.isReplay ? '\nThis was answered before; it is the answer given then.' : '';
  return error.message + replayed;
}

/** Whoever reads our output may stop reading, as `head` does: then there is nothing left to do, and nothing is wrong. */
function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(exitCodes.ok);
  });
}
