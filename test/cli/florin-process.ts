import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { keepCommandLog } from '../support/collected-logs.ts';

const script = fileURLToPath(new URL('../../cli/florin.js', import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command line that runs. */
export interface RunningCommand {
  readonly process: ChildProcess;
  readonly ended: Promise<CommandResult>;
}

export type Environment = Readonly<Record<string, string>>;

/**
 * Starts `florin` in a process of its own, in a folder and with an environment in which nothing of this machine's can be
 * found: only the variables that are given are set.
 */
export function startFlorin(args: readonly string[], environment: Environment, folder = tmpdir()): RunningCommand {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [script, ...args], {
    cwd: folder,
    env: { PATH, HOME: '/nonexistent', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  const ended = once(child, 'close').then(([code]) => {
    keepCommandLog(output.stderr);
    return { code, ...output };
  });
  return { process: child, ended };
}

/** Runs a command line to its end. */
export function florin(args: readonly string[], environment: Environment, folder?: string): Promise<CommandResult> {
  return startFlorin(args, environment, folder).ended;
}

/** The cells of a table, row by row, without its headings; columns are two spaces or more apart. */
export function rowsOf(table: string): string[][] {
  const lines = table.trimEnd().split('\n').slice(1);
  return lines.map((line) => line.trim().split(/ {2,}/));
}

/** The objects of an answer that is JSON, one a line. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape.
export function jsonLines(text: string): any[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** The idempotency key that a command has said before it sent anything. */
export function saidKey(stderr: string): string {
  const key = /^Idempotency-Key: (.+)$/m.exec(stderr)?.[1];
  if (key === undefined) throw new Error(`no key was said: ${stderr}`);
  return key;
}
