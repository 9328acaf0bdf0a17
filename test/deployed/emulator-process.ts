import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { endGroup, endGroupAtExit } from './process-group.ts';

export interface RunningEmulator {
  /** Where all its services answer. */
  readonly endpoint: string;
  /** Ends it and what it started, and resolves when it is gone. */
  stop(): Promise<void>;
}

export interface EmulatorCommand {
  readonly command: string;
  readonly words: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  readonly endpoint: string;
  /** Answers 200 when it is ready. */
  readonly healthPath: string;
  readonly logFile: string;
}

const startTimeoutMs = 300_000;
const pollMs = 100;

/**
 * Starts an emulator as the leader of a process group, so that the functions it runs can be ended with it.
 * @throws Error when it ends or is not ready in time; its log says why.
 */
export async function startEmulator(emulator: EmulatorCommand): Promise<RunningEmulator> {
  const { command, words, environment, endpoint, healthPath, logFile } = emulator;
  const log = createWriteStream(logFile);
  const child = spawn(command, words, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const { pid } = child;
  if (pid === undefined) {
    const [error] = await once(child, 'error');
    throw error;
  }
  endGroupAtExit(pid);
  const stop = () => endGroup(pid);
  try {
    await Promise.race([untilHealthy(endpoint + healthPath), untilEnded(child, logFile)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, stop };
}

async function untilHealthy(url: string): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(10_000) });
      if (ok) return;
      last = `status ${status}`;
    } catch (error) {
      last = error;
    }
    await sleep(pollMs);
  }
  throw new Error(`${url} was not ready in ${startTimeoutMs / 1_000} s`, { cause: last });
}

async function untilEnded(child: ChildProcess, logFile: string): Promise<never> {
  const [code, signal] = await once(child, 'exit');
  throw new Error(`The emulator ended (${signal ?? code}); its log is ${logFile}`);
}
